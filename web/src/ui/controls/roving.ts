import { type FocusEvent, type KeyboardEvent, useCallback } from "react";

/** Marks the element of each item that takes the focus. */
export const ROVING = "data-roving";

/** Marks the other buttons of an item: Tab reaches those of the item that has the focus. */
export const ROVING_ACTION = "data-roving-action";

/**
 * Arrow keys, Home and End move the focus among the items of a list; Tab leaves it. So a list is one stop, however long it is.
 * Left and right move by position, where items are arranged in rows.
 */
export function useRoving() {
  const onKeyDown = useCallback((event: KeyboardEvent<HTMLElement>) => {
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>(`[${ROVING}]`)];
    const index = items.findIndex((item) => item.contains(document.activeElement));
    const target = items[findTarget(event.key, index, items.length)];
    if (target === undefined || index === -1 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    target.focus();
  }, []);

  // The item that had the focus last is the stop.
  const onFocus = useCallback((event: FocusEvent<HTMLElement>) => {
    const focused = event.target.closest<HTMLElement>(`[${ROVING}]`);
    if (focused === null) return;
    const item = focused.closest("li");
    for (const action of event.currentTarget.querySelectorAll<HTMLElement>(`[${ROVING_ACTION}]`)) {
      action.tabIndex = item?.contains(action) ? 0 : -1;
    }
    for (const item of event.currentTarget.querySelectorAll<HTMLElement>(`[${ROVING}]`)) {
      item.tabIndex = item === focused ? 0 : -1;
    }
  }, []);

  return { onKeyDown, onFocus };
}

function findTarget(key: string, index: number, length: number): number {
  if (key === "ArrowDown" || key === "ArrowRight") return Math.min(index + 1, length - 1);
  if (key === "ArrowUp" || key === "ArrowLeft") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  return -1;
}
