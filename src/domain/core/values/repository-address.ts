import { LIMITS, parseLine } from "../input.js";
import { badInput } from "../refusal.js";

/** The normalized host and the parts of the path of an address. */
interface Address {
  readonly host: string;
  readonly folders: readonly string[];
}

/** Hosts on which a repository has an owner and a name, and never a group. */
const FLAT_HOSTS: ReadonlySet<string> = new Set(["github.com", "bitbucket.org", "codeberg.org"]);

/**
 * A repository as `host/owner/name` in lower case, from the forms that people and CI systems use:
 * `https://github.com/acme/shop.git`, `git@github.com:acme/shop`, `ssh://git@ssh.github.com:443/acme/shop`,
 * `https://www.github.com/acme/shop/tree/main`, `github.com/acme/shop`, or `acme/shop` (on GitHub). Elsewhere than on
 * github.com there may be groups between the owner and the name: `gitlab.com/acme/tools/shop`.
 */
export function parseRepository(field: string, value: string): string {
  const text = parseLine(field, value, LIMITS.url).trim().toLowerCase();
  const { host, folders } = splitAddress(text);
  const name = withoutPage(host, folders)
    .join("/")
    .replace(/\.git$/, "");
  const repository = `${host}/${name}`;
  const isHost = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(host) && host.length <= 253;
  // Projects of Azure DevOps may have spaces, as `%20`.
  const isPath =
    /^(?:[\w.~-]|%[0-9a-f]{2})+(?:\/(?:[\w.~-]|%[0-9a-f]{2})+)*$/.test(name) && !/(^|\/)\.+(\/|$)/.test(name);
  const example = `${field} must name a repository, as github.com/acme/shop, its address, or acme/shop`;
  if (!isHost || !isPath || repository.length > LIMITS.name) throw badInput(field, `${example}.`);
  const depth = name.split("/").length;
  if (depth === 1) throw badInput(field, `${example}; ${repository} has an owner and no name.`);
  // Otherwise it would be stored, and match no build.
  if (FLAT_HOSTS.has(host) && depth > 2) {
    const meant = name.split("/").slice(0, 2).join("/");
    throw badInput(field, `${example}; ${repository} is a page, perhaps of ${host}/${meant}.`);
  }
  return repository;
}

/** The normalized host and the path of an address in lower case. Without a host it is on GitHub. */
function splitAddress(text: string): Address {
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
  // The name of a host has a dot, and that of an owner has none.
  const isOwner = scheme === "" && user === "" && remote === null && folders.length === 1 && !/[.:]/.test(first);
  if (isOwner) return { host: "github.com", folders: [first, ...folders] };
  if (first === "api.github.com" && folders[0] === "repos") return { host: "github.com", folders: folders.slice(1) };
  const shorthand = scheme === "" && user === "" && remote !== null ? SHORTHANDS[first] : undefined;
  return normalizeAzure({ host: shorthand ?? normalizeHost(scheme, first), folders });
}

/**
 * A repository of Azure DevOps has one address over HTTPS and another one over SSH, and older ones below
 * visualstudio.com: `dev.azure.com/org/project/_git/shop` is `ssh.dev.azure.com:v3/org/project/shop`. A project's name
 * may be left out where its repository has the same name.
 */
function normalizeAzure(address: Address): Address {
  const { host, folders } = address;
  const [, organization] = /^([a-z0-9-]+)\.visualstudio\.com$/.exec(host) ?? [];
  let path: readonly string[];
  if (/^(ssh\.dev\.azure|vs-ssh\.visualstudio)\.com$/.test(host) && folders[0] === "v3" && folders.length === 4) {
    path = [folders[1] ?? "", folders[2] ?? "", "_git", folders[3] ?? ""];
  } else if (host === "dev.azure.com") {
    path = folders;
  } else if (organization !== undefined) {
    path = [organization, ...(folders[0] === "defaultcollection" ? folders.slice(1) : folders)];
  } else {
    return address;
  }
  const [owner = "", project = "", name = ""] = path;
  return { host: "dev.azure.com", folders: project === "_git" ? [owner, name, project, name] : path };
}

/**
 * Names by which code hosts are reached over SSH where only the HTTPS port is open, and the hosts that they stand for.
 */
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

/** The host without `www.`, and without the port if it is a default port or that of an SSH server. */
function normalizeHost(scheme: string, host: string): string {
  const [name = "", port, ...more] = host.split(":");
  if (more.length > 0) return host;
  const bare = name.replace(/^www\./, "");
  const known = SSH_HOSTS[bare] ?? bare;
  const isDefaultPort =
    port === undefined || scheme.endsWith("ssh") || [DEFAULT_PORTS[scheme], "443", "22"].includes(port);
  return isDefaultPort ? known : `${known}:${port}`;
}

/**
 * The path of a repository, without the path of a page in it. On GitLab a page follows `/-/`; on hosts without groups
 * it follows the repository: `acme/shop/tree/main` is `acme/shop`. Other paths are those of repositories in groups.
 */
function withoutPage(host: string, folders: readonly string[]): readonly string[] {
  const separator = folders.indexOf("-");
  if (separator >= 2) return folders.slice(0, separator);
  const page = folders.slice(2).join("/");
  const isPage = /^(tree|blob|commits?|pull|src\/(branch|commit|tag))\/./.test(page);
  const isFlatPage = FLAT_HOSTS.has(host) && /^(src$|(src|branch|pull-requests|pulls)\/.)/.test(page);
  return isPage || isFlatPage ? folders.slice(0, 2) : folders;
}
