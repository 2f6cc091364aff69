import sql from "sql-template-tag";
import { enqueue, recordQueued, returnUnsent } from "../../domain/webhooks/deliveries.js";
import { LogEvent } from "../../entities/history/event.js";
import { QueuedEvent } from "../../entities/webhooks/webhook-delivery.js";
import { readEvents } from "../../events/read.js";
import { type Prepared, Worker } from "./worker.js";

/** Maximum number of concurrent requests. */
const MAX_REQUESTS = 8;
/** Maximum number of queued events. The cursor does not move while it is reached. */
const MAX_QUEUED = 1_000;
/**
 * Interval at which one new event is tried while the receiver fails, in milliseconds: it may refuse only the queued
 * ones.
 */
const PROBE_INTERVAL_MS = 30_000;

/**
 * Sends several events at the same time. The cursor moves when an event is queued. The event leaves the queue in the
 * transaction that records its delivery. So only the requests in progress are sent again if the process is killed.
 */
export class UnorderedWorker extends Worker {
  readonly #underWay = new Map<number, Promise<void>>();
  #probeAt = Number.NEGATIVE_INFINITY;
  #failed = false;
  #isRetrying = false;

  protected override async run(signal: AbortSignal): Promise<void> {
    const first = await this.prepare();
    if (first === null) return;
    this.position = first.webhook.position;
    this.#failed = false;
    try {
      // Events that are queued but have no request: an earlier process was killed.
      await this.parts.ctx.db.write((tx) => returnUnsent(tx, this.parts.ctx, this.id, this.parts.leases.owner));
      await this.retryDue(signal);
      if (first.webhook.state === "FAILING") await this.#probe(first);
      else await this.#follow(first, signal);
    } finally {
      await Promise.all(this.#underWay.values());
    }
  }

  /** Sends the queued events that are due. Called in every round of the dispatcher. */
  async retryDue(signal: AbortSignal): Promise<void> {
    if (this.#isRetrying || this.#underWay.size >= MAX_REQUESTS) return;
    this.#isRetrying = true;
    try {
      const prepared = await this.prepare();
      if (prepared !== null) await this.#retry(prepared, signal);
    } finally {
      this.#isRetrying = false;
    }
  }

  async #retry(prepared: Prepared, signal: AbortSignal): Promise<void> {
    const { ctx } = this.parts;
    // Their requests may end, and the events leave the queue, while it is read.
    const before = new Set(this.#underWay.keys());
    const due = await ctx.db.reader.select(
      "due_webhook_queue",
      QueuedEvent,
      sql`WHERE e.webhook_id = ${this.id} AND e.due_at <= ${ctx.now().getTime()}
        ORDER BY e.event_position LIMIT ${MAX_REQUESTS * 2}`,
    );
    for (const { eventPosition, attempts } of due) {
      if (signal.aborted || this.#underWay.size >= MAX_REQUESTS) return;
      if (before.has(eventPosition) || this.#underWay.has(eventPosition)) continue;
      const event = await ctx.db.reader.first(LogEvent, { position: eventPosition });
      if (event === null) await this.#leaveOut(eventPosition);
      else this.#send(prepared, event, attempts + 1);
    }
  }

  async #follow(first: Prepared, signal: AbortSignal): Promise<void> {
    this.follower = await this.parts.feed.follow(first.filter, this.position, signal);
    try {
      for await (const event of this.follower) {
        while (this.#underWay.size >= MAX_REQUESTS) await Promise.race(this.#underWay.values());
        if (signal.aborted || this.#failed) return;
        await this.settled();
        const events = [event, ...this.follower.ready(MAX_REQUESTS - this.#underWay.size - 1)];
        if (!(await this.#queue(first, events))) return;
      }
    } finally {
      await this.follower.return();
      this.follower = null;
    }
  }

  /** Tries one new event. */
  async #probe(prepared: Prepared): Promise<void> {
    const { ctx } = this.parts;
    const now = ctx.now().getTime();
    if (now < this.#probeAt) return;
    this.#probeAt = now + PROBE_INTERVAL_MS;
    const events = await readEvents(prepared.reader, prepared.filter, this.position, 1);
    if (events.length > 0) await this.#queue(prepared, events);
  }

  /** Queues events and sends them. @returns whether to go on */
  async #queue(first: Prepared, events: readonly LogEvent[]): Promise<boolean> {
    const { ctx, leases, again } = this.parts;
    const now = await this.prepare();
    if (now === null) return false;
    const isSame = now.webhook.position === this.position && !now.webhook.ordered;
    if (!isSame || JSON.stringify(now.filter) !== JSON.stringify(first.filter)) {
      again();
      return false;
    }
    if ((await ctx.db.reader.count(QueuedEvent, { webhookId: this.id })) >= MAX_QUEUED) return false;
    const visible: LogEvent[] = [];
    for (const event of events) if (await this.isVisible(first, event)) visible.push(event);
    const positions = visible.map(({ position }) => position);
    if (positions.length === 0) return true;
    const isQueued = await ctx.db.write((tx) => enqueue(tx, ctx, this.id, this.position, positions, leases.owner));
    if (!isQueued) {
      again();
      return false;
    }
    this.position = positions.at(-1) ?? this.position;
    for (const event of visible) this.#send(now, event, 1);
    return true;
  }

  #send(prepared: Prepared, event: LogEvent, attempt: number): void {
    const { log } = this.parts;
    const sending = this.#deliver(prepared, event, attempt)
      .catch((error: unknown) => {
        // It stays queued.
        log.error({ err: error, webhook: this.id }, "webhook delivery failed");
        this.#failed = true;
      })
      .finally(() => this.#underWay.delete(event.position));
    this.#underWay.set(event.position, sending);
  }

  async #deliver(prepared: Prepared, event: LogEvent, attempt: number): Promise<void> {
    const { ctx, leases } = this.parts;
    const sent = await this.request(prepared, event);
    if (sent === null) return;
    if (sent === "left out") {
      await this.#leaveOut(event.position);
      return;
    }
    const delivery = { webhookId: this.id, eventPosition: event.position, attempt, ...sent };
    const webhook = await ctx.db.write((tx) => recordQueued(tx, ctx, delivery, leases.owner));
    // The next run decides by the new state.
    if (webhook === null || webhook.state !== "ACTIVE" || webhook.retriesAt !== null) this.#failed = true;
    else if (prepared.webhook.state === "FAILING") this.parts.again();
  }

  async #leaveOut(eventPosition: number): Promise<void> {
    await this.parts.ctx.db.write((tx) => tx.delete(QueuedEvent, { webhookId: this.id, eventPosition }));
  }
}
