import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { request } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { readSignedBody } from "../../../src/integrations/github/webhooks/signed-body.js";
import type { Client } from "../../support/clients/client.js";
import { type Payload, pullRequest, signature, status, withGithub } from "../../support/network/github-webhooks.js";

/** On a new connection, without a timeout for its acceptance: `fetch` gives up after ten seconds. */
function send(url: string, { id, event, payload }: { id: string; event: string; payload: Payload }): Promise<Payload> {
  const body = JSON.stringify(payload);
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "x-github-delivery": id,
      "x-github-event": event,
      "x-hub-signature-256": signature(body),
    };
    const sent = request(`${url}/webhooks/github`, { method: "POST", headers, agent: false }, (answer) => {
      text(answer).then((received) => resolve(JSON.parse(received)), reject);
    });
    sent.on("error", reject).end(body);
  });
}

interface Told {
  readonly type: string;
  readonly summary?: string;
}

async function allEvents(admin: Client): Promise<Told[]> {
  const all: Told[] = [];
  for (let after: string | null = null; ; ) {
    const { events }: Payload = await admin.ask(
      "query ($after: EventCursor) { events(first: 100, after: $after) { nodes { type ... on ChangeEvent { summary } } pageInfo { endCursor hasNextPage } } }",
      { after },
    );
    all.push(...events.nodes);
    if (!events.pageInfo.hasNextPage) return all;
    after = events.pageInfo.endCursor;
  }
}

describe("a thousand webhooks at once, half of them redeliveries", () => {
  it("each take effect once, and queries are served in between", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const build = await seed.build({ repository });
    const deliveries = Array.from({ length: 500 }, (_, index) => ({
      id: randomUUID(),
      event: index % 2 === 0 ? "pull_request" : "status",
      payload:
        index % 2 === 0
          ? pullRequest(repository, "opened", { number: index + 1 })
          : status(
              repository,
              index < 200 ? build.commit.sha : randomBytes(20).toString("hex"),
              `ci/${index}`,
              "success",
            ),
    }));
    let answered = 0;
    const answers = Promise.all(
      [...deliveries, ...deliveries].map(async (delivery) => {
        const answer = await send(server.url, delivery);
        answered += 1;
        return answer;
      }),
    );
    const answeredBefore: number[] = [];
    while (answered < 1000) {
      await admin.ask("{ pipelines(first: 5) { nodes { name } } }");
      answeredBefore.push(answered);
    }
    const outcomes = (await answers).map((answer) => answer.outcome ?? JSON.stringify(answer));
    assert.deepEqual([...new Set(outcomes)].sort(), ["done", "repeated"]);
    assert.equal(outcomes.filter((outcome) => outcome === "done").length, 500);
    assert.equal(outcomes.filter((outcome) => outcome === "repeated").length, 500);
    const between = answeredBefore.filter((count) => count > 0 && count < 1000);
    assert.ok(between.length >= 10, `queries were answered between webhooks, not behind them all: ${between}`);

    const events = await allEvents(admin);
    const opened = events.filter(({ type }) => type === "REVIEW_APP_OPENED").map(({ summary }) => summary);
    assert.equal(opened.length, 250);
    assert.equal(new Set(opened).size, 250);
    const told = events.filter(({ type }) => type === "BUILD_UPDATED").map(({ summary }) => summary);
    assert.equal(told.length, 100);
    assert.equal(new Set(told).size, 100);
    assert.equal(events.filter(({ type }) => type === "APP_UPDATED").length, 0);
  });
});

describe("a body whose connection ends early", () => {
  it("is an error of its sender, which is not logged as an internal one", async () => {
    async function* interrupted() {
      yield Buffer.from("{");
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    }
    const request = { headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` } } as never;
    const reading = readSignedBody(request, Readable.from(interrupted()), ["secret"]);
    await assert.rejects(reading, { code: "BAD_USER_INPUT", message: /connection ended/ });
  });
});
