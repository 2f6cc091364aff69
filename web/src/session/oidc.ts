import * as oauth from "oauth4webapi";
import { basePath, settings } from "../settings";
import type { Credentials } from "./token";

/** Survives the way to the issuer and back. */
const KEY = "railyard-sign-in";

/** Without a refresh token people would sign in again whenever an access token expires. Issuers that do not know it ignore it. */
const SCOPE = "openid profile email offline_access";

/** The part of its lifetime after which a token is renewed. */
const RENEW_AFTER = 0.75;

/** Plain HTTP is allowed on this machine only, for trying it out; the service checks the same. */
function options(issuer: URL) {
  return { [oauth.allowInsecureRequests]: issuer.protocol === "http:" };
}

interface Pending {
  readonly verifier: string;
  readonly state: string;
  /** The page that the person wanted to see, as a path below the base path. */
  readonly returnTo: string;
}

/** Sends the person to the issuer: authorization code flow with PKCE. */
export async function redirectToIssuer(): Promise<void> {
  const { server, client } = await discover();
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const returnTo = location.pathname.slice(basePath.length) + location.search;
  const pending: Pending = { verifier, state, returnTo };
  sessionStorage.setItem(KEY, JSON.stringify(pending));
  const url = new URL(server.authorization_endpoint ?? "");
  url.searchParams.set("client_id", client.client_id);
  url.searchParams.set("redirect_uri", redirectUri());
  url.searchParams.set("response_type", "code");
  url.searchParams.set("scope", SCOPE);
  url.searchParams.set("code_challenge", await oauth.calculatePKCECodeChallenge(verifier));
  url.searchParams.set("code_challenge_method", "S256");
  url.searchParams.set("state", state);
  location.assign(url);
}

/**
 * Completes the sign-in after the issuer sent the person back to `url`.
 *
 * @returns the credentials for the service, and the page to return to
 * @throws an error whose message the person can read
 */
export async function completeSignIn(url: URL): Promise<{ credentials: Credentials; returnTo: string }> {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (stored === null) throw new Error("The sign-in was not started in this tab. Sign in again.");
  const { verifier, state, returnTo } = JSON.parse(stored) as Pending;
  try {
    const { issuer, server, client } = await discover();
    const parameters = oauth.validateAuthResponse(server, client, url, state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, oauth.None(), parameters, redirectUri(), verifier, options(issuer)] as const),
    );
    const result = await oauth.processAuthorizationCodeResponse(server, client, response);
    return { credentials: toCredentials(result), returnTo };
  } catch (error) {
    throw new Error(describe(error));
  }
}

/**
 * Exchanges a refresh token for new credentials.
 *
 * @returns null if the issuer refuses it: the person has to sign in again
 * @throws if the issuer cannot be reached
 */
export async function renew(refreshToken: string): Promise<Credentials | null> {
  const { issuer, server, client } = await discover();
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options(issuer));
  try {
    const result = await oauth.processRefreshTokenResponse(server, client, response);
    return toCredentials({ refresh_token: refreshToken, ...result });
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return null;
    throw error;
  }
}

async function discover() {
  if (settings.oidc === null) throw new Error("OIDC_CLIENT_ID is not set.");
  const issuer = new URL(settings.oidc.issuer);
  const client: oauth.Client = { client_id: settings.oidc.clientId };
  const response = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...options(issuer) });
  return { issuer, client, server: await oauth.processDiscoveryResponse(issuer, response) };
}

type TokenResult = Pick<oauth.TokenEndpointResponse, "access_token" | "id_token" | "expires_in" | "refresh_token">;

function toCredentials({ access_token, id_token, expires_in, refresh_token }: TokenResult): Credentials {
  // Some issuers give access tokens that only they can read.
  const token = isJwt(access_token) ? access_token : id_token;
  if (token === undefined) throw new Error("The issuer returned no token that Railyard can verify.");
  if (refresh_token === undefined || expires_in === undefined) return { token, renewal: null };
  return { token, renewal: { refreshToken: refresh_token, dueAt: Date.now() + expires_in * 1_000 * RENEW_AFTER } };
}

function describe(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return `The issuer refused the sign-in: ${error.error_description ?? error.error}.`;
  }
  if (error instanceof TypeError) return "The issuer cannot be reached. Sign in again.";
  return error instanceof Error ? error.message : String(error);
}

function redirectUri(): string {
  return new URL("sign-in", document.baseURI).href;
}

function isJwt(token: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}
