/** The parts of an OpenAPI document that the reference page uses. */
interface OpenApiDocument {
  readonly info?: { readonly title?: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, object | undefined>>;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
}

/** Renders an HTML page that lists every route by tag. It needs no script. */
export function referencePage(document: OpenApiDocument): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods ?? {}) as [string, Operation][]) {
      const subject = operation.tags?.[0] ?? "other";
      const row = `<tr><td><code>${method.toUpperCase()}</code></td><td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(operation.summary ?? "")}</td></tr>`;
      groups.set(subject, [...(groups.get(subject) ?? []), row]);
    }
  }
  const tables = [...groups].map(
    ([subject, rows]) => `<h2>${escapeHtml(subject)}</h2>\n<table>\n${rows.join("\n")}\n</table>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(document.info?.title ?? "")}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid #ccc; padding: .3rem .6rem .3rem 0; vertical-align: top; }
</style>
</head>
<body>
<h1>${escapeHtml(document.info?.title ?? "")}</h1>
<p>${escapeHtml(document.info?.description ?? "")} See <a href="/openapi.json">openapi.json</a> for all fields.</p>
${tables.join("\n")}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
