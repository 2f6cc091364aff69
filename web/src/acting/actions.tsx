import { createContext, lazy, type ReactNode, Suspense, useContext, useMemo, useState } from "react";
import { loadPart } from "../api/load-part";
import { useHasRole } from "../session/session";
import type { PromotionSource } from "./promote-dialog";

const PromoteDialog = lazy(() => loadPart(() => import("./promote-dialog")));
const RollbackDialog = lazy(() => loadPart(() => import("./rollback-dialog")));

export interface Actions {
  promote(source: PromotionSource): void;
  /** @param release the release to select at first */
  rollback(app: { readonly id: string; readonly name: string }, release?: string): void;
}

const ActionsContext = createContext<Actions | null>(null);

/** What the viewer may do; null if the service would refuse it. */
export function useActions(): Actions | null {
  return useContext(ActionsContext);
}

type Open =
  | { readonly kind: "promote"; readonly source: PromotionSource }
  | {
      readonly kind: "rollback";
      readonly app: { readonly id: string; readonly name: string };
      readonly release?: string;
    };

interface ActionsProviderProps {
  /** Increases with every change: an open plan is asked for again. */
  readonly revision: number;
  readonly children: ReactNode;
}

/** Offers the actions to what is inside, and shows their dialogs. */
export function ActionsProvider({ revision, children }: ActionsProviderProps) {
  const mayAct = useHasRole("OPERATOR");
  const [open, setOpen] = useState<Open | null>(null);
  const actions = useMemo<Actions | null>(() => {
    if (!mayAct) return null;
    return {
      promote: (source) => setOpen({ kind: "promote", source }),
      rollback: (app, release) => setOpen({ kind: "rollback", app, ...(release !== undefined && { release }) }),
    };
  }, [mayAct]);
  const close = () => setOpen(null);
  return (
    <ActionsContext value={actions}>
      {children}
      <Suspense fallback={null}>
        {open?.kind === "promote" && <PromoteDialog source={open.source} revision={revision} onClose={close} />}
        {open?.kind === "rollback" && <RollbackDialog app={open.app} release={open.release} onClose={close} />}
      </Suspense>
    </ActionsContext>
  );
}
