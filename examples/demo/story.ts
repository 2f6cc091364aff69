import type { Cast } from "./cast.js";
import { playChecks } from "./checks.js";
import { playGates } from "./gates.js";
import type { Narrator } from "./narrator.js";
import { FIRST_COMMIT, MERGE } from "./props.js";
import { buildLines, couplingLines, funnelLines, pipelineLines, promotionLines, releasesLines } from "./views.js";
import { playWorkflow } from "./workflow.js";

/**
 * The walk-through of pipelines, as a person would read it. Beside every step stands what it is promised to give, in the
 * words of the text; `<id>` and `<time>` stand for what is different each time.
 */
export async function playStory(cast: Cast, tell: Narrator): Promise<void> {
  await createPipeline(cast, tell);
  await promoteFromDevelopment(cast, tell);
  await bringTogether(cast, tell);
  await deployToTwelveRegions(cast, tell);
  await playChecks(cast, tell);
  await playGates(cast, tell);
  await playWorkflow(cast, tell);
}

async function createPipeline({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter("Creating a pipeline", "A pipeline is a group of apps that share the same codebase.");
  const myapp = await operator.createPipeline("myapp");
  tell.shows(pipelineLines(myapp), "= myapp pipeline (review -> development -> staging -> production)");

  tell.chapter("Adding apps to a pipeline", "A stage can hold any number of apps.");
  const places = { "myapp-space-dev": "DEVELOPMENT", "myapp-space-qa": "STAGING", "myapp-space-stg": "STAGING" };
  for (const [app, stage] of Object.entries(places)) {
    tell.shows(
      couplingLines(await operator.add("myapp", app, stage)),
      `
        app id=<id>, name=${app}
        id <id>
        created_at <time>
        updated_at <time>
        stage ${stage.toLowerCase()}
        pipeline id=${myapp.id}, name=myapp`,
    );
  }
}

async function promoteFromDevelopment({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter("Releasing a build", "A build is made from one commit, and never changes.");
  const build = await operator.createBuild(MERGE);
  tell.shows(
    buildLines(build),
    `
      Build <id> succeeded
        Commit: 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d
        Message: Merge pull request #6 from Spaceghost/patch-1
        Author: The Octocat
        Artifact: registry.example/hello-world:7fd1a60
        Checksum: ${MERGE.checksum}`,
  );
  const released = await operator.release("myapp-space-dev", build);
  tell.shows(
    releasesLines(await operator.app("myapp-space-dev")),
    `
      • v1 (${released.id}) - current
        Build: ${build.id}
        Created: <time>
        Status: succeeded
        Description: Deploy of 7fd1a60`,
  );

  tell.chapter("Promoting an app", "Its build moves unchanged to every app of the next stage.");
  const before = await operator.silently().app("myapp-space-qa");
  const promotion = await operator.promote({ app: "myapp-space-dev" });
  tell.shows(
    promotionLines(promotion),
    `
      Promoting app ⬢ myapp-space-dev ... ✓
      = myapp pipeline (development -> staging)
      Promoted: ⬢ myapp-space-dev (Release: ${released.id})
      To: ⬢ myapp-space-qa
          ⬢ myapp-space-stg`,
  );
  const after = await operator.app("myapp-space-qa");
  tell.shows(
    releasesLines(after),
    `
      • v1 (${promotion.targets[0]?.release.id}) - current
        Build: ${build.id}
        Created: <time>
        Status: succeeded
        Description: Promotion from myapp-space-dev`,
  );
  const builds = promotion.targets.map((target) => target.release.build);
  tell.holds("Both run the same build as myapp-space-dev", builds, [build, build]);
  tell.holds(
    "Only the releases of myapp-space-qa have changed",
    { ...after, releases: null },
    { ...before, releases: null },
  );
}

async function bringTogether({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter(
    "A team's pipeline",
    "Jim and Kim each have a development app; what either makes goes to the same staging.",
  );
  await operator.createPipeline("myapp-team");
  const quietly = operator.silently();
  await quietly.add("myapp-team", "myapp-jim-dev", "DEVELOPMENT");
  await quietly.add("myapp-team", "myapp-kim-dev", "DEVELOPMENT");
  await quietly.add("myapp-team", "myapp-staging", "STAGING");
  await quietly.add("myapp-team", "myapp", "PRODUCTION");
  tell.shows(
    funnelLines(await operator.pipeline("myapp-team")),
    `
      myapp-jim-dev ---
                       \\
                        ---> myapp-staging ---> myapp
                       /
      myapp-kim-dev ---`,
  );
  const jims = await quietly.release("myapp-jim-dev", await quietly.createBuild(MERGE));
  const kims = await quietly.release("myapp-kim-dev", await quietly.createBuild(FIRST_COMMIT));

  const first = await operator.promote({ pipeline: "myapp-team", stage: "DEVELOPMENT" });
  tell.shows(
    promotionLines(first),
    `
      Promoting app ⬢ myapp-jim-dev ... ✓
      = myapp-team pipeline (development -> staging)
      Promoted: ⬢ myapp-jim-dev (Release: ${jims.id})
      To: ⬢ myapp-staging`,
  );
  tell.holds(
    "Without a source app, the first app of the stage with a release is promoted: Jim's",
    first.source.name,
    "myapp-jim-dev",
  );

  const second = await operator.promote({ app: "myapp-kim-dev", release: kims.id, targets: ["myapp-staging"] });
  tell.shows(
    promotionLines(second),
    `
      Promoting app ⬢ myapp-kim-dev ... ✓
      = myapp-team pipeline (development -> staging)
      Promoted: ⬢ myapp-kim-dev (Release: ${kims.id})
      To: ⬢ myapp-staging`,
  );
  const staged = second.targets[0]?.release;
  tell.shows(
    promotionLines(await operator.promote({ app: "myapp-staging" })),
    `
      Promoting app ⬢ myapp-staging ... ✓
      = myapp-team pipeline (staging -> production)
      Promoted: ⬢ myapp-staging (Release: ${staged?.id})
      To: ⬢ myapp`,
  );
  const [live] = (await quietly.app("myapp")).releases.nodes;
  tell.holds("Production runs Kim's commit, the latest one", live?.build.commit, kims.build.commit);
}

const REGIONS = ["ams", "bom", "cdg", "fra", "gru", "iad", "jnb", "lhr", "nrt", "ord", "sin", "syd"];

async function deployToTwelveRegions({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter("Twelve regions at once", "One promotion releases to all apps of the production stage.");
  await operator.createPipeline("myapp-world");
  const quietly = operator.silently();
  await quietly.add("myapp-world", "myapp-world-stage", "STAGING");
  for (const region of REGIONS) await quietly.add("myapp-world", `myapp-${region}`, "PRODUCTION", { region });
  const staged = await quietly.release("myapp-world-stage", await quietly.createBuild(MERGE));
  const promotion = await operator.promote({ app: "myapp-world-stage" });
  tell.shows(
    promotionLines(promotion),
    `
      Promoting app ⬢ myapp-world-stage ... ✓
      = myapp-world pipeline (staging -> production)
      Promoted: ⬢ myapp-world-stage (Release: ${staged.id})
      To: ⬢ myapp-ams (ams)
          ⬢ myapp-bom (bom)
          ⬢ myapp-cdg (cdg)
          ⬢ myapp-fra (fra)
          ⬢ myapp-gru (gru)
          ⬢ myapp-iad (iad)
          ⬢ myapp-jnb (jnb)
          ⬢ myapp-lhr (lhr)
          ⬢ myapp-nrt (nrt)
          ⬢ myapp-ord (ord)
          ⬢ myapp-sin (sin)
          ⬢ myapp-syd (syd)`,
  );
  const checksums = new Set(promotion.targets.map((target) => target.release.build.checksum));
  tell.holds("All twelve run one artifact, with one checksum", [...checksums], [MERGE.checksum]);
}
