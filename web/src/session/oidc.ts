import * as oauth from "oauth4webapi";
import { settings } from "../settings";

/** Survives the way to the issuer and back. */
const KEY = "railyard-sign-in";

/** Plain HTTP is allowed on this machine only, for trying it out; the service checks the same. */
function options(issuer: URL) {
  return { [oauth.allowInsecureRequests]: issuer.protocol === "http:" };
}

interface Pending {
  readonly verifier: string;
  readonly state: string;
  /** The page that the person wanted to see. */
  readonly returnTo: string;
}

/** Sends the person to the issuer: authorization code flow with PKCE. */
export async function redirectToIssuer(): Promise<void> {
  const { server, clientId } = await discover();
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const pending: Pending = { verifier, state, returnTo: location.href };
  sessionStorage.setItem(KEY, JSON.stringify(pending));
  const url = new URL(server.authorization_endpoint ?? "");
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("redirect_uri", redirectUri());
  url.searchParams.set("response_type", "code");
  url.searchParams.set("scope", "openid profile email");
  url.searchParams.set("code_challenge", await oauth.calculatePKCECodeChallenge(verifier));
  url.searchParams.set("code_challenge_method", "S256");
  url.searchParams.set("state", state);
  location.assign(url);
}

/**
 * Completes the sign-in after the issuer sent the person back.
 *
 * @returns the token for the service, and the page to return to
 */
export async function completeSignIn(): Promise<{ token: string; returnTo: string }> {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (stored === null) throw new Error("The sign-in was not started in this tab. Try again.");
  const { verifier, state, returnTo } = JSON.parse(stored) as Pending;
  const { issuer, server, clientId } = await discover();
  const client: oauth.Client = { client_id: clientId };
  const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri(),
    verifier,
    options(issuer),
  );
  const { access_token: access, id_token: id } = await oauth.processAuthorizationCodeResponse(server, client, response);
  // Some issuers give access tokens that only they can read.
  const token = isJwt(access) ? access : id;
  if (token === undefined) throw new Error("The issuer returned no token that Railyard can verify.");
  return { token, returnTo };
}

async function discover() {
  if (settings.oidc === null) throw new Error("OIDC_CLIENT_ID is not set.");
  const issuer = new URL(settings.oidc.issuer);
  const response = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...options(issuer) });
  const server = await oauth.processDiscoveryResponse(issuer, response);
  return { issuer, server, clientId: settings.oidc.clientId };
}

function redirectUri(): string {
  return new URL("sign-in", document.baseURI).href;
}

function isJwt(token: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}
