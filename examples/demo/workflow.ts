import type { Cast } from "./cast.js";
import type { Narrator } from "./narrator.js";
import { MERGE, PATCH } from "./props.js";
import { promotionLines, releasesLines, reviewAppLines } from "./views.js";

/** The end of the story: the common workflow, from a pull request to production. */
export async function playWorkflow({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter(
    "From a pull request to production",
    "A pull request gets a preview app. After the merge, the build is deployed.",
  );
  const { repository } = MERGE;
  await operator.createPipeline("myapp-flow", { repository, branch: "master", reviewAppsEnabled: true });
  const quietly = operator.silently();
  await quietly.add("myapp-flow", "myapp-flow-dev", "DEVELOPMENT");
  await quietly.add("myapp-flow", "myapp-flow-staging", "STAGING");
  await quietly.add("myapp-flow", "myapp-flow-prod", "PRODUCTION");

  const preview = await operator.openReviewApp("myapp-flow", { number: 6, branch: "patch-1" });
  tell.shows(reviewAppLines(preview), "⬢ myapp-flow-pr-6 previews pull request 6 (patch-1)");
  await quietly.createBuild({ ...PATCH, branch: "patch-1" });
  const [previewed] = (await quietly.app("myapp-flow-pr-6")).releases.nodes;
  tell.holds("The preview runs the build of its branch", previewed?.build.artifact, PATCH.artifact);
  await operator.closeReviewApp("myapp-flow", 6);
  tell.holds("After the merge, the preview is gone", await quietly.find("myapp-flow-pr-6"), null);

  const build = await quietly.createBuild(MERGE);
  const dev = await operator.app("myapp-flow-dev");
  tell.shows(
    releasesLines(dev),
    `
      • v1 (<id>) - current
        Build: ${build.id}
        Created: <time>
        Status: succeeded
        Description: Deploy of 7fd1a60`,
  );
  const by = dev.releases.nodes[0]?.createdBy.name;
  tell.holds("The central branch is deployed automatically", by, "railyard");

  const staged = await operator.promote({ app: "myapp-flow-dev" });
  tell.shows(
    promotionLines(staged),
    `
      Promoting app ⬢ myapp-flow-dev ... ✓
      = myapp-flow pipeline (development -> staging)
      Promoted: ⬢ myapp-flow-dev (Release: ${dev.releases.nodes[0]?.id})
      To: ⬢ myapp-flow-staging`,
  );
  tell.shows(
    promotionLines(await operator.promote({ app: "myapp-flow-staging" })),
    `
      Promoting app ⬢ myapp-flow-staging ... ✓
      = myapp-flow pipeline (staging -> production)
      Promoted: ⬢ myapp-flow-staging (Release: ${staged.targets[0]?.release.id})
      To: ⬢ myapp-flow-prod`,
  );
}
