import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/*
 * The JSON schemas of CDEvents. They are not part of this repository: a test reads them from the folder CDEVENTS_SCHEMAS, a
 * checkout of the specification, or fetches them.
 */

/** The version whose events Railyard sends. */
const TAG = "v0.5.1";
const ORIGIN = `https://raw.githubusercontent.com/cdevents/spec/${TAG}/`;
const FILES = [
  ...["servicedeployed", "serviceupgraded", "servicerolledback", "serviceremoved", "artifactpublished"].map(
    (name) => `schemas/${name}.json`,
  ),
  ...["embeddedlinksarray", "embeddedlinkend", "embeddedlinkpath", "embeddedlinkrelation"].map(
    (name) => `schemas/links/${name}.json`,
  ),
  "custom/schema.json",
];

async function readSchema(file: string): Promise<string> {
  const folder = process.env.CDEVENTS_SCHEMAS;
  if (folder) return readFile(join(folder, file), "utf8");
  const response = await fetch(`${ORIGIN}${file}`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return response.text();
}

/** Finds what is wrong with an event; an empty list if it is valid. */
export type Validator = (event: { context: { type: string } }) => string[];

/**
 * Loads the schemas.
 *
 * @returns why there are none, where GitHub cannot be reached
 */
export async function loadCdEvents(): Promise<Validator | string> {
  try {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    for (const file of FILES) ajv.addSchema(JSON.parse(await readSchema(file)));
    return (event) => {
      const [, spec, subject, predicate] = event.context.type.split(".");
      const name = spec === "cdeventsx" ? "custom" : `${subject}-${predicate}-event`;
      const validate = ajv.getSchema(`https://cdevents.dev/${TAG.slice(1)}/schema/${name}`);
      if (validate === undefined) return [`There is no schema ${name}.`];
      return validate(event) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    };
  } catch (error) {
    return `the schemas of CDEvents cannot be loaded: ${(error as Error).message}`;
  }
}
