/** A request of a webhook. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The result of a request. */
export interface Attempt {
  /** In milliseconds. */
  readonly duration: number;
  readonly statusCode: number | null;
  /** The start of the response; null if it was empty. */
  readonly responseStart: string | null;
  /** Why it failed; null if it succeeded. */
  readonly problem: string | null;
  /** How long the receiver asks to wait, in milliseconds; null if it does not ask. */
  readonly retryAfter: number | null;
}

/** Sends the requests of webhooks. Implemented by `integrations/webhooks`. */
export interface WebhookSender {
  /**
   * Checks an address without resolving its host.
   *
   * @returns the normalized address
   * @throws Refusal BAD_USER_INPUT if requests to it would be refused
   */
  checkUrl(field: string, url: string): string;
  /** Sends a request. Never throws: every failure is a `problem`. Null if the service is stopping. */
  send(request: WebhookRequest): Promise<Attempt | null>;
}
