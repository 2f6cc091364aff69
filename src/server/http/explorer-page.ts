import { createHash } from "node:crypto";
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";

/** A page of its own, and the policy that lets a browser run it and nothing else. */
export interface ExplorerPage {
  readonly html: string;
  /** The value of `Content-Security-Policy`. */
  readonly policy: string;
}

/** Where GraphiQL's own page starts it; what stands there is replaced, so that the token goes with every request. */
const START = "YogaGraphiQL.renderYogaGraphiQL(";

/** Over GraphiQL: where the token goes. It is kept for this tab only, and forgotten with it. */
const BAR = `
      <form id="token-bar" autocomplete="off">
        <strong>Railyard</strong>
        <label for="token">Token</label>
        <input id="token" type="password" spellcheck="false" placeholder="railyard_…" />
        <button type="submit">Use token</button>
        <button type="button" id="forget">Forget</button>
        <output id="token-state"></output>
      </form>`;

const STYLE = `
        html, body { height: 100%; margin: 0; }
        body { display: flex; flex-direction: column; }
        #token-bar { align-items: center; background: #1f2937; color: #f9fafb; display: flex; flex: none;
          font: 14px/1.4 system-ui, sans-serif; gap: 10px; padding: 8px 14px; }
        #token-bar input { border: 1px solid #4b5563; border-radius: 4px; flex: 0 1 420px; font: inherit;
          min-width: 80px; padding: 4px 8px; }
        #token-bar button { background: #374151; border: 1px solid #6b7280; border-radius: 4px; color: inherit;
          cursor: pointer; font: inherit; padding: 4px 10px; }
        #token-bar button[type=submit] { background: #2563eb; border-color: #2563eb; }
        #token-bar output { color: #d1d5db; }
        #root { flex: 1; height: auto; min-height: 0; }
        #root .graphiql-container { height: 100%; }`;

/** Runs in the browser. A new token starts the page anew: GraphiQL then reads the schema with it, and keeps its tabs. */
const SCRIPT = `
        const KEY = "railyard-token";
        const token = sessionStorage.getItem(KEY) ?? "";
        const authorization = () => (token === "" ? {} : { authorization: "Bearer " + token });
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
        YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#root"), {
          title: "Railyard",
          endpoint: "/graphql",
          additionalHeaders: authorization,
          subscriptionsEndpoint: new URL("/graphql", location.href).href,
          subscriptionsProtocol: "WS",
          connectionParams: authorization,
          // What is typed as a header may be a secret, and is not to outlive the tab.
          shouldPersistHeaders: false,
        });
      `;

/** Makes the page: GraphiQL whole, without anything from elsewhere, and the bar for the token. */
export function renderExplorer(): ExplorerPage {
  const page = renderGraphiQL({ title: "Railyard" });
  const start = page.lastIndexOf(START);
  const end = page.indexOf("</script>", start);
  const script = page.indexOf("<script>", page.indexOf('<div id="root">'));
  if (start === -1 || end === -1 || script === -1) throw new Error("GraphiQL's page is not as it was: see START.");
  const code = page.slice(script + "<script>".length, start) + SCRIPT;
  const html = [
    page.slice(0, script).replace("</style>", `${STYLE}\n      </style>`).replace('<div id="root">', `${BAR}\n$&`),
    `<script>${code}</script>`,
    page.slice(end + "</script>".length),
  ].join("");
  return { html: html.trimStart(), policy: policyFor(code) };
}

/** Only this very script runs, and it may talk to nobody but this server. */
function policyFor(code: string): string {
  const hash = createHash("sha256").update(code).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    // The editor writes styles of its own as it goes, and keeps its icons and fonts in the page.
    "style-src 'unsafe-inline'",
    "img-src data:",
    "font-src data:",
    "worker-src blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
