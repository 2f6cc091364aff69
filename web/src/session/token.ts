/** For this tab only, and never in a URL. The explorer uses the same entry. */
const KEY = "railyard-token";

export function loadToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function storeToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}
