import type { Ctx } from "../../../src/domain/core/context.js";

/** The parts of a context that reach outside, for contexts that need none. */
export const OFFLINE: Pick<Ctx, "sender" | "publicUrl"> = {
  sender: {
    checkUrl: (_, url) => url,
    send: async () => null,
  },
  publicUrl: null,
};
