import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseBranch, parseContext, parseLine, parseText, parseUrl } from "../../../../src/domain/core/input.js";
import { normalizeContext, normalizeText, normalizeUrl } from "../../../../src/domain/core/values/normalize.js";
import { parseRepository } from "../../../../src/domain/core/values/repository-address.js";

const anything = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }), fc.webUrl());

describe("input from other systems", () => {
  it("is normalized to this service's rules, for any input", () => {
    fc.assert(
      fc.property(anything, (text) => {
        parseContext("context", normalizeContext(text));
        const line = normalizeText(text, 40);
        if (line !== null) parseText("text", parseLine("text", line, 40), 40);
        const url = normalizeUrl(text);
        if (url !== null) parseUrl("url", url);
      }),
      { numRuns: 5000 },
    );
  });

  it("stays as it is where it fits already", () => {
    const letter = fc.constantFrom(..."abcXYZ019 ._:/\\+()@#-,&[]|测试");
    const context = fc.string({ unit: letter, maxLength: 253 }).map((rest) => `c${rest}d`);
    fc.assert(fc.property(context, (text) => assert.equal(normalizeContext(text), text)));
    fc.assert(fc.property(fc.webUrl(), (url) => assert.equal(normalizeUrl(url), url)));
  });

  it("keeps different long names of checks apart", () => {
    const [one, other] = [`${"x".repeat(300)}1`, `${"x".repeat(300)}2`].map(normalizeContext);
    assert.notEqual(one, other);
  });
});

const FORMS: Readonly<Record<string, readonly string[]>> = {
  "github.com/acme/shop": [
    "acme/shop",
    "acme/shop.git",
    "Acme/Shop",
    " acme/shop ",
    "github.com/acme/shop",
    "github.com/acme/shop/",
    "github.com:443/acme/shop",
    "www.github.com/acme/shop",
    "https://github.com/acme/shop",
    "https://github.com/acme/shop/",
    "https://github.com/acme/shop.git",
    "https://github.com/acme/shop.git/",
    "HTTPS://GitHub.com/Acme/Shop.git",
    "https://github.com:443/acme/shop",
    "http://github.com:80/acme/shop",
    "http://github.com/acme/shop",
    "https://www.github.com/acme/shop",
    "https://www.github.com:443/acme/shop.git",
    "https://x-access-token:ghs_secret@github.com/acme/shop",
    "https://github.com/acme/shop?tab=readme",
    "https://github.com/acme/shop#readme",
    "https://github.com/acme/shop/tree/main",
    "https://github.com/acme/shop/tree/feature/cart",
    "https://github.com/acme/shop/blob/main/README.md",
    "https://github.com/acme/shop/commit/4f3c2a1d",
    "https://github.com/acme/shop/commits/main/",
    "https://github.com/acme/shop/pull/7",
    "https://github.com/acme/shop/pull/7/files",
    "git@github.com:acme/shop",
    "git@github.com:acme/shop.git",
    "git@github.com:/acme/shop.git",
    "git@github.com:443/acme/shop.git",
    "git@ssh.github.com:443/acme/shop.git",
    "github.com:acme/shop",
    "ssh://git@github.com/acme/shop.git",
    "ssh://git@github.com:22/acme/shop.git",
    "ssh://git@ssh.github.com:443/acme/shop.git",
    "ssh://github.com/acme/shop",
    "git+ssh://git@github.com/acme/shop.git",
    "git+ssh://git@github.com:acme/shop.git",
    "ssh://git@ssh.github.com:acme/shop",
    "github:acme/shop",
    "https://api.github.com/repos/acme/shop",
    "git+https://github.com/acme/shop.git",
    "git://github.com/acme/shop.git",
    "git://github.com:9418/acme/shop.git",
  ],
  "github.com/2048/shop": ["2048/shop", "git@github.com:2048/shop.git"],
  "github.com/acme/tree": ["acme/tree", "https://github.com/acme/tree", "https://github.com/acme/tree/tree/main"],
  "gitlab.com/acme/tools/shop": [
    "gitlab.com/acme/tools/shop",
    "https://gitlab.com/acme/tools/shop.git",
    "https://gitlab-ci-token:glcbt-secret@gitlab.com/acme/tools/shop.git",
    "git@gitlab.com:acme/tools/shop.git",
    "ssh://git@altssh.gitlab.com:443/acme/tools/shop.git",
    "https://gitlab.com/acme/tools/shop/-/tree/main",
    "https://gitlab.com/acme/tools/shop/-/merge_requests/7",
    "https://gitlab.com/acme/tools/shop/-/",
  ],
  // A host in the local network, unlike `gitlab:acme/shop`.
  "gitlab/acme/shop": ["git@gitlab:acme/shop.git", "ssh://git@gitlab:2222/acme/shop.git"],
  "gitlab.com/acme/shop": [
    "gitlab:acme/shop",
    "https://gitlab.com/acme/shop/-/tree/main",
    "https://gitlab.com/acme/shop/tree/main",
  ],
  // Groups may be called like pages.
  "gitlab.com/acme/tools/tree": ["https://gitlab.com/acme/tools/tree"],
  "gitlab.com/acme/tools/actions/releases": ["https://gitlab.com/acme/tools/actions/releases"],
  "gitlab.com/acme/src/pulls": ["git@gitlab.com:acme/src/pulls.git"],
  "gitlab.com/acme/platform/tools/tree/shop": ["https://gitlab.com/acme/platform/tools/tree/shop.git"],
  "bitbucket.org/acme/shop": [
    "bitbucket:acme/shop",
    "git@bitbucket.org:acme/shop.git",
    "https://x-token-auth:secret@bitbucket.org/acme/shop.git",
    "ssh://git@altssh.bitbucket.org:443/acme/shop.git",
    "https://bitbucket.org/acme/shop/src/",
    "https://bitbucket.org/acme/shop/src/main/README.md",
    "https://bitbucket.org/acme/shop/branch/main",
    "https://bitbucket.org/acme/shop/pull-requests/7",
  ],
  "codeberg.org/acme/shop": [
    "https://codeberg.org/acme/shop/src/branch/main/README.md",
    "https://codeberg.org/acme/shop/pulls/7",
    "https://codeberg.org/acme/shop/commit/4f3c2a1d",
  ],
  // The repository of a project with the same name needs no project in its address.
  "dev.azure.com/acme/shop/_git/shop": [
    "https://dev.azure.com/acme/_git/shop",
    "https://acme.visualstudio.com/_git/shop",
  ],
  "dev.azure.com/acme/web%20tools/_git/shop": [
    "https://acme@dev.azure.com/acme/Web%20Tools/_git/shop",
    "https://dev.azure.com/acme/Web%20Tools/_git/shop?path=/README.md",
    "git@ssh.dev.azure.com:v3/acme/Web%20Tools/shop",
    "ssh://git@ssh.dev.azure.com:22/v3/acme/Web%20Tools/shop",
    "acme@vs-ssh.visualstudio.com:v3/acme/Web%20Tools/shop",
    "https://acme.visualstudio.com/DefaultCollection/Web%20Tools/_git/shop",
  ],
  "git.example.com/acme/shop": [
    "https://git.example.com/acme/shop/src/branch/main",
    "https://git.example.com/acme/shop",
    "ssh://git@git.example.com:2222/acme/shop.git",
    "git@git.example.com:acme/shop.git",
  ],
  "git.example.com:8443/acme/shop": ["https://git.example.com:8443/acme/shop", "git.example.com:8443/acme/shop"],
  "git.example.com:80/acme/shop": ["https://git.example.com:80/acme/shop"],
};

