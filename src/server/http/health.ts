import type { FastifyInstance } from "fastify";
import type { Database } from "../../database/database.js";

/** `GET /livez`: the process is running. `GET /readyz`: the database can be used and the service is not stopping. */
export function serveHealth(http: FastifyInstance, database: Database, isStopping: () => boolean): void {
  http.get("/livez", { logLevel: "silent" }, async () => ({ status: "ok" }));
  http.get("/readyz", { logLevel: "silent" }, async (_, reply) => {
    if (isStopping()) return reply.code(503).send({ status: "stopping" });
    try {
      await database.check();
      return { status: "ok" };
    } catch {
      return reply.code(503).send({ status: "database unreachable" });
    }
  });
}
