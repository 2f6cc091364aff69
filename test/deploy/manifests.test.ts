import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { readConfig } from "../../src/config.js";
import { skipWithoutPackage } from "../support/service/debian.js";
import { temporaryFolder } from "../support/service/temporary-folder.js";
import { readDockerfile } from "./docker/dockerfile.js";
import { getProblems, type Manifest, problemsOfCompose, readYaml, skipWithoutSchemas } from "./schemas.js";

/** The longest shutdown, in seconds: SHUTDOWN_DELAY, open connections, requests in flight. */
const LONGEST_STOP = 5 + 3 + 10;

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const image = readDockerfile("deploy/Dockerfile").at(-1)?.instructions ?? [];
const last = (name: string) => image.findLast((instruction) => instruction.name === name)?.text;
const skip = await skipWithoutSchemas();

describe("deploy/kubernetes.yaml", { skip }, () => {
  let manifests: Map<string, Manifest>;
  const spec = (kind: string) => manifests.get(kind)?.spec;

  before(async () => {
    manifests = new Map((await readYaml<Manifest>("deploy/kubernetes.yaml")).map((one) => [one.kind, one]));
  });

  it("is valid against the Kubernetes schemas", async (t) => {
    assert.deepEqual([...manifests.keys()], ["Deployment", "Service", "PodDisruptionBudget"]);
    for (const manifest of manifests.values()) assert.equal(await getProblems(t, manifest), "");
    const wrong = structuredClone(manifests.get("Deployment")) as Manifest;
    wrong.spec.template.spec.containers[0].readynessProbe = {};
    assert.match(await getProblems(t, wrong), /readynessProbe/);
  });

  it("has a Service and a PodDisruptionBudget that select the instances", () => {
    const { labels } = spec("Deployment").template.metadata;
    assert.deepEqual(spec("Deployment").selector.matchLabels, labels);
    assert.deepEqual(spec("Service").selector, labels);
    assert.deepEqual(spec("PodDisruptionBudget").selector.matchLabels, labels);
  });

  it("uses the image's user, port and version, on a read-only file system", () => {
    const pod = spec("Deployment").template.spec;
    const [container, ...others] = pod.containers;
    assert.deepEqual(others, []);
    assert.equal(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`, last("USER"));
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(container.ports, [{ name: "http", containerPort: Number(last("EXPOSE")) }]);
    assert.equal(spec("Service").ports[0].targetPort, "http");
    assert.match(container.image, new RegExp(`/railyard:${version}$`));
    assert.ok(container.resources.requests.memory && container.resources.limits.memory);
  });

  it("probes the right paths, and leaves enough time to shut down", () => {
    const pod = spec("Deployment").template.spec;
    const [{ startupProbe, livenessProbe, readinessProbe }] = pod.containers;
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => [httpGet.path, httpGet.port]);
    assert.deepEqual(paths, [
      ["/livez", "http"],
      ["/livez", "http"],
      ["/readyz", "http"],
    ]);
    assert.ok(pod.terminationGracePeriodSeconds > LONGEST_STOP);
    assert.ok(readinessProbe.periodSeconds * 2 < 5, "SHUTDOWN_DELAY is more than two intervals");
  });
});

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
  readonly stop_grace_period?: string;
}

describe("deploy/compose.yaml", { skip }, () => {
  let services: Map<string, Service>;
  const service = (name: string) => services.get(name) as Service;

  before(async () => {
    const [composition] = await readYaml<{ services: Record<string, Service> }>("deploy/compose.yaml");
    services = new Map(Object.entries(composition?.services ?? {}));
  });

  it("is valid against the Compose schema", async () => {
    const [composition] = await readYaml<{ services: Record<string, object> }>("deploy/compose.yaml");
    assert.equal(await problemsOfCompose(composition), "");
    assert.match(await problemsOfCompose({ services: { a: { imagee: "b" } } }), /additional properties/);
  });

  it("starts one instance with SQLite on a volume by default", () => {
    const started = [...services].filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    assert.deepEqual(started, ["railyard"]);
    assert.equal(service("railyard").environment.DATABASE_URL, undefined);
    assert.match(last("ENV") ?? "", / DATABASE_URL=sqlite:\/data\//);
    assert.deepEqual(service("railyard").volumes, ["data:/data"]);
    assert.deepEqual(service("railyard").ports, [`127.0.0.1:4000:${last("EXPOSE")}`]);
  });

  it("starts two instances with PostgreSQL behind the balancer, and not the one with SQLite", () => {
    const started = new Set(["balancer"]);
    for (const name of started) for (const needed of Object.keys(service(name).depends_on ?? {})) started.add(needed);
    assert.deepEqual([...started].sort(), ["balancer", "postgres", "railyard-1", "railyard-2"]);
    for (const name of started) assert.deepEqual(service(name).profiles, ["postgres"]);
    const upstream = [...readFileSync("deploy/nginx.conf", "utf8").matchAll(/^ +server (\S+):4000 /gm)].map(
      ([, one]) => one,
    );
    assert.deepEqual(upstream, ["railyard-1", "railyard-2"]);
    for (const name of upstream) {
      const url = service(String(name)).environment.DATABASE_URL?.replace(/\$\{POSTGRES_PASSWORD:-\}/, "secret");
      assert.equal(url, "postgres://railyard:secret@postgres:5432/railyard");
      assert.equal(readConfig({ DATABASE_URL: url }).databaseUrl, url);
    }
    assert.ok(service("balancer").volumes?.includes("./nginx.conf:/etc/nginx/nginx.conf:ro"));
    assert.ok(existsSync("deploy/nginx.conf"));
  });

  it("leaves enough time to shut down, and pins versions", () => {
    for (const name of ["railyard", "railyard-1", "railyard-2"]) {
      assert.ok(Number.parseInt(service(name).stop_grace_period ?? "", 10) > LONGEST_STOP, name);
    }
    for (const name of ["postgres", "balancer"]) assert.match(service(name).image, /:\d+\.\d+/);
  });
});

describe("deploy/railyard.service", { skip: skipWithoutPackage("/usr/bin/systemd-analyze", "systemd") }, () => {
  const unit = readFileSync("deploy/railyard.service", "utf8");

  it("is a valid systemd unit that starts what npm start starts", (t) => {
    const [, node = "", file = ""] = /^ExecStart=(\S+) \/opt\/railyard\/(\S+)$/m.exec(unit) ?? [];
    assert.ok(existsSync(file), `${file} exists`);
    const copy = join(temporaryFolder(t), "railyard.service");
    // systemd checks that the program exists, and the path of Node differs between machines.
    writeFileSync(copy, unit.replace(node, process.execPath));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", copy], { encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
    writeFileSync(copy, unit.replace(node, process.execPath).replace("ProtectSystem", "ProtectSytem"));
    assert.match(spawnSync("systemd-analyze", ["verify", copy], { encoding: "utf8" }).stderr, /ProtectSytem/);
  });

  it("gives the service few privileges, and enough time to shut down", () => {
    // The exposure on a scale from 0 to 10, times ten. A default unit has 96.
    const args = ["security", "--offline=true", "--threshold=20", "deploy/railyard.service"];
    const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    assert.equal(status, 0, stdout);
    assert.ok(Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1]) > LONGEST_STOP);
    const [, url] = /DATABASE_URL=(\S+)/.exec(unit) ?? [];
    assert.equal(readConfig({ DATABASE_URL: url }).databaseUrl, "sqlite:/var/lib/railyard/railyard.sqlite");
  });
});
