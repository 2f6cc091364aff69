import type { z } from "zod";
import type { Tx } from "../../../database/rows/tx.js";
import {
  applyCommitStatus,
  applyPullRequest,
  type Effects,
  type PullRequestChange,
} from "../../../domain/builds/code-host.js";
import type { CommitReport } from "../../../domain/builds/commit-statuses.js";
import type { TxCtx } from "../../../domain/core/context.js";
import { LIMITS } from "../../../domain/core/input.js";
import { badInput } from "../../../domain/core/refusal.js";
import { normalizeText, normalizeUrl } from "../../../domain/core/values/normalize.js";
import { parseRepository } from "../../../domain/core/values/repository-address.js";
import type { DeliverySubject } from "./delivery-order.js";
import { CHECK_RUN, CHECK_SUITE, PULL_REQUEST, STATUS } from "./payloads.js";
import { fromCheckRun, fromCheckSuite, fromStatus } from "./statuses.js";

/** A webhook delivery with a valid signature. */
export interface Delivery {
  /** X-GitHub-Delivery: the same value when GitHub redelivers. */
  readonly id: string;
  /** X-GitHub-Event. */
  readonly event: string;
  readonly payload: unknown;
}

/** The change that a delivery makes. It is made in the transaction that also records the delivery. */
export interface Effect {
  /** The pull request. Deliveries on it are ordered by GitHub's time: GitHub does not deliver them in order. */
  readonly pullRequest?: Omit<DeliverySubject, "name"> & { readonly number: number; readonly opens: boolean };
  /** The part of the payload that is needed to apply it later. */
  readonly payload: object;
  /**
   * @param repository its current name, which may differ from that in the payload
   */
  apply(tx: Tx, ctx: TxCtx, repository: string, before: Before): Promise<Applied>;
}

/** What was processed before a delivery. */
export interface Before {
  /** Whether a later change of the pull request was processed. */
  readonly late: boolean;
  /** The ids of the pipelines that the delivery itself was applied to. */
  readonly applied: ReadonlySet<string>;
}

/** The applied changes; for a pull request also the ids of the pipelines that were changed. */
export type Applied = Effects & { readonly appliedTo?: readonly string[] };

/** A delivery that needs no change, and why. */
export interface NoEffect {
  readonly reason: string;
}

export interface EffectOptions {
  /** Whether pull requests from forks get review apps. */
  readonly forks: boolean;
  readonly now: Date;
}

/**
 * Maps a delivery to its effect.
 *
 * @throws Refusal BAD_USER_INPUT if the payload does not match the event's schema
 */
export function effectFor({ event, payload }: Delivery, { forks, now }: EffectOptions): Effect | NoEffect {
  switch (event) {
    case "pull_request":
      return pullRequestEffect(parse(PULL_REQUEST, payload), forks);
    case "status":
      return commitEffect(parse(STATUS, payload), fromStatus, now);
    case "check_run":
      return commitEffect(parse(CHECK_RUN, payload), fromCheckRun, now);
    case "check_suite":
      return commitEffect(parse(CHECK_SUITE, payload), fromCheckSuite, now);
    default:
      return { reason: `The event ${event} needs no change.` };
  }
}

function pullRequestEffect(payload: z.output<typeof PULL_REQUEST>, forks: boolean): Effect | NoEffect {
  const { action, number, repository, pull_request: pull } = payload;
  parseRepository("repository", repository.html_url);
  const change = pullRequestChange(action, pull.state);
  const isFork = pull.head.repo?.id !== pull.base.repo.id;
  // Closing always applies: forks may have been allowed when the pull request was opened.
  if (isFork && !forks && change !== "CLOSED") {
    return { reason: "The pull request is from a fork; GITHUB_FORKS=allow creates review apps for forks." };
  }
  const pullRequest = {
    number,
    branch: isFork ? forkBranch(pull) : pull.head.ref,
    title: normalizeText(pull.title, LIMITS.name),
    author: normalizeText(pull.user?.login, LIMITS.name),
    url: normalizeUrl(pull.html_url),
    headSha: pull.head.sha?.toLowerCase() ?? null,
  };
  return {
    pullRequest: { number, at: pull.updated_at, closes: change === "CLOSED", opens: change === "OPENED" },
    payload,
    apply: (tx, ctx, codebase, before) => applyPullRequest(tx, ctx, codebase, { change, pullRequest, ...before }),
  };
}

/** The branch name for a pull request from a fork: a fork and the repository may have branches of the same name. */
function forkBranch({ head, user }: z.output<typeof PULL_REQUEST>["pull_request"]): string {
  return head.label ?? `${user?.login ?? "fork"}:${head.ref}`;
}

function pullRequestChange(action: string, state: "open" | "closed"): PullRequestChange {
  if (state === "closed") return "CLOSED";
  return ["opened", "reopened", "synchronize"].includes(action) ? "OPENED" : "TOUCHED";
}

function commitEffect<P extends object>(
  payload: P,
  convert: (payload: P, receivedAt: Date) => CommitReport,
  now: Date,
): Effect {
  const { status, completed } = convert(payload, now);
  const reportOn = (repository: string) => ({ completed, status: { ...status, repository } });
  return { payload, apply: (tx, ctx, repository) => applyCommitStatus(tx, ctx, reportOn(repository)) };
}

function parse<S extends z.ZodType>(schema: S, payload: unknown): z.output<S> {
  const result = schema.safeParse(payload);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") || "payload";
  throw badInput(
    field,
    `${field} does not match GitHub's schema for this event: ${issue?.message ?? "invalid value"}.`,
  );
}
