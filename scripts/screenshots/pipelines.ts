import { AUTHORS, type Story } from "./story.js";

/** A pipeline of three apps, one per stage. */
export async function createSmall(story: Story): Promise<void> {
  await story.pipeline("myapp");
  await story.app("myapp", "myapp-dev", "DEVELOPMENT");
  await story.app("myapp", "myapp-qa", "STAGING");
  await story.app("myapp", "myapp-eu", "PRODUCTION", { checks: ["ci/build", "qa/smoke"] });
  const builds = [];
  for (let n = 0; n < 4; n += 1) builds.push(await story.build("myapp", n));
  const [first = "", second = "", third = "", fourth = ""] = builds;
  for (const build of builds) {
    await story.status(build, "ci/build", "SUCCESS");
    await story.release("myapp-dev", build);
  }
  for (const build of [first, second]) await story.status(build, "qa/smoke", "SUCCESS");
  for (const build of [first, second, third]) await story.release("myapp-qa", build);
  await story.status(fourth, "qa/smoke", "PENDING");
  for (const build of [first, second]) await story.release("myapp-eu", build);
}

/** A pipeline with activity in every stage. */
export async function createBusy(story: Story): Promise<void> {
  const reported = { deploymentMode: "REPORTED" };
  const checks = ["ci/build", "qa/smoke"];
  await story.pipeline("storefront", { description: "The shop that customers see", reviewAppsEnabled: true });
  await story.app("storefront", "storefront-dev", "DEVELOPMENT");
  await story.app("storefront", "storefront-next", "DEVELOPMENT");
  await story.app("storefront", "storefront-qa", "STAGING", { checks: ["ci/build"] });
  await story.app("storefront", "storefront-load", "STAGING", { checks: ["ci/build"] });
  for (const region of ["eu", "us", "ap"]) {
    await story.app("storefront", `storefront-${region}`, "PRODUCTION", { ...reported, checks, region });
  }
  const builds: string[] = [];
  for (let n = 0; n < 6; n += 1) builds.push(await story.build("storefront", n));
  const at = (n: number) => builds[n] as string;
  for (const build of builds) await story.status(build, "ci/build", "SUCCESS", "412 tests");
  for (const build of builds) await story.release("storefront-dev", build);
  for (const n of [0, 1, 2, 3, 4]) await story.release("storefront-next", at(n));
  for (const n of [0, 1, 2, 3, 4]) await story.release("storefront-qa", at(n));
  for (const n of [0, 1, 2, 4]) await story.release("storefront-load", at(n));
  for (const n of [0, 1, 2, 3]) await story.status(at(n), "qa/smoke", "SUCCESS");
  await story.status(at(4), "qa/smoke", "PENDING", "12 of 30 journeys");
  await story.status(at(4), "security/scan", "FAILURE", "1 high: CVE-2026-1042");
  for (const region of ["eu", "us", "ap"]) {
    for (const n of [0, 1, 2]) await story.report(await story.release(`storefront-${region}`, at(n)), "SUCCEEDED");
  }
  await story.report(await story.release("storefront-eu", at(3)), "SUCCEEDED");
  await story.report(await story.release("storefront-us", at(3)), "DEPLOYING");
  await story.report(
    await story.release("storefront-ap", at(3)),
    "FAILED",
    "Readiness probe failed: 503 from /healthz",
  );
  // A rollback holds automation until a person resumes it.
  const policy = { pipeline: "storefront", stage: "STAGING", autoPromote: true };
  await story.client.mutate("updateStagePolicy", policy, "policy { stage }");
  await story.rollback("storefront-load");
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
    const opened = await story.client.mutate(
      "openReviewApp",
      { pipeline: "storefront", pullRequest },
      "reviewApp { app { name } }",
    );
    const build = await story.build("storefront", number);
    await story.release(opened.reviewApp.app.name, build);
  }
}

/** A pipeline of 200 apps in production and staging. */
export async function createLarge(story: Story): Promise<void> {
  await story.pipeline("fleet", { description: "One app for each shop" });
  const builds: string[] = [];
  for (let n = 0; n < 4; n += 1) builds.push(await story.build("fleet", n));
  const at = (n: number) => builds[n] as string;
  for (const build of builds) await story.status(build, "ci/build", "SUCCESS");
  await story.app("fleet", "fleet-dev", "DEVELOPMENT");
  for (const build of builds) await story.release("fleet-dev", build);
  const add = async (stage: string, number: number, total: number) => {
    const name = `shop-${String(number).padStart(3, "0")}-${stage === "STAGING" ? "test" : "live"}`;
    const isLast = number > total - 6;
    await story.app("fleet", name, stage, { checks: ["ci/build"], ...(isLast && { deploymentMode: "REPORTED" }) });
    const newest = stage === "STAGING" ? 2 : number % 9 === 0 ? 2 : 1;
    for (const n of isLast ? [0] : [0, newest]) {
      const release = await story.release(name, at(n));
      if (isLast) await story.report(release, "SUCCEEDED");
    }
    if (!isLast) return;
    const release = await story.release(name, at(newest));
    if (number === total) await story.report(release, "FAILED", "Image could not be pulled");
  };
  for (let n = 1; n <= 60; n += 1) await add("STAGING", n, 60);
  for (let n = 1; n <= 139; n += 1) await add("PRODUCTION", n, 139);
}

/** Quiet pipelines that fill the overview. */
export async function createOthers(story: Story): Promise<void> {
  for (const name of ["billing", "catalog", "identity", "ledger", "mailer", "notifications", "search", "warehouse"]) {
    await story.pipeline(name);
    const build = await story.build(name, name.length);
    for (const [suffix, stage] of [
      ["dev", "DEVELOPMENT"],
      ["qa", "STAGING"],
      ["live", "PRODUCTION"],
    ] as const) {
      await story.app(name, `${name}-${suffix}`, stage);
      await story.release(`${name}-${suffix}`, build);
    }
  }
}
