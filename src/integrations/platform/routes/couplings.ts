import sql from "sql-template-tag";
import { z } from "zod";
import type { Order } from "../../../database/rows/pages.js";
import { requireApp, requireCoupling, requirePipeline } from "../../../domain/core/references.js";
import { notFound } from "../../../domain/core/refusal.js";
import { updateCoupling } from "../../../domain/pipelines/coupling-changes.js";
import { addCoupling, removeCoupling } from "../../../domain/pipelines/couplings.js";
import type { Stage } from "../../../entities/core/enums.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { sendRange } from "../ranges.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { couplingSchema, reference, stage } from "../schemas.js";
import { toCoupling } from "../serializers.js";

const IN_ORDER: Order<Coupling> = { entity: Coupling, by: "position", direction: "ASC" };
const params = z.object({ coupling: z.string().describe("The coupling's id.") });
const checks = z
  .object({ contexts: z.array(z.string()) })
  .describe("Status contexts that must be success before a promotion into the app.");
const list = { 200: z.array(couplingSchema), 206: z.array(couplingSchema) };

export function serveCouplings(http: Routes, parts: PlatformParts): void {
  http.get(
    "/pipeline-couplings",
    { schema: { summary: "Lists all couplings", tags: ["couplings"], response: list } },
    async (request, reply) => {
      const { reader, loaders } = requestScope(parts, request);
      const couplings = await sendRange(reader, reply, request.headers.range, IN_ORDER, []);
      return Promise.all(couplings.map((coupling) => toCoupling(loaders, coupling)));
    },
  );

  http.get(
    "/pipelines/:pipeline/pipeline-couplings",
    {
      schema: {
        summary: "Lists the couplings of a pipeline",
        tags: ["couplings"],
        params: z.object({ pipeline: z.string() }),
        response: list,
      },
    },
    async (request, reply) => {
      const { reader, loaders } = requestScope(parts, request);
      const { id } = await requirePipeline(reader, "pipeline", request.params.pipeline);
      const conditions = [sql`e.pipeline_id = ${id}`];
      const couplings = await sendRange(reader, reply, request.headers.range, IN_ORDER, conditions);
      return Promise.all(couplings.map((coupling) => toCoupling(loaders, coupling)));
    },
  );

  http.get(
    "/apps/:app/pipeline-couplings",
    {
      schema: {
        summary: "Returns the coupling of an app",
        tags: ["couplings"],
        params: z.object({ app: z.string() }),
        response: { 200: couplingSchema },
      },
    },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      const coupling = await loaders.couplingOfApp.load(app.id);
      if (coupling === null) throw notFound("app", `coupling of ${app.name}: it is in no pipeline`);
      return toCoupling(loaders, coupling);
    },
  );

  http.get(
    "/pipeline-couplings/:coupling",
    { schema: { summary: "Returns a coupling", tags: ["couplings"], params, response: { 200: couplingSchema } } },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      return toCoupling(loaders, await requireCoupling(reader, "coupling", request.params.coupling));
    },
  );

  http.post(
    "/pipeline-couplings",
    {
      schema: {
        summary: "Adds an app to a stage of a pipeline",
        tags: ["couplings"],
        body: z.object({ app: reference, pipeline: reference, stage, required_status_checks: checks.nullish() }),
        response: { 201: couplingSchema },
      },
    },
    async (request, reply) => {
      const { ctx, loaders, idempotencyKey } = requestScope(parts, request);
      const { app, pipeline, required_status_checks } = request.body;
      const coupling = await addCoupling(ctx, {
        app,
        pipeline,
        stage: request.body.stage.toUpperCase() as Stage,
        requiredChecks: required_status_checks?.contexts ?? [],
        idempotencyKey,
      });
      return reply.code(201).send(await toCoupling(loaders, coupling));
    },
  );

  http.patch(
    "/pipeline-couplings/:coupling",
    {
      schema: {
        summary: "Moves an app to another stage or replaces its required checks",
        tags: ["couplings"],
        params,
        body: z.object({ stage: stage.optional(), required_status_checks: checks.nullish() }),
        response: { 200: couplingSchema },
      },
    },
    async (request) => {
      const { ctx, reader, loaders } = requestScope(parts, request);
      const { id: coupling } = await requireCoupling(reader, "coupling", request.params.coupling);
      const { stage: to, required_status_checks: required } = request.body;
      await updateCoupling(ctx, {
        coupling,
        stage: to === undefined ? null : (to.toUpperCase() as Stage),
        requiredChecks: required?.contexts ?? null,
      });
      return toCoupling(loaders, await requireCoupling(reader, "coupling", coupling));
    },
  );

  http.delete(
    "/pipeline-couplings/:coupling",
    {
      schema: {
        summary: "Removes an app from its pipeline",
        tags: ["couplings"],
        params,
        response: { 200: couplingSchema },
      },
    },
    async (request) => {
      const { ctx, reader, loaders } = requestScope(parts, request);
      const coupling = await requireCoupling(reader, "coupling", request.params.coupling);
      const response = await toCoupling(loaders, coupling);
      await removeCoupling(ctx, { coupling: coupling.id });
      return response;
    },
  );
}
