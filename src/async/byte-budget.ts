/** An object that keeps bytes in memory for a peer. */
export interface ByteHolder {
  /** How many bytes it keeps now. */
  readonly heldBytes: number;
  /** Frees the bytes at once, for example by closing the connection. `heldBytes` is not read afterwards. */
  evict(): void;
}

/**
 * Limits the bytes that the process keeps in memory for all peers together. Beyond the limit, the holders that have
 * kept bytes for the longest time are evicted: those of an ordinary peer are freed within milliseconds.
 */
export class ByteBudget {
  readonly limit: number;
  /** The holders with their bytes at the last update, in the order in which they began to hold some. */
  readonly #held = new Map<ByteHolder, number>();
  #used = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** The bytes that are kept, as of the last update of each holder. */
  get used(): number {
    return this.#used;
  }

  /** Call when the bytes of a holder have changed. A holder without bytes is removed. */
  update(holder: ByteHolder): void {
    this.#set(holder, holder.heldBytes);
    if (this.#used > this.limit) this.#evict();
  }

  /** Removes a holder whose bytes were freed or have another holder now. */
  release(holder: ByteHolder): void {
    this.#set(holder, 0);
  }

  #set(holder: ByteHolder, bytes: number): void {
    this.#used += bytes - (this.#held.get(holder) ?? 0);
    if (bytes > 0) this.#held.set(holder, bytes);
    else this.#held.delete(holder);
  }

  #evict(): void {
    for (const holder of this.#held.keys()) {
      // Its bytes may have been freed since its last update.
      this.#set(holder, holder.heldBytes);
      if (this.#used <= this.limit) return;
      if (!this.#held.has(holder)) continue;
      this.release(holder);
      holder.evict();
    }
  }
}
