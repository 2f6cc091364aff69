import { validate as isUuidText } from "uuid";
import { badInput } from "./refusal.js";

/*
 * What text may be, each rule with the numbers of the design. Every function takes the field's path, so that a refusal can
 * say which one was wrong, and returns the value as it is kept.
 */

export const LIMITS = {
  name: 256,
  description: 1024,
  url: 2048,
  commitMessage: 8192,
  idempotencyKey: 256,
  requiredChecks: 50,
  targets: 200,
  waitingPromotions: 100,
  appsOfPipeline: 500,
  context: 255,
  optionalContexts: 1000,
  contextsOfSubscription: 100,
  pipelinesOfToken: 100,
  groupsOfToken: 100,
  nodes: 100,
  pipelinesOfScope: 100,
  appsOfScope: 200,
  approvalRules: 50,
  waves: 20,
} as const;

const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is there to find.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: here line breaks and tabs are not wanted either.
const CONTROL_OR_BREAK = /[\u0000-\u001f\u007f]/;

/** Also the line and paragraph separators of Unicode. */
const CONTROL_OR_SEPARATOR = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Whether text is a UUID, in either case. */
export function isUuid(text: string): boolean {
  return isUuidText(text);
}

/** Whether text could be the name of a pipeline or app. */
export function isName(text: string): boolean {
  return NAME.test(text) && !isUuid(text);
}

/** The name of a pipeline or app: 1–63 lower-case letters, digits and dashes, and nothing that looks like an id. */
export function parseName(field: string, value: string): string {
  if (isUuid(value))
    throw badInput(field, `${field} must not look like a UUID: this is how ids and names are distinguished.`);
  if (NAME.test(value)) return value;
  throw badInput(
    field,
    `${field} must be 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash.`,
  );
}

/**
 * The name of a check, trimmed and in Unicode normalization form C: 1 to 255 characters without control characters. The
 * same rule applies to required and to reported checks, so that every reported check can be required.
 */
export function parseContext(field: string, value: string): string {
  requireWellFormed(field, value);
  const context = value.trim().normalize("NFC");
  const length = [...context].length;
  if (length < 1 || length > LIMITS.context) {
    throw badInput(field, `${field} must be 1 to ${LIMITS.context} characters; it has ${length}.`);
  }
  refuseCharacters(field, context, CONTROL_OR_SEPARATOR);
  return context;
}

/** Text of several lines, of at most `most` characters. */
export function parseText(field: string, value: string, most: number): string {
  return checkText(field, value, most, CONTROL);
}

/** Text of one line that says something: 1 to `most` characters. */
export function parseLine(field: string, value: string, most: number = LIMITS.name): string {
  if (value.trim() === "") throw badInput(field, `${field} must not be empty.`);
  return checkText(field, value, most, CONTROL_OR_BREAK);
}

/** An http or https address of at most 2,048 characters. */
export function parseUrl(field: string, value: string): string {
  const text = checkText(field, value, LIMITS.url, CONTROL_OR_BREAK);
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed !== null && /^https?:$/.test(parsed.protocol) && !/\s/.test(text)) return text;
  throw badInput(field, `${field} must be an address that begins with http:// or https://.`);
}

/** Applies a rule to a value that may be left out or null. */
export function optional<R>(value: string | null | undefined, rule: (value: string) => R): R | null {
  return value == null ? null : rule(value);
}

/** A commit's hash: 4 to 64 hexadecimal digits, kept in lower case. */
export function parseSha(field: string, value: string): string {
  if (/^[0-9a-f]{4,64}$/i.test(value)) return value.toLowerCase();
  throw badInput(field, `${field} must be the hash of a commit: 4 to 64 hexadecimal digits.`);
}

