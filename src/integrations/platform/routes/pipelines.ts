import sql from "sql-template-tag";
import { z } from "zod";
import type { Order } from "../../../database/rows/pages.js";
import { requirePipeline } from "../../../domain/core/references.js";
import { createPipeline, deletePipeline, updatePipeline } from "../../../domain/pipelines/pipelines.js";
import { nextStage, STAGES } from "../../../domain/pipelines/stages.js";
import { Pipeline } from "../../../entities/pipelines/pipeline.js";
import { sendRange } from "../ranges.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { pipelineSchema, stagesSchema } from "../schemas.js";
import { stageName, toPipeline } from "../serializers.js";

const BY_NAME: Order<Pipeline> = { entity: Pipeline, by: "name", direction: "ASC" };
const component = z.string().nullish().describe("The part of a monorepo; null for the whole repository.");
const params = z.object({ pipeline: z.string().describe("The pipeline's id or name.") });

export function servePipelines(http: Routes, parts: PlatformParts): void {
  http.get(
    "/pipelines",
    {
      schema: {
        summary: "Lists pipelines, by name",
        tags: ["pipelines"],
        querystring: z.object({ "eq[name]": z.string().optional().describe("Only the pipeline with this name.") }),
        response: { 200: z.array(pipelineSchema), 206: z.array(pipelineSchema) },
      },
    },
    async (request, reply) => {
      const { reader } = requestScope(parts, request);
      const name = request.query["eq[name]"];
      const conditions = [
        sql`e.deleted_at IS NULL`,
        ...(name === undefined ? [] : [sql`e.name = ${name.replaceAll("\u0000", "")}`]),
      ];
      return (await sendRange(reader, reply, request.headers.range, BY_NAME, conditions)).map(toPipeline);
    },
  );

  http.post(
    "/pipelines",
    {
      schema: {
        summary: "Creates a pipeline",
        tags: ["pipelines"],
        body: z.object({
          name: z.string(),
          component,
          owner: z.unknown().optional().describe("Accepted and ignored: all pipelines have the same owner."),
        }),
        response: { 201: pipelineSchema },
      },
    },
    async (request, reply) => {
      const { ctx, idempotencyKey } = requestScope(parts, request);
      const { name, component } = request.body;
      const pipeline = await createPipeline(ctx, { name, component: component || null, idempotencyKey });
      return reply.code(201).send(toPipeline(pipeline));
    },
  );

  http.get(
    "/pipelines/:pipeline",
    { schema: { summary: "Returns a pipeline", tags: ["pipelines"], params, response: { 200: pipelineSchema } } },
    async (request) => {
      const { reader } = requestScope(parts, request);
      return toPipeline(await requirePipeline(reader, "pipeline", request.params.pipeline));
    },
  );

  http.patch(
    "/pipelines/:pipeline",
    {
      schema: {
        summary: "Updates the name or component of a pipeline",
        tags: ["pipelines"],
        params,
        body: z.object({ name: z.string().optional(), component }),
        response: { 200: pipelineSchema },
      },
    },
    async (request) => {
      const { ctx } = requestScope(parts, request);
      const { name, component } = request.body;
      const changes = {
        ...(name !== undefined && { name }),
        ...(component !== undefined && { component: component || null }),
      };
      return toPipeline(await updatePipeline(ctx, { pipeline: request.params.pipeline, ...changes }));
    },
  );

  http.delete(
    "/pipelines/:pipeline",
    {
      schema: {
        summary: "Deletes a pipeline; its apps stay",
        tags: ["pipelines"],
        params,
        response: { 200: pipelineSchema },
      },
    },
    async (request) => {
      const { ctx, reader } = requestScope(parts, request);
      const pipeline = await requirePipeline(reader, "pipeline", request.params.pipeline);
      await deletePipeline(ctx, { pipeline: pipeline.id });
      return toPipeline(pipeline);
    },
  );

  http.get(
    "/pipelines/:pipeline/statuses",
    {
      schema: {
        summary: "Lists the status contexts that can be required as checks in a pipeline",
        tags: ["pipelines"],
        params,
        response: { 200: z.array(z.object({ context: z.string(), name: z.string() })) },
      },
    },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      const { id } = await requirePipeline(reader, "pipeline", request.params.pipeline);
      const checks = await loaders.availableChecks.load(id);
      return checks.map(({ context, name }) => ({ context, name: name ?? context }));
    },
  );

  http.get(
    "/pipeline-stages",
    {
      schema: {
        summary: "Returns the next stage of each stage",
        tags: ["pipelines"],
        response: { 200: stagesSchema },
      },
    },
    async () =>
      Object.fromEntries(
        STAGES.map((stage) => {
          const next = nextStage(stage);
          return [stageName(stage), next === null ? null : stageName(next)];
        }),
      ) as z.output<typeof stagesSchema>,
  );
}
