import { EXIT, Failure, wrongUsage } from "../exit.js";
import { type Login, loginFile, readLogin } from "./login-file.js";

/** Where a service is that was started without settings. */
const DEFAULT_URL = "http://127.0.0.1:4000";

/** Which service to speak to, and as whom. */
export interface Connection {
  /** Without a slash at the end, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Null where nothing says who asks: the service will then refuse. */
  readonly token: string | null;
}

export interface ConnectionFlags {
  readonly url?: string;
  readonly token?: string;
}

/**
 * Flags come first, then `RAILYARD_URL` and `RAILYARD_TOKEN`, then what `login` kept. A kept token goes only to the
 * service that it was kept for: another address never gets to see it.
 */
export function findConnection(flags: ConnectionFlags, environment: NodeJS.ProcessEnv): Connection {
  const said = flags.url ?? nonEmpty(environment.RAILYARD_URL);
  const token = flags.token ?? nonEmpty(environment.RAILYARD_TOKEN);
  if (said !== undefined && token !== undefined) return { url: parseUrl(said), token };
  const kept = storedLogin(environment);
  const url = parseUrl(said ?? kept?.url ?? DEFAULT_URL);
  return { url, token: token ?? (kept?.url === url ? kept.token : null) };
}

/**
 * The address of a service as it is kept and compared: the path without `/graphql` and slashes at its end.
 *
 * @throws Failure of wrong usage where it is no http or https address
 */
export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw wrongUsage(`The address of the service must begin with http:// or https://; "${text}" does not.`);
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

/** An empty variable counts as left out. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
