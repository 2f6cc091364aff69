import sql from "sql-template-tag";
import { Release } from "../../../entities/releases/release.js";
import { ReleaseStatus } from "../../../entities/releases/release-status.js";
import { append } from "../../../events/append.js";
import type { Ctx } from "../../core/context.js";
import { lockApps } from "../../core/locks.js";
import { formatDuration } from "../../core/values/duration.js";
import { transactionTime } from "../../core/values/time.js";
import { failVerification } from "./outcome.js";

/** Fails overdue verifications. Each in a separate transaction, which checks again. */
export async function failOverdueVerifications(ctx: Ctx): Promise<void> {
  const now = await transactionTime(ctx.db.reader, ctx);
  const due = await ctx.db.reader.select(
    "overdue_verifications",
    Release,
    sql`WHERE e.verify_by IS NOT NULL AND e.verify_by <= ${now.getTime()} ORDER BY e.verify_by, e.position`,
  );
  for (const { id, appId } of due) {
    await ctx.db.write(async (tx) => {
      await lockApps(tx, [appId]);
      const release = await tx.first(Release, { id });
      const { verification, verifyBy } = release ?? { verification: null, verifyBy: null };
      if (release === null || verification === null || verifyBy === null) return;
      if (verifyBy > (await transactionTime(tx, ctx))) return;
      const statuses = await tx.find(ReleaseStatus, { releaseId: id, context: [...verification.checks] });
      const missing = verification.checks.filter(
        (context) => !statuses.some((one) => one.context === context && one.state === "SUCCESS"),
      );
      const problem = `Not SUCCESS on v${release.version} within ${formatDuration(verification.within)}: ${missing.join(", ")}.`;
      await append(tx, ctx.viewer, ctx.now(), await failVerification(tx, ctx, release, { problem }));
    });
  }
}
