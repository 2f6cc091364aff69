import { createHash } from "node:crypto";
import type { Client } from "../../test/support/clients/client.js";

interface Id {
  readonly id: string;
}

interface AppInput {
  readonly checks?: readonly string[];
  readonly region?: string;
  readonly deploymentMode?: string;
}

const MESSAGES = [
  "Round prices in the cart to whole cents",
  "Retry payments that the bank deferred",
  "Show delivery dates in the customer's time zone",
  "Load product images lazily",
  "Drop the old checkout form",
  "Cache exchange rates for an hour",
  "Search by article number",
  "Send receipts as PDF",
] as const;

const AUTHORS = ["Ada Okafor", "Lin Wei", "Jonas Berg", "Priya Nair"] as const;

const HOUR_MS = 3_600_000;

/** The data behind the screenshots, made through the public API. */
export class Story {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Creates a token of a person. Returns its secret. */
  async person(person: string, role: string, groups: readonly string[] = []): Promise<string> {
    return (await this.#client.mutate("createToken", { name: person, person, role, groups }, "secret")).secret;
  }

  /**
   * Approvals, promotions that wait, freezes and windows, in the pipelines of `small`, and of `large` if it is there.
   *
   * @param as creates a client of a token
   * @returns the id of the promotion that waits in the small pipeline
   */
  async holds(as: (secret: string) => Client, hasLarge: boolean): Promise<string> {
    const [ada, lin] = [
      as(await this.person("Ada Okafor", "OPERATOR")),
      as(await this.person("Lin Wei", "OPERATOR", ["release-managers"])),
    ];
    const approvers = [{ group: "release-managers" }];
    const rule = { stage: "PRODUCTION", name: "release managers", approvers };
    await this.#client.mutate("createApprovalRule", { ...rule, pipeline: "myapp", required: 2 }, "rule { id }");
    await this.#client.mutate("createApprovalRule", { ...rule, pipeline: "storefront", required: 1 }, "rule { id }");
    await ada.mutate("promote", { app: "storefront-qa", whenReady: true }, "promotion { id }");
    const started = await ada.mutate("promote", { app: "myapp-qa", whenReady: true }, "promotion { id }");
    const promotion = started.promotion.id as string;
    await lin.mutate(
      "approvePromotion",
      { promotion, comment: "Tested on staging, prices are right" },
      "promotion { id }",
    );
    const weekends = { recurrence: "FREQ=WEEKLY;BYDAY=SA", startTime: "00:00:00", endTime: "23:59:00" };
    const window = { kind: "DENY", timeZone: "Europe/Berlin", message: "No deployments at the weekend" };
    await this.#client.mutate(
      "createDeploymentWindow",
      { name: "weekends", ...window, ...weekends, scope: { stages: ["PRODUCTION"], pipelines: ["ledger"] } },
      "window { id }",
    );
    const working = { recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", startTime: "09:00:00", endTime: "17:00:00" };
    await this.#client.mutate(
      "createDeploymentWindow",
      {
        name: "working-hours",
        kind: "ALLOW",
        timeZone: "Europe/Berlin",
        ...working,
        scope: { pipelines: ["billing"] },
      },
      "window { id }",
    );
    const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();
    await this.#client.mutate(
      "startFreeze",
      {
        reason: "Black Friday",
        scope: { stages: ["PRODUCTION"], pipelines: ["storefront"] },
        startsAt: at(70),
        endsAt: at(150),
      },
      "freeze { id }",
    );
    if (!hasLarge) return promotion;
    await this.#client.mutate("createApprovalRule", { ...rule, pipeline: "fleet", required: 1 }, "rule { id }");
    await ada.mutate("promote", { pipeline: "fleet", stage: "STAGING", whenReady: true }, "promotion { id }");
    const frozen = { stages: ["PRODUCTION"], pipelines: ["fleet"] };
    const incident = { reason: "Payments incident", incidentUrl: "https://status.example.com/142" };
    const freeze = await this.#client.mutate(
      "startFreeze",
      { ...incident, scope: frozen, endsAt: at(3.2) },
      "freeze { id }",
    );
    await this.#client.mutate(
      "exemptFromFreeze",
      { freeze: freeze.freeze.id, app: "shop-004-live", reason: "Fixes the incident", expiresAt: at(2) },
      "freeze { id }",
    );
    return promotion;
  }

  async pipeline(name: string, input: object = {}): Promise<string> {
    const given = { name, repository: `github.com/acme/${name}`, ...input };
    return (await this.#client.mutate("createPipeline", given, "pipeline { id }")).pipeline.id;
  }

  async app(pipeline: string, name: string, stage: string, { checks = [], ...app }: AppInput = {}): Promise<void> {
    await this.#client.mutate("createApp", { name, ...app }, "app { id }");
    const coupling = { pipeline, app: name, stage, requiredChecks: checks };
    await this.#client.mutate(
      "addCoupling",
      { ...coupling, ...(stage === "DEVELOPMENT" && { autoDeploy: false }) },
      "coupling { id }",
    );
  }

  /** The n-th build of a repository, counted from zero. */
  async build(repository: string, n: number): Promise<string> {
    const sha = createHash("sha1").update(`${repository} ${n}`).digest("hex");
    const commit = { sha, message: MESSAGES[n % MESSAGES.length], author: AUTHORS[n % AUTHORS.length] };
    const input = {
      repository: `github.com/acme/${repository}`,
      branch: "main",
      commit,
      artifact: `registry.test/${repository}:${n}`,
    };
    return (await this.#client.mutate<{ build: Id }>("createBuild", input, "build { id }")).build.id;
  }

  async release(app: string, build: string): Promise<string> {
    const input = { app, build, force: true, reason: "A screenshot" };
    return (await this.#client.mutate<{ release: Id }>("createRelease", input, "release { id }")).release.id;
  }

  async status(build: string, context: string, state: string, description = ""): Promise<void> {
    await this.#client.mutate("reportStatus", { build, context, state, description }, "status { id }");
  }

  async report(release: string, phase: string, failureReason?: string): Promise<void> {
    await this.#client.mutate(
      "reportDeployment",
      { release, phase, ...(failureReason && { failureReason }) },
      "release { id }",
    );
  }

  async rollback(app: string): Promise<void> {
    await this.#client.mutate("rollback", { app, reason: "Errors in the checkout" }, "release { id }");
  }

  /** A pipeline of three apps, one a stage. */
  async small(): Promise<void> {
    await this.pipeline("myapp");
    await this.app("myapp", "myapp-dev", "DEVELOPMENT");
    await this.app("myapp", "myapp-qa", "STAGING");
    await this.app("myapp", "myapp-eu", "PRODUCTION", { checks: ["ci/build", "qa/smoke"] });
    const builds = [];
    for (let n = 0; n < 4; n += 1) builds.push(await this.build("myapp", n));
    const [first = "", second = "", third = "", fourth = ""] = builds;
    for (const build of builds) {
      await this.status(build, "ci/build", "SUCCESS");
      await this.release("myapp-dev", build);
    }
    for (const build of [first, second, third]) await this.release("myapp-qa", build);
    for (const build of [first, second]) await this.status(build, "qa/smoke", "SUCCESS");
    await this.status(fourth, "qa/smoke", "PENDING");
    for (const build of [first, second]) await this.release("myapp-eu", build);
  }

  /** A pipeline where much happens at once. */
  async busy(): Promise<void> {
    const reported = { deploymentMode: "REPORTED" };
    const checks = ["ci/build", "qa/smoke"];
    await this.pipeline("storefront", { description: "The shop that customers see", reviewAppsEnabled: true });
    await this.app("storefront", "storefront-dev", "DEVELOPMENT");
    await this.app("storefront", "storefront-next", "DEVELOPMENT");
    await this.app("storefront", "storefront-qa", "STAGING", { checks: ["ci/build"] });
    await this.app("storefront", "storefront-load", "STAGING", { checks: ["ci/build"] });
    for (const region of ["eu", "us", "ap"]) {
      await this.app("storefront", `storefront-${region}`, "PRODUCTION", { ...reported, checks, region });
    }
    const builds: string[] = [];
    for (let n = 0; n < 6; n += 1) builds.push(await this.build("storefront", n));
    const at = (n: number) => builds[n] as string;
    for (const build of builds) await this.status(build, "ci/build", "SUCCESS", "412 tests");
    for (const build of builds) await this.release("storefront-dev", build);
    for (const n of [0, 1, 2, 3, 4]) await this.release("storefront-next", at(n));
    await this.rollback("storefront-next");
    for (const n of [0, 1, 2, 3, 4]) await this.release("storefront-qa", at(n));
    for (const n of [0, 1, 2, 4]) await this.release("storefront-load", at(n));
    for (const n of [0, 1, 2, 3]) await this.status(at(n), "qa/smoke", "SUCCESS");
    await this.status(at(4), "qa/smoke", "PENDING", "12 of 30 journeys");
    await this.status(at(4), "security/scan", "FAILURE", "1 high: CVE-2026-1042");
    for (const region of ["eu", "us", "ap"]) {
      for (const n of [0, 1, 2]) await this.report(await this.release(`storefront-${region}`, at(n)), "SUCCEEDED");
    }
    await this.report(await this.release("storefront-eu", at(3)), "SUCCEEDED");
    await this.report(await this.release("storefront-us", at(3)), "DEPLOYING");
    await this.report(
      await this.release("storefront-ap", at(3)),
      "FAILED",
      "Readiness probe failed: 503 from /healthz",
    );
    for (const [number, title] of [
      [418, "Gift cards"],
      [421, "Dark product pages"],
    ] as const) {
      const pullRequest = {
        number,
        title,
        branch: `pr-${number}`,
        author: AUTHORS[number % 4],
        url: `https://github.com/acme/storefront/pull/${number}`,
      };
      const opened = await this.#client.mutate(
        "openReviewApp",
        { pipeline: "storefront", pullRequest },
        "reviewApp { app { name } }",
      );
      const build = await this.build("storefront", number);
      await this.release(opened.reviewApp.app.name, build);
    }
  }

  /** A pipeline of 200 apps in production and staging. */
  async large(): Promise<void> {
    await this.pipeline("fleet", { description: "One app for each shop" });
    const builds: string[] = [];
    for (let n = 0; n < 4; n += 1) builds.push(await this.build("fleet", n));
    const at = (n: number) => builds[n] as string;
    for (const build of builds) await this.status(build, "ci/build", "SUCCESS");
    await this.app("fleet", "fleet-dev", "DEVELOPMENT");
    for (const build of builds) await this.release("fleet-dev", build);
    const add = async (stage: string, number: number, total: number) => {
      const name = `shop-${String(number).padStart(3, "0")}-${stage === "STAGING" ? "test" : "live"}`;
      const isLast = number > total - 6;
      await this.app("fleet", name, stage, { checks: ["ci/build"], ...(isLast && { deploymentMode: "REPORTED" }) });
      const newest = stage === "STAGING" ? 2 : number % 9 === 0 ? 2 : 1;
      for (const n of isLast ? [0] : [0, newest]) {
        const release = await this.release(name, at(n));
        if (isLast) await this.report(release, "SUCCEEDED");
      }
      if (!isLast) return;
      const release = await this.release(name, at(newest));
      if (number === total) await this.report(release, "FAILED", "Image could not be pulled");
    };
    for (let n = 1; n <= 60; n += 1) await add("STAGING", n, 60);
    for (let n = 1; n <= 139; n += 1) await add("PRODUCTION", n, 139);
  }

  /** Quiet pipelines that fill the overview. */
  async others(): Promise<void> {
    for (const name of ["billing", "catalog", "identity", "ledger", "mailer", "notifications", "search", "warehouse"]) {
      await this.pipeline(name);
      const build = await this.build(name, name.length);
      for (const [suffix, stage] of [
        ["dev", "DEVELOPMENT"],
        ["qa", "STAGING"],
        ["live", "PRODUCTION"],
      ] as const) {
        await this.app(name, `${name}-${suffix}`, stage);
        await this.release(`${name}-${suffix}`, build);
      }
    }
  }
}
