import { Refusal } from "../../domain/core/refusal.js";
import type { Transport } from "../telemetry/operation-record.js";

/** The running operations, so that a shutdown can respond for those that do not end in time. */
export class OperationsInProgress {
  readonly #running = new Map<(error: Error) => void, Transport["kind"]>();

  /** The result of an operation, or the refusal of `abandon` if that comes first. */
  run<T>(kind: Transport["kind"], work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#running.set(reject, kind);
      const end = () => this.#running.delete(reject);
      work.then(
        (result) => {
          end();
          resolve(result);
        },
        (error: Error) => {
          end();
          reject(error);
        },
      );
    });
  }

  /** Rejects the running operations of a transport with UNAVAILABLE. They continue, and may still take effect. */
  abandon(kind: Transport["kind"]): void {
    for (const [reject, transport] of this.#running) if (transport === kind) reject(stoppedInProgress());
  }
}

/** The refusal of a request that was still running when the service had to stop. */
export function stoppedInProgress(): Refusal {
  const message =
    "The service is stopping. Try again. Retry a mutation with its idempotencyKey, because it may have taken effect.";
  return new Refusal("UNAVAILABLE", message);
}
