import { EXIT, Failure, wrongUsage } from "../exit.js";
import { type Login, loginFile, readLogin } from "./login-file.js";

/** The address of a service started with default settings. */
const DEFAULT_URL = "http://127.0.0.1:4000";

/** The service to connect to and the token to authenticate with. */
export interface Connection {
  /** Without a trailing slash, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Null if no token was found; the service then refuses the request. */
  readonly token: string | null;
}

export interface ConnectionFlags {
  readonly url?: string;
  readonly token?: string;
}

/**
 * Precedence: flags, then `RAILYARD_URL` and `RAILYARD_TOKEN`, then the stored login. A stored token is sent only to
 * the service that it was stored for.
 */
export function findConnection(flags: ConnectionFlags, environment: NodeJS.ProcessEnv): Connection {
  const address = flags.url ?? nonEmpty(environment.RAILYARD_URL);
  const token = flags.token ?? nonEmpty(environment.RAILYARD_TOKEN);
  if (address !== undefined && token !== undefined) return { url: parseUrl(address), token };
  const login = storedLogin(environment);
  const url = parseUrl(address ?? login?.url ?? DEFAULT_URL);
  return { url, token: token ?? (login?.url === url ? login.token : null) };
}

/**
 * Normalizes the address of a service: removes a trailing `/graphql` and trailing slashes.
 *
 * @throws Failure if the address is not an http or https URL
 */
export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw wrongUsage(`The address of the service must begin with http:// or https://; got "${text}".`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/graphql$/, "")}`;
}

function storedLogin(environment: NodeJS.ProcessEnv): Login | null {
  try {
    return readLogin(loginFile(environment));
  } catch (error) {
    throw new Failure(EXIT.notConnected, [(error as Error).message]);
  }
}

/** Treats an empty variable as unset. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
