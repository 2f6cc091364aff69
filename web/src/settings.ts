/** What the service tells the page about itself, in a `meta` element. */
interface Settings {
  readonly oidc: { readonly issuer: string; readonly clientId: string } | null;
}

const content = document.querySelector('meta[name="railyard"]')?.getAttribute("content") ?? "{}";

export const settings: Settings = { oidc: null, ...(JSON.parse(content) as Partial<Settings>) };

/** The path that the page is served at, without a slash at its end. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/$/, "");
