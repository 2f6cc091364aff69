/** For this tab only, and never in a URL. The explorer uses the same entry. */
const KEY = "railyard-token";
const RENEWAL_KEY = "railyard-renewal";

/** How a token of an issuer is renewed. */
export interface Renewal {
  readonly refreshToken: string;
  /** When the token should be renewed, in milliseconds by this machine's clock. */
  readonly dueAt: number;
}

export interface Credentials {
  readonly token: string;
  /** Null if the token was pasted, or if the issuer gave no refresh token. */
  readonly renewal: Renewal | null;
}

export function loadCredentials(): Credentials | null {
  const token = sessionStorage.getItem(KEY);
  const renewal = sessionStorage.getItem(RENEWAL_KEY);
  return token === null ? null : { token, renewal: renewal === null ? null : (JSON.parse(renewal) as Renewal) };
}

export function storeCredentials({ token, renewal }: Credentials): void {
  sessionStorage.setItem(KEY, token);
  if (renewal === null) sessionStorage.removeItem(RENEWAL_KEY);
  else sessionStorage.setItem(RENEWAL_KEY, JSON.stringify(renewal));
}

export function forgetCredentials(): void {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(RENEWAL_KEY);
}