/** `refs/heads/main` and `main` are the same branch; CI reports either. */
export function withoutRefPrefix(branch: string): string {
  return branch.replace(/^refs\/heads\//, "");
}

/**
 * A branch name that git allows, of 1 to 256 characters, without `refs/heads/`. The owner of a fork may precede it:
 * `owner:branch`.
 *
 * https://git-scm.com/docs/git-check-ref-format
 */
export function parseBranch(field: string, value: string): string {
  const branch = parseLine(field, withoutRefPrefix(value));
  const forbidden = /[ ~^?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^@$|(^|\/)\.|\.lock(\/|$)/;
  if (forbidden.test(branch)) throw badInput(field, `${field} must be the name of a branch that git allows.`);
  return branch;
}

/**
 * A repository as `host/owner/name` in lower case, from the forms that people and CI systems use:
 * `https://github.com/acme/shop.git`, `git@github.com:acme/shop`, `ssh://git@ssh.github.com:443/acme/shop`,
 * `https://www.github.com/acme/shop/tree/main`, `github.com/acme/shop`, or `acme/shop` (on GitHub). Elsewhere than on
 * github.com there may be groups between the owner and the name: `gitlab.com/acme/tools/shop`.
 */
export function parseRepository(field: string, value: string): string {
  const text = parseLine(field, value, LIMITS.url).trim().toLowerCase();
  const { host, folders } = splitAddress(text);
  const name = withoutPage(folders)
    .join("/")
    .replace(/\.git$/, "");
  const repository = `${host}/${name}`;
  const isHost = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(host) && host.length <= 253;
  const isPath = /^[\w.~-]+(\/[\w.~-]+)*$/.test(name) && !/(^|\/)\.+(\/|$)/.test(name);
  const example = `${field} must name a repository, as github.com/acme/shop, its address, or acme/shop`;
  if (!isHost || !isPath || repository.length > LIMITS.name) throw badInput(field, `${example}.`);
  const depth = name.split("/").length;
  if (depth === 1) throw badInput(field, `${example}; ${repository} has an owner and no name.`);
  // Stored, it would match nothing: repositories of github.com are not nested.
  if (host === "github.com" && depth > 2) {
    const meant = name.split("/").slice(0, 2).join("/");
    throw badInput(field, `${example}; ${repository} is a page, perhaps of github.com/${meant}.`);
  }
  return repository;
}

/** The normalized host and the path of an address in lower case. Without a host it is on GitHub. */
function splitAddress(text: string): { host: string; folders: readonly string[] } {
  const [, scheme = "", rest = ""] = /^(?:([a-z+]+):\/\/)?(.*)$/.exec(text) ?? [];
  const [, user = "", address = ""] = /^([^@/]+@)?(.*)$/.exec(rest) ?? [];
  const path = address.replace(/[?#].*$/, "").replace(/\/+$/, "");
  // `git@github.com:acme/shop` has no port. The owner may be a number; then only its name follows. npm adds `ssh://`.
  const remote =
    scheme === ""
      ? /^([^/:]+):\/?(?!\d{1,5}\/[^/]+\/)(.+)$/.exec(path)
      : scheme.endsWith("ssh")
        ? /^([^/:]+):(?!\d{1,5}\/)(.+)$/.exec(path)
        : null;
  const [first = "", ...folders] =
    remote === null ? path.split("/") : [remote[1] ?? "", ...(remote[2] ?? "").split("/")];
  // The name of an owner has no dot, that of a host has one.
  const isOwner = scheme === "" && user === "" && remote === null && folders.length === 1 && !/[.:]/.test(first);
  if (isOwner) return { host: "github.com", folders: [first, ...folders] };
  if (first === "api.github.com" && folders[0] === "repos") return { host: "github.com", folders: folders.slice(1) };
  const shorthand = scheme === "" && user === "" && remote !== null ? SHORTHANDS[first] : undefined;
  return { host: shorthand ?? normalizeHost(scheme, first), folders };
}

/** Names by which code hosts are reached over SSH where only the HTTPS port is open, and the hosts that they stand for. */
const SSH_HOSTS: Readonly<Record<string, string>> = {
  "ssh.github.com": "github.com",
  "altssh.gitlab.com": "gitlab.com",
  "altssh.bitbucket.org": "bitbucket.org",
};

/** npm's names of code hosts, as in `github:acme/shop`. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  github: "github.com",
  gitlab: "gitlab.com",
  bitbucket: "bitbucket.org",
};

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", git: "9418" };

/** The host without `www.` and without a port that says nothing: a default one, or that of an SSH server. */
function normalizeHost(scheme: string, host: string): string {
  const [name = "", port, ...more] = host.split(":");
  if (more.length > 0) return host;
  const bare = name.replace(/^www\./, "");
  const known = SSH_HOSTS[bare] ?? bare;
  const isSilent = port === undefined || scheme.endsWith("ssh") || [DEFAULT_PORTS[scheme], "443", "22"].includes(port);
  return isSilent ? known : `${known}:${port}`;
}

/**
 * The path of a repository, without that of a page of it. On GitLab a page follows `/-/`; on GitHub it follows the
 * repository: `acme/shop/tree/main` is `acme/shop`. Other paths are those of repositories in groups.
 */
function withoutPage(folders: readonly string[]): readonly string[] {
  const separator = folders.indexOf("-");
  if (separator >= 2) return folders.slice(0, separator);
  const isPage = folders.length > 3 && /^(tree|blob|commits?|pull)$/.test(folders[2] ?? "");
  return isPage ? folders.slice(0, 2) : folders;
}

/** A whole number between `min` and `max`. */
export function parseWhole(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw badInput(field, `${field} must be a whole number between ${min} and ${max}; got ${value}.`);
}

/** An id where only an id will do, in lower case. */
export function parseId(field: string, value: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw badInput(field, `${field} must be an id: a UUID, as the API gave it.`);
}

function checkText(field: string, value: string, most: number, unwanted: RegExp): string {
  if (value.length > most)
    throw badInput(field, `${field} must be at most ${most} characters; it has ${value.length}.`);
  refuseCharacters(field, value, unwanted);
  requireWellFormed(field, value);
  return value;
}

function refuseCharacters(field: string, value: string, unwanted: RegExp): void {
  if (unwanted.test(value)) throw badInput(field, `${field} must not contain control characters.`);
}

function requireWellFormed(field: string, value: string): void {
  if (!value.isWellFormed()) throw badInput(field, `${field} must be well-formed Unicode.`);
}
