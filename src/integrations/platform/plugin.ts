import etag from "@fastify/etag";
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { chargeBudget, requestCost } from "./budget.js";
import { toErrorResponse } from "./errors.js";
import { openApiOptions } from "./openapi.js";
import { referencePage } from "./reference.js";
import type { PlatformParts, Routes } from "./request.js";
import { serveApps } from "./routes/apps.js";
import { serveBuilds } from "./routes/builds.js";
import { serveConfigVars } from "./routes/config-vars.js";
import { serveCouplings } from "./routes/couplings.js";
import { serveInstallation } from "./routes/installation.js";
import { servePipelines } from "./routes/pipelines.js";
import { servePromotions } from "./routes/promotions.js";
import { serveReleases } from "./routes/releases.js";
import { serveStatuses } from "./routes/statuses.js";
import { serveWebhooks } from "./routes/webhooks.js";

/**
 * Serves the REST API for the command-line clients of Akkeris and Heroku. It calls the same domain functions as the
 * GraphQL API and adds no rules. `GET /openapi.json` and `GET /reference` document it.
 */
export async function servePlatform(http: FastifyInstance, parts: PlatformParts): Promise<void> {
  await http.register(async (scope) => {
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    scope.decorateRequest("platformViewer", null);
    await scope.register(etag);
    await scope.register(swagger, openApiOptions());
    scope.setErrorHandler(async (error, request, reply) => {
      if (request.platformViewer !== null) await parts.onError(request.platformViewer, error);
      const { status, body, fault } = toErrorResponse(error, request.id);
      if (fault) request.log.error({ err: error }, "Platform API request failed");
      return reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
    });

    scope.get("/openapi.json", { schema: { hide: true } }, async () => scope.swagger());
    scope.get("/reference", { schema: { hide: true } }, async (_, reply) => {
      return reply.type("text/html; charset=utf-8").send(referencePage(scope.swagger()));
    });

    await scope.register(async (routes) => {
      routes.addHook("onRoute", (route) => {
        route.config = { ...route.config, cost: requestCost(route) };
      });
      routes.addHook("onRequest", async (request, reply) => {
        const viewer = await parts.authenticate(toBearer(request.headers.authorization));
        request.platformViewer = viewer;
        if (parts.budget !== null)
          await chargeBudget(parts.budget, viewer, request.routeOptions.config.cost ?? 0, reply);
      });
      const typed = routes.withTypeProvider<ZodTypeProvider>() as unknown as Routes;
      servePipelines(typed, parts);
      serveCouplings(typed, parts);
      servePromotions(typed, parts);
      serveApps(typed, parts);
      serveInstallation(typed, parts);
      serveBuilds(typed, parts);
      serveReleases(typed, parts);
      serveConfigVars(typed, parts);
      serveStatuses(typed, parts);
      serveWebhooks(typed, parts);
    });
  });
}

/** Heroku's command line sends its token as a password for `webhooks`, and as a bearer token for everything else. */
function toBearer(authorization: string | undefined): string | undefined {
  const encoded = /^Basic ([\w+/=-]{1,2048})$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return authorization;
  const credentials = Buffer.from(encoded, "base64").toString("utf8");
  return `Bearer ${credentials.slice(credentials.indexOf(":") + 1)}`;
}