describe("a repository", () => {
  for (const [repository, forms] of Object.entries(FORMS)) {
    it(`is ${repository} in each of ${forms.length} forms, and in upper case`, () => {
      for (const form of [repository, ...forms]) {
        assert.equal(parseRepository("repository", form), repository, form);
        assert.equal(parseRepository("repository", form.toUpperCase()), repository, form.toUpperCase());
      }
    });
  }

  it("is refused if nothing would ever match it, with what is wrong", () => {
    const owners = [
      "github.com/acme",
      "https://github.com/acme/",
      "https://www.github.com/acme",
      "git@github.com:acme",
      "ssh://git@ssh.github.com:443/acme.git",
    ];
    const example = "repository must name a repository, as github.com/acme/shop, its address, or acme/shop";
    for (const form of owners) {
      const message = `${example}; github.com/acme has an owner and no name.`;
      assert.throws(() => parseRepository("repository", form), { message }, form);
    }
    for (const page of ["pulls", "actions", "releases", "issues/7", "tree", "pull"]) {
      const message = `${example}; github.com/acme/shop/${page} is a page, perhaps of github.com/acme/shop.`;
      assert.throws(() => parseRepository("repository", `https://github.com/acme/shop/${page}`), { message });
    }
    const wiki = `${example}; bitbucket.org/acme/shop/wiki is a page, perhaps of bitbucket.org/acme/shop.`;
    assert.throws(() => parseRepository("repository", "https://bitbucket.org/acme/shop/wiki"), { message: wiki });
    const others = ["acme", "https://", "https:///acme/shop", "acme//shop", "acme/shop with spaces", "../acme/shop"];
    for (const form of [...others, "acme/%zz", "/acme/shop", "https://github.com/..", "a:b:c/acme/shop"]) {
      assert.throws(() => parseRepository("repository", form), { message: `${example}.` }, form);
    }
  });

  it("stays as it is once it is normalized", () => {
    const part = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,8}[a-z0-9]$/).filter((text) => !text.endsWith(".git"));
    const path = fc.array(part, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(path, fc.constantFrom("gitlab.com", "git.example.com:8443", "ssh.github.com"), (folders, host) => {
        const parse = (value: string) => parseRepository("repository", value);
        let repository: string;
        try {
          repository = parse(`https://${host}/${folders.join("/")}`);
        } catch {
          return;
        }
        assert.equal(parse(repository), repository);
      }),
    );
  });
});

describe("a branch", () => {
  it("is the same with and without refs/heads/", () => {
    for (const [given, branch] of [
      ["refs/heads/main", "main"],
      ["main", "main"],
      ["refs/heads/feature/cart", "feature/cart"],
      ["heads/main", "heads/main"],
      ["refs/tags/v1", "refs/tags/v1"],
      ["owner:branch", "owner:branch"],
    ] as const) {
      assert.equal(parseBranch("branch", given), branch);
    }
    assert.throws(() => parseBranch("branch", "refs/heads/"), { message: "branch must not be empty." });
  });
});
