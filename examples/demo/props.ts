import { createHash } from "node:crypto";
import type { BuildInput } from "./selections.js";

/* Builds of commits that anybody can look up, at https://github.com/octocat/Hello-World. */

export const MERGE = toBuild({
  sha: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d",
  message: "Merge pull request #6 from Spaceghost/patch-1",
  author: "The Octocat",
});
export const PATCH = toBuild({
  sha: "762941318ee16e59dabbacb1b4049eec22f0d303",
  message: "New line at end of file. --Signed off by Spaceghost",
  author: "Johnneylee Jack Rollins",
});
export const FIRST_COMMIT = toBuild({
  sha: "553c2077f0edc3d5dc5d17262f6aa498e69d6f8e",
  message: "first commit",
  author: "Cameron McEfee",
});

function toBuild(commit: { readonly sha: string; readonly message: string; readonly author: string }): BuildInput {
  const artifact = `registry.example/hello-world:${commit.sha.slice(0, 7)}`;
  return {
    repository: "github.com/octocat/hello-world",
    branch: "master",
    commit: { ...commit, url: `https://github.com/octocat/Hello-World/commit/${commit.sha}` },
    artifact,
    checksum: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
  };
}
