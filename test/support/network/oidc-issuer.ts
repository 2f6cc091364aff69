import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { unique } from "../data/seed.js";
import type { Cleanup } from "../service/temporary-folder.js";

export type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
}

/**
 * An OpenID Connect issuer with a JWKS endpoint, key rotation, and the authorization code flow with PKCE for public clients.
 * Everybody who comes to its authorization endpoint is signed in at once, with `claims`.
 */
export class Issuer {
  keys: { readonly kid: string; readonly pair: Keys }[] = [];
  /** Whether requests are answered with an error. */
  isDown = false;
  asked = 0;
  url = "";
  /** What the tokens of people who sign in hold; null if the issuer denies access. */
  claims: JWTPayload | null = {};
  /** How long these tokens are valid. */
  expires = "5m";
  /** How often tokens were renewed. */
  renewed = 0;
  readonly #grants = new Map<string, Grant>();
  readonly #refreshTokens = new Set<string>();

  static async start(t: Cleanup): Promise<Issuer> {
    const issuer = new Issuer();
    await issuer.rotate();
    const server = createServer((request, response) => void issuer.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return issuer;
  }

  async rotate(): Promise<void> {
    this.keys = [{ kid: unique("key"), pair: await generateKeyPair("RS256") }];
  }

  async sign(
    claims: JWTPayload,
    { expires = "5m", issuer = this.url }: { expires?: string | Date; issuer?: string } = {},
  ) {
    const [key] = this.keys;
    assert.ok(key);
    const token = new SignJWT({ email: "ada@example.com", ...claims }).setProtectedHeader({
      alg: "RS256",
      kid: key.kid,
    });
    if (claims.sub === undefined) token.setSubject("ada");
    if (claims.aud === undefined) token.setAudience("railyard");
    return token.setIssuer(issuer).setIssuedAt().setExpirationTime(expires).sign(key.pair.privateKey);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const send = (body: object, status = 200) => {
      response.writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" });
      response.end(JSON.stringify(body));
    };
    if (this.isDown) return send({}, 503);
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return send({
          issuer: this.url,
          jwks_uri: `${this.url}/keys`,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
        });
      case "/authorize":
        response.writeHead(302, { location: this.#authorize(url.searchParams) }).end();
        return;
      case "/token": {
        const parameters = new URLSearchParams(await text(request));
        const refusal = this.#redeem(parameters);
        return refusal === null ? send(await this.#tokens(parameters)) : send({ error: refusal }, 400);
      }
      default:
        this.asked += 1;
        return send({ keys: await this.#published() });
    }
  }

  /** Where the browser goes next. */
  #authorize(parameters: URLSearchParams): string {
    const redirectUri = parameters.get("redirect_uri") ?? "";
    const target = new URL(redirectUri);
    target.searchParams.set("state", parameters.get("state") ?? "");
    if (this.claims === null) {
      target.searchParams.set("error", "access_denied");
      return target.href;
    }
    assert.equal(parameters.get("response_type"), "code");
    assert.equal(parameters.get("code_challenge_method"), "S256");
    const code = unique("code");
    const challenge = parameters.get("code_challenge") ?? "";
    this.#grants.set(code, { clientId: parameters.get("client_id") ?? "", redirectUri, challenge });
    target.searchParams.set("code", code);
    return target.href;
  }

  /** Uses up a code or refresh token. Returns why it is refused; null if it is not. */
  #redeem(parameters: URLSearchParams): string | null {
    if (parameters.get("grant_type") === "refresh_token") {
      if (!this.#refreshTokens.delete(parameters.get("refresh_token") ?? "")) return "invalid_grant";
      this.renewed += 1;
      return null;
    }
    const code = parameters.get("code") ?? "";
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const verifier = parameters.get("code_verifier") ?? "";
    const matches =
      grant?.clientId === parameters.get("client_id") &&
      grant?.redirectUri === parameters.get("redirect_uri") &&
      grant?.challenge === createHash("sha256").update(verifier).digest("base64url");
    return matches ? null : "invalid_grant";
  }

  async #tokens(parameters: URLSearchParams): Promise<object> {
    const refreshToken = unique("refresh");
    this.#refreshTokens.add(refreshToken);
    const claims = this.claims ?? {};
    return {
      access_token: await this.sign(claims, { expires: this.expires }),
      id_token: await this.sign({ ...claims, aud: parameters.get("client_id") ?? "" }, { expires: this.expires }),
      token_type: "Bearer",
      expires_in: Number.parseInt(this.expires, 10) * (this.expires.endsWith("m") ? 60 : 1),
      refresh_token: refreshToken,
    };
  }

  #published() {
    return Promise.all(
      this.keys.map(async ({ kid, pair }) => ({ ...(await exportJWK(pair.publicKey)), kid, alg: "RS256", use: "sig" })),
    );
  }
}
