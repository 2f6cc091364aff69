import type { Reader } from "../../../database/rows/reader.js";
import type { App } from "../../../entities/pipelines/app.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import type { Verification } from "../../../entities/pipelines/verification.js";
import type { Release } from "../../../entities/releases/release.js";

/* Begins the verification of a release when it has SUCCEEDED, with the settings that its app has then. */

type VerificationFields = Pick<
  Release,
  "verification" | "verificationState" | "verificationProblem" | "verifyBy" | "verifiedAt" | "verificationFailedAt"
>;

/** The fields of a release whose verification has not begun. */
export const NOT_VERIFIED: VerificationFields = {
  ...{ verification: null, verificationState: null, verificationProblem: null },
  ...{ verifyBy: null, verifiedAt: null, verificationFailedAt: null },
};

/** @param now when the release succeeded, by `transactionTime` */
export function startVerification(verification: Verification | null | undefined, now: Date): VerificationFields {
  if (verification == null) return NOT_VERIFIED;
  const verifyBy = new Date(now.getTime() + verification.within);
  return { ...NOT_VERIFIED, verification, verificationState: "VERIFYING", verifyBy };
}

/**
 * The settings of IMMEDIATE apps, whose releases succeed immediately. For other apps they are read when a release
 * succeeds.
 */
export async function findVerifications(
  reader: Reader,
  apps: readonly App[],
): Promise<ReadonlyMap<string, Verification | null>> {
  const ids = apps.filter(({ deploymentMode }) => deploymentMode === "IMMEDIATE").map(({ id }) => id);
  const couplings = ids.length === 0 ? [] : await reader.find(Coupling, { appId: ids });
  return new Map(couplings.map(({ appId, verification }) => [appId, verification]));
}
