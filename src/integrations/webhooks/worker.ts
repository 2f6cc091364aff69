import type { Logger } from "pino";
import type { Reader } from "../../database/rows/reader.js";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { BEHIND_RETENTION } from "../../domain/webhooks/control.js";
import { isSending, type Skipped, stopWebhook, toSettings } from "../../domain/webhooks/deliveries.js";
import { eventRequest } from "../../domain/webhooks/message.js";
import type { Attempt } from "../../domain/webhooks/sender.js";
import { loadView, toFilter } from "../../domain/webhooks/visibility.js";
import { LogEvent } from "../../entities/history/event.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import type { Feed } from "../../events/feed/feed.js";
import type { Follower } from "../../events/feed/follower.js";
import type { EventFilter } from "../../events/match.js";
import type { Leases } from "./leases.js";

export interface WorkerParts {
  /** Acts as the service itself. */
  readonly ctx: Ctx;
  readonly feed: Feed;
  readonly leases: Leases;
  readonly log: Logger;
  /** Called with the result of every request for an event. */
  sent(result: Attempt): void;
  /** Asks for a round of the dispatcher soon. */
  again(): void;
}

/** The current state of a webhook, and what it sees. */
export interface Prepared {
  readonly webhook: Webhook;
  readonly filter: EventFilter;
  /** Sees what the webhook sees. */
  readonly reader: Reader;
}

/**
 * Sends the events of one webhook. A run ends when there is something to wait for, and the dispatcher begins the next.
 */
export abstract class Worker {
  protected readonly parts: WorkerParts;
  protected readonly id: string;
  /** The position of the cursor in the database, as this worker last read or moved it. */
  protected position = 0;
  protected follower: Follower | null = null;
  #running: Promise<void> | null = null;
  #flushing: Promise<void> | null = null;
  #abort = new AbortController();
  #stopped = false;
  /** The settings of the webhook when the current run began. */
  #settings = "";

  constructor(parts: WorkerParts, id: string) {
    this.parts = parts;
    this.id = id;
  }

  /** Sends what is due. Resolves when there is nothing to send, or the signal is aborted. */
  protected abstract run(signal: AbortSignal): Promise<void>;

  /** Begins a run if something is due. Ends the current run if the webhook has changed. */
  wake(webhook: Webhook): void {
    const settings = toSettings(webhook);
    if (this.#running !== null) {
      const isRewound = this.follower?.sleepingAt != null && webhook.position < this.position;
      if (settings !== this.#settings || isRewound) this.restart();
      return;
    }
    if (this.#stopped || (webhook.retriesAt !== null && webhook.retriesAt > this.parts.ctx.now())) return;
    this.#settings = settings;
    const abort = new AbortController();
    this.#abort = abort;
    this.#running = this.#guard(abort.signal).finally(() => {
      this.#running = null;
      if (abort.signal.aborted && !this.#stopped) this.parts.again();
    });
  }

  /** Ends the run after the requests in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    await this.#running;
    await this.#flushing;
  }

  /** Ends the run, and lets the dispatcher begin another one with what has changed. */
  restart(): void {
    this.#abort.abort();
  }

  /**
   * The possible move of the cursor without a request: the worker waits at the end of the log, after events that it
   * does not send. Null if there is none.
   */
  get skipped(): Skipped | null {
    const to = this.follower?.sleepingAt ?? null;
    if (to === null || to <= this.position || this.#flushing !== null) return null;
    return { from: this.position, to, settings: this.#settings };
  }

  /** Delays requests until the cursor has been moved past the skipped events. */
  flush(to: number, moved: Promise<boolean>): Promise<void> {
    this.#flushing = moved.then(
      (isMoved) => {
        if (isMoved) this.position = to;
        this.#flushing = null;
      },
      () => {
        this.#flushing = null;
      },
    );
    return this.#flushing;
  }

  protected async settled(): Promise<void> {
    await this.#flushing;
  }

  /** Reads the webhook and what it may see now; null if it must not send. */
  protected async prepare(): Promise<Prepared | null> {
    const { ctx, leases } = this.parts;
    const { reader } = ctx.db;
    const webhook = await reader.first(Webhook, { id: this.id });
    if (webhook === null || !isSending(webhook) || !leases.areFresh) return null;
    if (leases.owner !== null && webhook.leaseOwner !== leases.owner) return null;
    if (webhook.retriesAt !== null && webhook.retriesAt > ctx.now()) return null;
    const view = await loadView(reader, webhook, ctx.now());
    if (typeof view === "string") return null;
    return { webhook, filter: toFilter(webhook, view), reader: reader.limitedTo(view.scope) };
  }

  /**
   * Whether the webhook sees an event. If it is restricted to pipelines, the filter can also match events that it must
   * not see.
   */
  protected async isVisible({ filter, reader }: Prepared, { position }: LogEvent): Promise<boolean> {
    return filter.within == null || (await reader.first(LogEvent, { position })) !== null;
  }

  /** Sends an event. @returns "left out" if the format does not send this event; null if the service is stopping */
  protected async request(
    prepared: Prepared,
    event: LogEvent,
  ): Promise<{ sentAt: Date; result: Attempt } | "left out" | null> {
    const { ctx } = this.parts;
    const sentAt = ctx.now();
    const request = await eventRequest(prepared.reader, prepared.webhook, event, ctx.publicUrl, sentAt);
    if (request === null) return "left out";
    const result = await ctx.sender.send(request);
    if (result === null) return null;
    this.parts.sent(result);
    return { sentAt, result };
  }

  async #guard(signal: AbortSignal): Promise<void> {
    const { ctx, leases, log } = this.parts;
    try {
      await this.run(signal);
    } catch (error) {
      if (error instanceof Refusal && error.code === "CURSOR_EXPIRED") {
        const problem = `The webhook is ${BEHIND_RETENTION}`;
        await ctx.db
          .write((tx) => stopWebhook(tx, ctx, this.id, "PAUSED", problem, leases.owner))
          .catch((failure: unknown) => log.error({ err: failure, webhook: this.id }, "webhook could not be paused"));
        return;
      }
      // Nothing is lost: the next run begins at the cursor.
      if (!signal.aborted) log.error({ err: error, webhook: this.id }, "webhook worker failed; it will be restarted");
    }
  }
}
