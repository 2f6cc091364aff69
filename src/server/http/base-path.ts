import type { Server } from "node:http";

/**
 * The URL of a request without the path that the service is reached under. A proxy may have removed it already.
 *
 * @param basePath for example `/railyard`; empty for none
 */
export function stripBasePath(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : url;
}

/** Strips the base path from WebSocket handshakes. Call it before other listeners are added. */
export function stripFromUpgrades(server: Server, basePath: string): void {
  server.on("upgrade", (request) => {
    request.url = stripBasePath(request.url ?? "/", basePath);
  });
}
