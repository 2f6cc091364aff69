import { z } from "zod";
import { isPermitted } from "../../../domain/access/actions.js";
import { requirePromotion } from "../../../domain/core/references.js";
import { promote } from "../../../domain/promotions/promote.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { promotionSchema, promotionTargetSchema, reference } from "../schemas.js";
import { toPromotion, toPromotionTarget } from "../serializers.js";

const params = z.object({ promotion: z.string().describe("The promotion's id.") });

/**
 * The recorded reason of promotions with `safe: false`, which do not compare config vars and may bypass gates: clients
 * of this API cannot state one.
 */
const UNSAFE = "Asked for with safe: false through the Platform API.";

export function servePromotions(http: Routes, parts: PlatformParts): void {
  http.post(
    "/pipeline-promotions",
    {
      schema: {
        summary: "Promotes an app's release to apps of the next stage",
        tags: ["promotions"],
        body: z.object({
          pipeline: reference.optional(),
          source: z.object({
            app: z
              .object({ id: z.string().optional(), name: z.string().optional(), release: reference.optional() })
              .refine((app) => app.id !== undefined || app.name !== undefined, "must have an id or a name"),
            release: reference.optional(),
          }),
          targets: z
            .array(z.object({ app: reference }))
            .optional()
            .describe("The target apps. Default: all apps of the next stage."),
          safe: z
            .boolean()
            .nullish()
            .describe(
              "True demands that source and targets have the same config vars. False does not compare them, and promotes past unmet gates if the token may force promotions. Left out, the policy of the stage holds.",
            ),
        }),
        response: { 201: promotionSchema },
      },
    },
    async (request, reply) => {
      const { ctx, loaders, idempotencyKey } = requestScope(parts, request);
      const { pipeline, source, targets, safe } = request.body;
      const promotion = await promote(ctx, {
        app: source.app.id ?? source.app.name ?? null,
        pipeline: pipeline ?? null,
        release: source.app.release ?? source.release ?? null,
        targets: targets?.map((target) => target.app) ?? null,
        // Akkeris' command line always compares config vars, except with -u. It bypasses other gates only if the token
        // may force promotions.
        ...(safe === true && { parity: "EXACT" }),
        ...(safe === false && { parity: "OFF", reason: UNSAFE, force: isPermitted(ctx.viewer, "forcePromotion") }),
        idempotencyKey,
      });
      return reply.code(201).send(await toPromotion(loaders, promotion));
    },
  );

  http.get(
    "/pipeline-promotions/:promotion",
    { schema: { summary: "Returns a promotion", tags: ["promotions"], params, response: { 200: promotionSchema } } },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      return toPromotion(loaders, await requirePromotion(reader, "promotion", request.params.promotion));
    },
  );

  http.get(
    "/pipeline-promotions/:promotion/promotion-targets",
    {
      schema: {
        summary: "Lists the targets of a promotion with their status",
        tags: ["promotions"],
        params,
        response: { 200: z.array(promotionTargetSchema) },
      },
    },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      const { id } = await requirePromotion(reader, "promotion", request.params.promotion);
      const targets = await loaders.targetsOfPromotion.load(id);
      return Promise.all(targets.map((target) => toPromotionTarget(loaders, target)));
    },
  );
}
