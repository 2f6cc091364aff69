import sql, { raw } from "sql-template-tag";
import type { Database } from "../../database/database.js";
import { Webhook } from "../../entities/webhooks/webhook.js";

/** How long an instance holds a webhook without renewing, in milliseconds. */
const LEASE_MS = 30_000;
/** A lease is renewed once it has less time left than this. It is longer than a request and its recording can take. */
const RENEW_BELOW_MS = 20_000;
/**
 * If the leases were not checked for this time, nothing is sent: a request takes up to 15 s, and must end before its
 * lease.
 */
const MAX_AGE_MS = 5_000;

/**
 * Decides which webhooks this instance sends for, if several instances share a database: each webhook is leased to one
 * of them. If that instance is killed, another one takes over when the lease ends. Leases use the clock of the
 * database.
 */
export class Leases {
  readonly #db: Database;
  /** This instance; null if it is the only one, and needs no leases. */
  readonly owner: string | null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(db: Database, owner: string) {
    this.#db = db;
    this.owner = db.exclusive ? null : owner;
  }

  /** Acquires free leases, and renews those of this instance that end soon. */
  async renew(): Promise<void> {
    const { owner } = this;
    if (owner === null) return;
    const start = performance.now();
    const { clock } = this.#db.reader.dialect;
    const isDue = sql`e.state IN ('ACTIVE', 'FAILING') AND (e.lease_owner IS NULL OR e.lease_until < ${clock}
      OR (e.lease_owner = ${owner} AND e.lease_until < ${clock} + ${raw(String(RENEW_BELOW_MS))}))`;
    if ((await this.#db.reader.countWhere(Webhook, isDue)) > 0) {
      await this.#db.write((tx) =>
        tx.execute(
          "renew_webhook_leases",
          sql`UPDATE webhooks AS e SET lease_owner = ${owner}, lease_until = ${clock} + ${raw(String(LEASE_MS))} WHERE ${isDue}`,
        ),
      );
    }
    this.#lookedAt = start;
  }

  /** Whether a request that begins now ends before the lease. */
  get areFresh(): boolean {
    return this.owner === null || performance.now() - this.#lookedAt < MAX_AGE_MS;
  }

  /** Releases the leases, so that another instance can take over immediately. */
  async release(): Promise<void> {
    const { owner } = this;
    if (owner === null) return;
    await this.#db.write((tx) => tx.update(Webhook, { leaseOwner: owner }, { leaseOwner: null, leaseUntil: null }));
  }
}
