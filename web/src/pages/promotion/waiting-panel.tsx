import { BlockerList } from "../../acting/blocker-list";
import { useNow } from "../../api/clock";
import page from "../../ui/page.module.css";
import { formatDuration, formatMoment } from "../../ui/text/format";
import type { PagePromotion } from "./promotion-page";

/** Why a promotion waits, what clears each reason and when, and until when it waits at most. */
export function WaitingPanel({ promotion: { blockers, clearsAt, expiresAt } }: { readonly promotion: PagePromotion }) {
  const now = useNow();
  const until = expiresAt === null ? 0 : Date.parse(expiresAt) - now;
  return (
    <section className={page.panel} aria-labelledby="waiting">
      <h2 id="waiting">Waits for</h2>
      <div className={page.inside}>
        {blockers.length === 0 ? <p>Nothing any more. It starts now.</p> : <BlockerList blockers={blockers} />}
        <p className={page.muted}>
          {clearsAt !== null && Date.parse(clearsAt) > now
            ? `Starts by itself ${formatMoment(clearsAt, now)}, in ${formatDuration(Date.parse(clearsAt) - now)}. `
            : "Starts by itself as soon as nothing holds it back. "}
          {expiresAt !== null && until > 0 && `Expires ${formatMoment(expiresAt, now)}, in ${formatDuration(until)}.`}
        </p>
      </div>
    </section>
  );
}
