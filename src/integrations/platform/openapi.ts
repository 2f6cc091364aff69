import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { OpenAPIV3_1 } from "openapi-types";
import { getCost } from "./budget.js";
import { named } from "./schemas.js";

/*
 * The OpenAPI document. Routes state their schemas, summary and tag; everything that can be derived from those is added
 * here.
 */

const TAGS = [
  ["account", "The token that a request is made with."],
  ["apps", "Apps: one environment of a codebase each."],
  ["builds", "Builds and slugs, which are the same."],
  ["couplings", "The places of apps in pipelines."],
  ["installation", "Objects of which old platforms have several and an installation has one."],
  ["pipelines", "Pipelines and their stages."],
  ["promotions", "Promotions and their targets."],
  ["releases", "Releases, rollbacks."],
  ["statuses", "Statuses of releases, reported by third parties."],
] as const;

const ERRORS = {
  400: "The request could not be read.",
  401: "The token is missing or not valid.",
  403: "The role of the token does not suffice.",
  404: "Something that the request names does not exist.",
  409: "The state does not allow it; `promotion_blocked` lists each reason.",
  413: "The body is too large.",
  422: "A value is not valid; the message names it.",
  429: "The token has used up its budget; see `Retry-After`.",
} as const;

/** Operations whose name does not follow from the method and the path. */
const OPERATION_IDS: Readonly<Record<string, string>> = {
  "post /filters/apps": "filterApps",
  "post /favorites": "addFavorite",
  "put /apps/{app}/builds/{build}": "rebuildAppBuild",
};

const schemaTransforms = { schemaRegistry: named };
const toComponents = createJsonSchemaTransformObject(schemaTransforms);

/** Options of @fastify/swagger. */
export function openApiOptions(): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Railyard: Platform API",
        description:
          "REST API for the command-line clients of Akkeris and Heroku. Errors have the form `{ id, message }`.",
        version: "1",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
        contact: { name: "The operators of this installation" },
      },
      servers: [{ url: "/", description: "This installation" }],
      tags: TAGS.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: { token: { type: "http", scheme: "bearer", description: "A token of Railyard." } },
      },
      security: [{ token: [] }],
    },
    transform: createJsonSchemaTransform(schemaTransforms),
    transformObject: (document) => complete(toComponents(document) as OpenAPIV3_1.Document),
  };
}

type Methods = Readonly<Record<string, OpenAPIV3_1.OperationObject>>;

function complete(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries((item ?? {}) as Methods).map(([method, operation]) => ({ path, method, operation })),
  );
  for (const { path, method, operation } of operations) {
    operation.operationId = operationId(method, path, operation);
    operation.description = `${operation.summary}. Costs ${getCost(method, operation.responses)} points of the token's budget.`;
    operation.responses = { ...describeSuccess(operation), ...errorResponses(method, path) };
  }
  const used = JSON.stringify(document.paths);
  const schemas = Object.entries(document.components?.schemas ?? {});
  return {
    ...document,
    components: {
      ...document.components,
      responses: Object.fromEntries(Object.entries(ERRORS).map(([status, text]) => [`Error${status}`, toError(text)])),
      schemas: {
        ...Object.fromEntries(schemas.filter(([name]) => isUsed(name, used, schemas))),
        Error: {
          type: "object",
          required: ["id", "message"],
          properties: {
            id: { type: "string", description: "What kind of error it is, for programs." },
            message: { type: "string", description: "What is wrong, for people." },
          },
        },
      },
    },
  };
}

/** Whether a schema is referenced. Every schema is also generated for input, where most are unused. */
function isUsed(name: string, paths: string, schemas: readonly [string, unknown][]): boolean {
  const pointer = `"#/components/schemas/${name}"`;
  if (paths.includes(pointer)) return true;
  return schemas.some(
    ([other, schema]) => other !== name && JSON.stringify(schema).includes(pointer) && isUsed(other, paths, schemas),
  );
}

function toError(description: string): OpenAPIV3_1.ResponseObject {
  return {
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
  };
}

function errorResponses(method: string, path: string): OpenAPIV3_1.ResponsesObject {
  const statuses = [
    401,
    ...(path.includes("{") || method !== "get" ? [404] : []),
    ...(method === "get" ? [] : [400, 403, 409, 413]),
    422,
    429,
  ];
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]));
}

const SUCCESS: Readonly<Record<string, string>> = {
  200: "Success.",
  201: "Created.",
  206: "A part of the list; `Next-Range` names the next one.",
};

function describeSuccess({ responses = {} }: OpenAPIV3_1.OperationObject): OpenAPIV3_1.ResponsesObject {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      { ...(response as OpenAPIV3_1.ResponseObject), description: SUCCESS[status] ?? "Success." },
    ]),
  );
}

const VERBS: Readonly<Record<string, string>> = { post: "create", patch: "update", put: "replace", delete: "delete" };

/** `get /apps/{app}/builds/{build}` becomes `getAppBuild`, and without the last part `listAppBuilds`. */
function operationId(method: string, path: string, operation: OpenAPIV3_1.OperationObject): string {
  const known = OPERATION_IDS[`${method} ${path}`];
  if (known !== undefined) return known;
  const segments = path.split("/").filter((segment) => segment !== "");
  const isItem = (segment: string | undefined) => segment?.startsWith("{") || segment === "~";
  const words = segments.flatMap((segment, index) => {
    if (isItem(segment)) return [];
    const single = method !== "get" || isItem(segments[index + 1]);
    return (single ? toSingular(segment) : segment).split("-");
  });
  const verb = VERBS[method] ?? (returnsList(operation) ? "list" : "get");
  return verb + words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join("");
}

function toSingular(segment: string): string {
  return segment.replace(/(ies|uses|s)$/, (end) => ({ ies: "y", uses: "us" })[end] ?? "");
}

function returnsList({ responses = {} }: OpenAPIV3_1.OperationObject): boolean {
  const content = (responses["200"] as OpenAPIV3_1.ResponseObject | undefined)?.content;
  return (
    content?.["application/json"]?.schema !== undefined && JSON.stringify(content).includes('"type":"array","items"')
  );
}
