import { BlockerList } from "../../acting/blocker-list";
import { useMutation } from "../../acting/use-mutation";
import { useNow } from "../../api/clock";
import { AdvancePromotionDocument } from "../../gql/graphql";
import { useHasRole } from "../../session/session";
import { Button } from "../../ui/controls/button";
import page from "../../ui/page.module.css";
import { formatDuration, formatMoment } from "../../ui/text/format";
import type { PagePromotion } from "./promotion-page";

interface WaveStateProps {
  readonly promotion: PagePromotion;
  readonly wave: PagePromotion["waves"][number];
}

/** What a wave waits for, when it starts, and the button that lets it begin if it does not begin by itself. */
export function WaveState({ promotion, wave: { number, startsAt, blockers } }: WaveStateProps) {
  const now = useNow();
  const mayAct = useHasRole("OPERATOR");
  const { run, busy, error } = useMutation(AdvancePromotionDocument, () => undefined);
  const rest = startsAt === null ? 0 : Date.parse(startsAt) - now;
  if (blockers.length === 0) return null;
  const isNext = blockers.every(({ code }) => code !== "WAVE_NOT_ENDED");
  const isManual = blockers.some(({ remedies }) => remedies.includes("ADVANCE"));
  return (
    <div className={page.inside}>
      <BlockerList blockers={blockers} />
      {startsAt !== null && rest > 0 && (
        <p className={page.muted}>
          Starts by itself {formatMoment(startsAt, now)}, in {formatDuration(rest)}.
        </p>
      )}
      {error !== null && <p role="alert">{error}</p>}
      {mayAct && isNext && isManual && (
        <div>
          <Button kind="primary" busy={busy} onClick={() => run({ input: { promotion: promotion.id, wave: number } })}>
            Begin wave {number}
          </Button>
        </div>
      )}
    </div>
  );
}
