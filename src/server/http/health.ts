import type { FastifyInstance } from "fastify";
import sql from "sql-template-tag";
import type { Database } from "../../database/database.js";
import { ANY_COLUMNS } from "../../database/rows/raw-rows.js";

/** `GET /livez`: the process is running. `GET /readyz`: the database is reachable and the service is not stopping. */
export function serveHealth(http: FastifyInstance, database: Database, isStopping: () => boolean): void {
  http.get("/livez", { logLevel: "silent" }, async () => ({ status: "ok" }));
  http.get("/readyz", { logLevel: "silent" }, async (_, reply) => {
    if (isStopping()) return reply.code(503).send({ status: "stopping" });
    try {
      await database.reader.query("readiness", ANY_COLUMNS, sql`SELECT 1 AS ready`);
      return { status: "ok" };
    } catch {
      return reply.code(503).send({ status: "database unreachable" });
    }
  });
}
