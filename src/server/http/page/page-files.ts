import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** Where `npm run build` puts the page: `dist/web`. */
export const PAGE_FOLDER = fileURLToPath(new URL("../../../../web/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * The names that Vite gives to assets. They contain no slash, so a request cannot address files outside of the folder.
 */
const ASSET_NAME = /^[\w-][\w.-]*\.(js|css|svg)$/;

export interface CompressedFile {
  readonly type: string;
  /** By the value of `Content-Encoding`. */
  readonly bodies: { readonly identity: Buffer; readonly gzip: Buffer; readonly br: Buffer };
  readonly etag: string;
}

/** The files of the page. Each is compressed once, on first use. */
export class PageFiles {
  readonly #assets = new Map<string, Promise<CompressedFile | null>>();

  constructor(readonly folder = PAGE_FOLDER) {}

  /** Whether the page was built. */
  get built(): boolean {
    return existsSync(`${this.folder}index.html`);
  }

  /** The path of the manifest of the page's documents. */
  get documents(): string {
    return `${this.folder}documents.json`;
  }

  /** The page itself, with `base` and `settings` filled in. */
  async index(base: string, settings: object): Promise<CompressedFile> {
    const html = readFileSync(`${this.folder}index.html`, "utf8")
      .replace('<base href="/" />', () => `<base href="${escapeAttribute(base)}" />`)
      .replace('content="{}"', () => `content="${escapeAttribute(JSON.stringify(settings))}"`);
    return compress(Buffer.from(html), "text/html; charset=utf-8");
  }

  /** An asset by its name; null if it does not exist. */
  asset(name: string): Promise<CompressedFile | null> {
    const extension = ASSET_NAME.exec(name)?.[1];
    const type = extension === undefined ? undefined : TYPES[extension];
    if (type === undefined) return Promise.resolve(null);
    const known = this.#assets.get(name);
    if (known !== undefined) return known;
    const loaded = readFile(`${this.folder}assets/${name}`).then(
      (content) => compress(content, type),
      (error: NodeJS.ErrnoException) => {
        this.#assets.delete(name);
        if (error.code === "ENOENT") return null;
        throw error;
      },
    );
    this.#assets.set(name, loaded);
    return loaded;
  }
}

async function compress(content: Buffer, type: string): Promise<CompressedFile> {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  const [zipped, br] = await Promise.all([promisify(gzip)(content), promisify(brotliCompress)(content, quality)]);
  const etag = `W/"${createHash("sha256").update(content).digest("base64url")}"`;
  return { type, bodies: { identity: content, gzip: zipped, br }, etag };
}

function escapeAttribute(text: string): string {
  return text.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
