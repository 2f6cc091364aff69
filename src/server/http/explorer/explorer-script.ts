/* The part of the explorer that runs in the browser: the token bar, the examples and the connection to the service. */

/** The operations in the editor when the page is opened for the first time, one tab each. */
export const EXAMPLES: readonly string[] = [
  `# Lists the pipelines and what runs in each stage.
# Ctrl-Enter runs it. Ctrl-Space completes a field.
# The first icon opens the documentation.
query Pipelines {
  pipelines(first: 10) {
    nodes {
      name
      stages {
        stage
        couplings {
          requiredChecks
          app {
            name
            currentRelease {
              version
              phase
              build { commit { sha } }
            }
          }
        }
      }
    }
  }
}
`,
  `# Lists each change as it happens, the newest first,
# until you stop it.
subscription Changes {
  events {
    type
    occurredAt
    actor { name }
    pipeline { name }
    ... on ChangeEvent { summary }
    ... on ReleaseEvent { releasePhase release { version app { name } } }
    ... on ReleaseStatusEvent { context state }
    ... on PromotionEvent { promotionPhase targetPhase }
  }
}
`,
];

/** The number of events of a subscription that the page shows. */
const MAX_EVENTS = 100;

/**
 * Starts GraphiQL. A new token reloads the page: GraphiQL then loads the schema with it and restores its tabs. Without a
 * token it does not load the schema, because the service would refuse the request.
 */
export const SCRIPT = `
        const KEY = "railyard-token";
        const token = sessionStorage.getItem(KEY) ?? "";
        const authorization = token === "" ? {} : { authorization: "Bearer " + token };
        const field = document.querySelector("#token");
        field.value = token;
        document.querySelector("#token-state").value =
          token === "" ? "Paste a token to begin." : "Sent with every request from this tab.";
        const use = (value) => {
          sessionStorage.setItem(KEY, value.trim());
          location.reload();
        };
        document.querySelector("#token-bar").addEventListener("submit", (event) => {
          event.preventDefault();
          use(field.value);
        });
        document.querySelector("#forget").addEventListener("click", () => use(""));

        /** GraphiQL names the operation at the cursor, or for a moment after an edit one that is no longer there. */
        const selectOperation = ({ query, variables, operationName: name }) => {
          const code = query.replace(/#.*/g, "");
          const named = [...code.matchAll(/\\b(query|mutation|subscription)\\s+(\\w+)/g)].find((match) => match[2] === name);
          if (named !== undefined) return { kind: named[1], params: { query, variables, operationName: name } };
          return { kind: /^\\s*(\\w+)/.exec(code)?.[1], params: { query, variables } };
        };

        const request = async (params, headers) => {
          const response = await fetch(location.pathname, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json", ...authorization, ...headers },
            body: JSON.stringify(params),
          });
          return response.json();
        };

        /** Subscribes with the protocol graphql-transport-ws, and shows the list of all events instead of only the last. */
        const subscribe = (payload) => ({
          subscribe(observer) {
            const socket = new WebSocket(new URL(location.pathname, location.href.replace(/^http/, "ws")), "graphql-transport-ws");
            const send = (message) => socket.send(JSON.stringify(message));
            const events = [];
            let received = 0;
            let ended = false;
            const end = () => {
              ended = true;
              observer.complete();
              socket.close(1000);
            };
            const handlers = {
              connection_ack: () => {
                observer.next({ received, events });
                send({ id: "1", type: "subscribe", payload });
              },
              ping: () => send({ type: "pong" }),
              next: (message) => {
                received += 1;
                events.unshift(message.payload.errors ? message.payload : message.payload.data);
                events.length = Math.min(events.length, ${MAX_EVENTS});
                observer.next({ received, events });
              },
              error: (message) => {
                observer.next({ errors: message.payload, received, events });
                end();
              },
              complete: end,
            };
            socket.onopen = () => send({ type: "connection_init", payload: authorization });
            socket.onmessage = ({ data }) => {
              const message = JSON.parse(data);
              handlers[message.type]?.(message);
            };
            socket.onclose = ({ code, reason }) => {
              if (ended) return;
              const message = "The connection was closed: " + code + " " + reason;
              observer.next({ errors: [{ message }], received, events });
              end();
            };
            return {
              unsubscribe() {
                ended = true;
                socket.close(1000);
              },
            };
          },
        });

        /** The stored tab that was open before the page was reloaded. GraphiQL opens an empty one otherwise. */
        const openTab = () => {
          try {
            const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem("graphiql:tabState"));
            const { query, variables } = tabs[activeTabIndex];
            return { query, variables };
          } catch {
            return {};
          }
        };

        YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#root"), {
          title: "",
          logo: "",
          defaultTabs: ${JSON.stringify(EXAMPLES.map((query) => ({ query })))},
          fetcher: (operation, options) => {
            const { kind, params } = selectOperation(operation);
            return kind === "subscription" ? subscribe(params) : request(params, options?.headers);
          },
          ...openTab(),
          defaultEditorToolsVisibility: innerWidth > 700,
          ...(token === "" && { schema: null }),
          // Headers may hold secrets and must not outlive the tab.
          shouldPersistHeaders: false,
        });
      `;
