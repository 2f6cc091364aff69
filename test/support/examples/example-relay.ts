import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Access, type ExampleClient, FOLDER, load, runTool, type Untyped } from "./example-clients.js";

/** Compiles the documents of Relay. Its artifacts import each other without an extension, which bundlers add. */
export async function compileRelay(folder: string): Promise<void> {
  await runTool("relay-compiler", [], folder);
  for (const name of readdirSync(`${folder}/__generated__`)) {
    const path = `${folder}/__generated__/${name}`;
    writeFileSync(path, readFileSync(path, "utf8").replace(/(from ["']\.\/\w+\.graphql)(?=["'])/g, "$1.js"));
  }
}

export async function createRelayClient({ url, token }: Access): Promise<ExampleClient> {
  await compileRelay(`${FOLDER}/relay`);
  const { createRelay } = await load("relay.mjs");
  const relay = await load("node_modules/relay-runtime/index.js");
  const { commitMutation, createOperationDescriptor, fetchQuery, getSingularSelector, requestSubscription } =
    relay.default ?? relay;
  const artifact = async (name: string) => (await load(`relay/__generated__/${name}.graphql.js`)).default;
  const board = await artifact("documentsBoardQuery");
  const describe = await artifact("documentsDescribeMutation");
  const events = await artifact("documentsEventsSubscription");
  const apps = await artifact("documentsAppsPaginationQuery");
  const appsFragment = await artifact("documentsApps");
  const environment = createRelay(url, token);
  return {
    name: "Relay",
    query: (pipeline) => fetchQuery(environment, board, { pipeline }).toPromise(),
    describe: (pipeline, description) =>
      new Promise((onCompleted, onError) => {
        commitMutation(environment, {
          mutation: describe,
          variables: { input: { pipeline, description } },
          onCompleted: (data: Untyped, errors: Untyped) => (errors ? onError(errors[0]) : onCompleted(data)),
          onError,
        });
      }),
    async readApps() {
      // As a component reads the fragment: all pages that the store has put together.
      const read = (): Untyped => {
        const { fragment } = createOperationDescriptor(apps, { first: 2 });
        const selector = getSingularSelector(appsFragment, environment.lookup(fragment).data);
        return environment.lookup(selector).data.apps;
      };
      for (let after: string | null = null; ; ) {
        await fetchQuery(environment, apps, { first: 2, after }).toPromise();
        const { edges, pageInfo } = read();
        if (!pageInfo.hasNextPage) return edges.map(({ node }: Untyped) => node.name);
        after = pageInfo.endCursor;
      }
    },
    subscribe(after, next) {
      const { dispose } = requestSubscription(environment, {
        subscription: events,
        variables: { after },
        onNext: (data: Untyped) => next(data.events),
        onError: (error: Error) => {
          throw error;
        },
      });
      return dispose;
    },
    async cached(pipeline) {
      const operation = createOperationDescriptor(board, { pipeline });
      return environment.lookup(operation.fragment).data.pipeline.description;
    },
  };
}
