import { z } from "zod";
import type { Validator } from "./cdevents-schemas.js";

/*
 * What CDEvents 0.5.1 demands of the events that Railyard sends, written from the pages of the specification, so that every
 * run of the tests checks it: https://github.com/cdevents/spec/tree/v0.5.1 (spec.md, continuous-deployment.md,
 * continuous-integration.md, custom/README.md). Where the specification's own schemas can be loaded, a test checks that they
 * judge the same.
 */

const text = z.string().min(1);
/** A URI reference (RFC 3986): no spaces, quotes or other characters that must be escaped. */
const uriReference = text.regex(/^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/);
const environment = z.strictObject({ id: text, source: uriReference.optional() });
const deployed = z.strictObject({ environment, artifactId: text });

/** The events of the specification: what the content of their subject must be. */
const CONTENTS: Readonly<Record<string, z.ZodType>> = {
  "dev.cdevents.service.deployed.0.3.0": deployed,
  "dev.cdevents.service.upgraded.0.3.0": deployed,
  "dev.cdevents.service.rolledback.0.3.0": deployed,
  "dev.cdevents.service.removed.0.3.0": z.strictObject({ environment: environment.optional() }),
  "dev.cdevents.artifact.published.0.3.0": z.strictObject({
    sbom: z.strictObject({ uri: uriReference }).optional(),
    user: text.optional(),
  }),
};

/** A custom event: the tool, its subject, a predicate and a version, of which the tool's name may have digits. */
const CUSTOM_TYPE = /^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.\d\.\d\.\d$/;

function findEvent(type: string): z.ZodType | null {
  const content = CONTENTS[type] ?? (CUSTOM_TYPE.test(type) ? z.looseObject({}) : null);
  if (content === null) return null;
  const context = z.strictObject({
    ...{ specversion: text, id: text, source: uriReference, type: z.literal(type) },
    ...{ timestamp: z.iso.datetime({ offset: true }), schemaUri: z.url().optional(), chainId: text.optional() },
  });
  return z.strictObject({
    context,
    subject: z.strictObject({ id: text, source: uriReference.optional(), content }),
    customData: z.union([z.looseObject({}), z.base64()]).optional(),
    customDataContentType: z.string().optional(),
  });
}

/** Finds what is wrong with an event by the rules of the specification. */
export const findFaults: Validator = (event) => {
  const rules = findEvent(event.context.type);
  if (rules === null) return [`CDEvents has no event of the type ${event.context.type}.`];
  const { error } = rules.safeParse(event);
  return (error?.issues ?? []).map(({ path, message }) => `/${path.join("/")} ${message}`);
};
