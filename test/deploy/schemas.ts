import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Cleanup, temporaryFolder } from "../support/service/temporary-folder.js";
import { run } from "./docker/run.js";

/*
 * The schemas of Kubernetes and Compose. They are packages with a separate lock file, installed at first use.
 */

const FOLDER = "test/clients/manifests";
const MODULES = resolve(FOLDER, "node_modules");
const COMPOSE = "dclint/schemas/compose.schema.json";

/** The reason why there are no schemas; false if there are. CI has the npm registry and must not skip the tests. */
export async function skipWithoutSchemas(): Promise<string | false> {
  if (existsSync(join(MODULES, COMPOSE))) return false;
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", FOLDER]);
    return false;
  } catch (error) {
    if (process.env.CI) throw error;
    return `the schemas cannot be installed: ${(error as Error).message.split("\n")[1]}`;
  }
}

async function load<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(join(MODULES, file)).href)) as T;
}

/** The common fields of a Kubernetes object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape, and the schema has validated it.
  readonly spec: any;
}

interface Yaml {
  parseAllDocuments(text: string, options?: object): { toJS(): unknown; readonly errors: readonly Error[] }[];
}

/** Parses the documents of a YAML file. */
export async function readYaml<T>(file: string): Promise<T[]> {
  const { parseAllDocuments } = await load<Yaml>("yaml/dist/index.js");
  return parseAllDocuments(readFileSync(file, "utf8"), { merge: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as T;
  });
}

/** Validates a manifest against the schema of its kind. Unknown fields are errors. */
export async function getProblems(t: Cleanup, manifest: Manifest): Promise<string> {
  const { apiVersion, kind } = manifest;
  const path = `kubernetes-models/${apiVersion}/${kind}`;
  type Model = new (data: Manifest) => { validate(): void };
  const { [kind]: model } = await load<Record<string, Model>>(`${path}.js`);
  if (model === undefined) return `${apiVersion} has no ${kind}.`;
  try {
    new model(manifest).validate();
  } catch (error) {
    return (error as Error).message;
  }
  // The schema allows unknown fields, but an object literal of its TypeScript type does not.
  const folder = temporaryFolder(t);
  symlinkSync(MODULES, join(folder, "node_modules"));
  const text = `import type { I${kind} } from "${path}";\nexport const manifest: I${kind} = ${JSON.stringify(manifest)};\n`;
  writeFileSync(join(folder, "manifest.ts"), text);
  const options = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--skipLibCheck",
  ];
  const tsc = [resolve("node_modules/typescript/bin/tsc"), ...options, join(folder, "manifest.ts")];
  return run(process.execPath, tsc).then(
    () => "",
    (error: Error) => error.message,
  );
}

interface Ajv {
  readonly default: new (
    options: object,
  ) => {
    validate(schema: object, data: unknown): boolean;
    errorsText(): string;
  };
}

/** Validates a Compose file against its schema. */
export async function problemsOfCompose(composition: unknown): Promise<string> {
  const { default: exported } = await load<{ default: Ajv }>("ajv/dist/ajv.js");
  const ajv = new exported.default({ strict: false, validateFormats: false });
  // Draft 7, under a URL that Ajv does not know.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(join(MODULES, COMPOSE), "utf8"));
  return ajv.validate(schema, composition) ? "" : ajv.errorsText();
}
