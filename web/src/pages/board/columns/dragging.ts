import { type DragEvent, useMemo, useState, useSyncExternalStore } from "react";
import { useActions } from "../../../acting/actions";
import type { Stage } from "../../../gql/graphql";
import { NEXT_STAGE } from "../../../ui/text/format";
import type { BoardApp } from "../model";

interface Dragged {
  readonly app: string;
  readonly pipeline: string;
  readonly stage: Stage;
}

// While something is dragged over a column, the browser does not reveal what it is.
let dragged: Dragged | null = null;
const listeners = new Set<() => void>();

function setDragged(next: Dragged | null): void {
  dragged = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Makes an app draggable, if it has something to promote and the viewer may do it. */
export function useDraggable(app: BoardApp, pipeline: string, stage: Stage) {
  const actions = useActions();
  if (actions === null || app.currentRelease === null || NEXT_STAGE[stage] === null) return {};
  return {
    draggable: true,
    onDragStart: ({ dataTransfer }: DragEvent) => {
      dataTransfer.setData("text/plain", app.name);
      dataTransfer.effectAllowed = "copy";
      setDragged({ app: app.id, pipeline, stage });
    },
    onDragEnd: () => setDragged(null),
  };
}

/** Lets a column take apps of the stage before it: the dialog of their promotion opens. */
export function useDropTarget(pipeline: string, before: Stage | null) {
  const actions = useActions();
  const current = useSyncExternalStore(subscribe, () => dragged);
  const [over, setOver] = useState(false);
  const fits = current !== null && current.pipeline === pipeline && current.stage === before;

  const handlers = useMemo(() => {
    if (!fits || actions === null || current === null) return {};
    return {
      onDragOver: (event: DragEvent<HTMLElement>) => {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        setOver(true);
      },
      onDragLeave: (event: DragEvent<HTMLElement>) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      },
      onDrop: (event: DragEvent<HTMLElement>) => {
        event.preventDefault();
        setOver(false);
        setDragged(null);
        actions.promote({ app: current.app });
      },
    };
  }, [fits, actions, current]);

  const state = !fits ? null : over ? "over" : "possible";
  return { handlers, state };
}
