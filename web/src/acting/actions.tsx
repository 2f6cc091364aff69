import { createContext, lazy, type ReactNode, Suspense, useContext, useMemo, useState } from "react";
import { loadPart } from "../api/load-part";
import type { Stage } from "../gql/graphql";
import { useHasRole } from "../session/session";
import type { PromotionSource } from "./promote-dialog";
import type { QuarantinedBuild } from "./quarantine-dialog";

const PromoteDialog = lazy(() => loadPart(() => import("./promote-dialog")));
const RollbackDialog = lazy(() => loadPart(() => import("./rollback-dialog")));
const QuarantineDialog = lazy(() => loadPart(() => import("./quarantine-dialog")));
const EndQuarantineDialog = lazy(() => loadPart(() => import("./end-quarantine-dialog")));

export interface Actions {
  promote(source: PromotionSource): void;
  /** @param release the release to select at first */
  rollback(app: { readonly id: string; readonly name: string }, release?: string): void;
  /** @param fromStage the stage to select at first */
  quarantine(build: QuarantinedBuild, fromStage: Stage): void;
  /** Null if the viewer may not. */
  readonly endQuarantine: ((build: QuarantinedBuild) => void) | null;
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
    }
  | { readonly kind: "quarantine"; readonly build: QuarantinedBuild; readonly fromStage: Stage }
  | { readonly kind: "end-quarantine"; readonly build: QuarantinedBuild };

interface ActionsProviderProps {
  /** Increases with every change: an open plan is asked for again. */
  readonly revision: number;
  readonly children: ReactNode;
}

/** Offers the actions to what is inside, and shows their dialogs. */
export function ActionsProvider({ revision, children }: ActionsProviderProps) {
  const mayAct = useHasRole("OPERATOR");
  const isAdmin = useHasRole("ADMIN");
  const [open, setOpen] = useState<Open | null>(null);
  const actions = useMemo<Actions | null>(() => {
    if (!mayAct) return null;
    return {
      promote: (source) => setOpen({ kind: "promote", source }),
      rollback: (app, release) => setOpen({ kind: "rollback", app, ...(release !== undefined && { release }) }),
      quarantine: (build, fromStage) => setOpen({ kind: "quarantine", build, fromStage }),
      endQuarantine: isAdmin ? (build) => setOpen({ kind: "end-quarantine", build }) : null,
    };
  }, [mayAct, isAdmin]);
  const close = () => setOpen(null);
  return (
    <ActionsContext value={actions}>
      {children}
      <Suspense fallback={null}>
        {open?.kind === "promote" && <PromoteDialog source={open.source} revision={revision} onClose={close} />}
        {open?.kind === "rollback" && <RollbackDialog app={open.app} release={open.release} onClose={close} />}
        {open?.kind === "quarantine" && (
          <QuarantineDialog build={open.build} fromStage={open.fromStage} onClose={close} />
        )}
        {open?.kind === "end-quarantine" && <EndQuarantineDialog build={open.build} onClose={close} />}
      </Suspense>
    </ActionsContext>
  );
}
