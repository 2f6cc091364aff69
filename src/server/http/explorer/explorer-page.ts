import { createHash } from "node:crypto";
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import { SCRIPT } from "./explorer-script.js";

/** The GraphiQL page and the content security policy that allows only its own script. */
export interface ExplorerPage {
  readonly html: string;
  /** The value of `Content-Security-Policy`. */
  readonly policy: string;
}

/**
 * The call that starts GraphiQL in its stock page. Everything from here to the end of the script is replaced, so that
 * requests carry the token.
 */
const START = "YogaGraphiQL.renderYogaGraphiQL(";

/** The token bar above GraphiQL. The token is stored in `sessionStorage`, for this tab only. */
const BAR = `
      <form id="token-bar" autocomplete="off">
        <strong>Railyard</strong>
        <label for="token">Token</label>
        <input id="token" type="password" spellcheck="false" placeholder="railyard_…" />
        <button type="submit">Use token</button>
        <button type="button" id="forget">Forget</button>
        <output id="token-state"></output>
      </form>`;

const VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1" />\n      ';

/** On a phone: the sidebar on top, and the editor above the response. */
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
        #root .graphiql-container { height: 100%; }
        @media (max-width: 700px) {
          #token-bar { flex-wrap: wrap; }
          #token-bar strong, #token-bar label { flex: none; }
          #token-bar input { flex: 1 1 0; font-size: 16px; }
          #token-bar output { flex: 1 1 0; }
          #root .graphiql-sidebar { flex-direction: row; width: auto; }
          #root .graphiql-sidebar > button { margin-top: 0 !important; }
          #root .graphiql-container > .graphiql-container { flex-direction: column; }
          #root .graphiql-main, #root #graphiql-session { flex-direction: column; min-height: 0; }
          #root .graphiql-sessions { margin: 0; min-height: 0; }
          #root .graphiql-plugin { min-width: 0 !important; overflow: auto; width: 100%; }
          #root .graphiql-editors, #root .graphiql-response { min-height: 0; }
          #root .graphiql-plugin:not([style*="-1000px"]) ~ .graphiql-sessions .graphiql-response { display: none; }
          #root .graphiql-horizontal-drag-bar { display: none; }
        }`;

/** Renders the page: GraphiQL without external resources, plus the token bar. */
export function renderExplorer(): ExplorerPage {
  const page = renderGraphiQL({ title: "Railyard" });
  const start = page.lastIndexOf(START);
  const end = page.indexOf("</script>", start);
  const script = page.indexOf("<script>", page.indexOf('<div id="root">'));
  if (start === -1 || end === -1 || script === -1)
    throw new Error("GraphiQL's page has an unexpected format; see START.");
  const code = page.slice(script + "<script>".length, start) + SCRIPT;
  const html = [
    page
      .slice(0, script)
      .replace("<meta charset", `${VIEWPORT}$&`)
      .replace("</style>", `${STYLE}\n      </style>`)
      .replace('<div id="root">', `${BAR}\n$&`),
    `<script>${code}</script>`,
    page.slice(end + "</script>".length),
  ].join("");
  return { html: html.trimStart(), policy: policyFor(code) };
}

/** Allows only this script, and connections only to this server. */
function policyFor(code: string): string {
  const hash = createHash("sha256").update(code).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    // The editor creates inline styles and embeds its icons and fonts.
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
