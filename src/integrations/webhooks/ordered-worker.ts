import { recordOrdered } from "../../domain/webhooks/deliveries.js";
import type { LogEvent } from "../../entities/history/event.js";
import { type Prepared, Worker } from "./worker.js";

/** Sends one event at a time, in the order of the log. An event that fails is retried before any other is sent. */
export class OrderedWorker extends Worker {
  protected override async run(signal: AbortSignal): Promise<void> {
    const first = await this.prepare();
    if (first === null) return;
    this.position = first.webhook.position;
    this.follower = await this.parts.feed.follow(first.filter, this.position, signal);
    try {
      for await (const event of this.follower) {
        if (signal.aborted) return;
        await this.settled();
        if (!(await this.#deliver(first, event))) return;
      }
    } finally {
      await this.follower.return();
      this.follower = null;
    }
  }

  /** @returns whether to go on with the next event */
  async #deliver(first: Prepared, event: LogEvent): Promise<boolean> {
    const { ctx, leases, again } = this.parts;
    if (!(await this.isVisible(first, event))) return true;
    const now = await this.prepare();
    if (now === null) return false;
    const isSame = now.webhook.position === this.position && now.webhook.ordered;
    if (!isSame || JSON.stringify(now.filter) !== JSON.stringify(first.filter)) {
      again();
      return false;
    }
    const sent = await this.request(now, event);
    if (sent === "left out") return true;
    if (sent === null) return false;
    const attempt = now.webhook.failures + 1;
    const delivery = { webhookId: this.id, eventPosition: event.position, attempt, ...sent };
    const webhook = await ctx.db.write((tx) => recordOrdered(tx, ctx, delivery, this.position, leases.owner));
    if (webhook === null || webhook.position !== event.position) {
      if (sent.result.problem === null) again();
      return false;
    }
    this.position = event.position;
    return true;
  }
}
