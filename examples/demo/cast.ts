import type { Narrator } from "./narrator.js";
import type { Railyard } from "./railyard.js";

/** The roles in the story. Each has a token with that role only. */
export interface Cast {
  readonly admin: Railyard;
  /** Creates, releases and promotes. */
  readonly operator: Railyard;
  /** A release manager, who approves. */
  readonly manager: Railyard;
  /** A third party that reports status checks. */
  readonly reporter: Railyard;
}

/** Lets the administrator make tokens for the others. */
export async function hire(admin: Railyard, narrator: Narrator): Promise<Cast> {
  const hired = async (role: "OPERATOR" | "REPORTER" | "VIEWER", name = role.toLowerCase(), groups?: string[]) => {
    const secret = await admin.silently().createToken(name, role, groups);
    return admin.withSecret(secret, (call) => narrator.does(name, call));
  };
  const manager = await hired("VIEWER", "manager", ["release-managers"]);
  return { admin, operator: await hired("OPERATOR"), manager, reporter: await hired("REPORTER") };
}
