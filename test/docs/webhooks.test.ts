import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, validate } from "graphql";
import { eventually } from "../../src/async/eventually.js";
import { getSchema } from "../../src/schema/build.js";
import { Seed } from "../support/data/seed.js";
import { createWebhook, LOCAL, untilDelivered } from "../support/data/webhooks.js";
import { parseCodeBlocks } from "../support/documents/markdown.js";
import { freePort } from "../support/network/webhook-receiver.js";
import { ChildProgram } from "../support/service/child-program.js";
import { startServer, temporaryFolder } from "../support/service/server.js";

const BLOCKS = parseCodeBlocks(readFileSync("docs/webhooks.md", "utf8"));

describe("the page about webhooks", () => {
  it("has a receiver that verifies signatures and prints each event once", async (t) => {
    const [receiver] = BLOCKS.filter(({ language }) => language === "js");
    assert.ok(receiver);
    assert.ok(receiver.text.trim().split("\n").length <= 24, "it is short");
    const file = join(temporaryFolder(t), "receiver.mjs");
    writeFileSync(file, receiver.text);
    const server = await startServer(t, { env: LOCAL });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const { id, secret } = await createWebhook(server.admin, url);
    await server.admin.mutate("pauseWebhook", { webhook: id }, "webhook { id }");
    const program = ChildProgram.start(t, file, { PORT: String(port), WEBHOOK_SECRET: secret });
    let printed = "";
    program.child.stdout?.on("data", (text: Buffer) => {
      printed += text.toString();
    });
    const isUp = () =>
      fetch(url, { method: "POST", body: "{}" }).then(
        ({ status }) => status === 401,
        () => false,
      );
    assert.ok(await eventually(isUp), "it refuses what is not signed");
    const app = await new Seed(server.admin).app();
    await server.admin.mutate("resumeWebhook", { webhook: id }, "webhook { id }");
    const { deliveries } = await untilDelivered(server, id, 1);
    await server.admin.mutate("redeliver", { delivery: deliveries.nodes[0]?.id }, "delivery { id }");
    const other = await new Seed(server.admin).app();
    await untilDelivered(server, id, 3);
    assert.ok(await eventually(() => printed.includes(other.name)), "both arrived");
    assert.equal(
      printed,
      `APP_CREATED App ${app.name} created\nAPP_CREATED App ${other.name} created\n`,
      "no repeat is printed",
    );
  });

  it("has only examples that are valid against the schema", () => {
    const schema = getSchema();
    const examples = BLOCKS.filter(({ language }) => language === "graphql");
    assert.ok(examples.length >= 2);
    for (const { text } of examples) assert.deepEqual(validate(schema, parse(text)), [], text);
  });
});
