import { z } from "zod";
import { requireApp } from "../../../domain/core/references.js";
import { unsupported } from "../errors.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { findRelease } from "./releases.js";

const params = z.object({ app: z.string().describe("The app's id or name.") });
const none = z.object({});

/** Answers clients that read config vars: Railyard stores none. */
export function serveConfigVars(http: Routes, parts: PlatformParts): void {
  for (const url of ["/apps/:app/config-vars", "/apps/:app/config-vars/notes"]) {
    http.get(
      url,
      {
        schema: {
          summary: "Returns an empty object: Railyard stores no config vars",
          tags: ["apps"],
          params,
          response: { 200: none },
        },
      },
      async (request) => {
        await requireApp(requestScope(parts, request).reader, "app", request.params.app);
        return {};
      },
    );
    http.patch(
      url,
      {
        schema: {
          summary: "Refused: Railyard stores no config vars",
          tags: ["apps"],
          params,
          body: z.looseObject({}),
          response: { 200: none },
        },
      },
      () => {
        throw unsupported("config-vars", "config vars are not stored");
      },
    );
  }

  http.get(
    "/apps/:app/releases/:release/config-vars",
    {
      schema: {
        summary: "Returns an empty object: Railyard stores no config vars",
        tags: ["releases"],
        params: params.extend({ release: z.string().describe("The release's id or version.") }),
        response: { 200: none },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      await findRelease(reader, await requireApp(reader, "app", request.params.app), request.params.release);
      return {};
    },
  );
}
