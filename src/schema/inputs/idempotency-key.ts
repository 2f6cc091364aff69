/** The description of every `idempotencyKey`. */
export const IDEMPOTENCY_KEY =
  "A key chosen by the client, 1 to 256 characters. A repeat with the same key within 24 hours returns the first result.";
