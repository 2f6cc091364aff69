import { v5 } from "uuid";
import type { z } from "zod";
import type * as schemas from "./schemas.js";

/*
 * Objects that clients request and of which Railyard has exactly one: the owner, the organization, the space and the
 * stack. Clients read their fields without a null check, so none may be null.
 */

/** Namespace for the deterministic ids of objects that only have a name. */
const ID_NAMESPACE = "6c1f8b0a-7f3c-4d58-9a55-0d9a6f1c2e44";

/** The creation time of these objects, which are not stored: clients print it. */
const EPOCH = new Date(0).toISOString();

/** Returns the id of an object that only has a name. It is always the same. */
export function toId(kind: string, name: string): string {
  return v5(`${kind} ${name}`, ID_NAMESPACE);
}

/** The single owner of all pipelines and apps; also the single organization and team. */
export const OWNER_NAME = "railyard";
export const OWNER_ID = v5(OWNER_NAME, ID_NAMESPACE);

export const ORGANIZATION = { id: OWNER_ID, name: OWNER_NAME } as const;
export const STACK_NAME = "container";
export const STACK = { id: toId("stack", STACK_NAME), name: STACK_NAME } as const;
export const SPACE_NAME = "default";
export const SPACE = { id: toId("space", SPACE_NAME), name: SPACE_NAME } as const;
/** The region of apps without one. */
export const DEFAULT_REGION = "default";

export function toRegion(name: string): z.output<typeof schemas.regionSchema> {
  return {
    id: toId("region", name),
    name,
    description: name,
    country: name,
    locale: name,
    private_capable: false,
    provider: { name: OWNER_NAME, region: name },
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

export function toOrganization(): z.output<typeof schemas.organizationSchema> {
  return { ...ORGANIZATION, role: "member", type: "team", default: false, created_at: EPOCH, updated_at: EPOCH };
}

export function toStack(): z.output<typeof schemas.stackSchema> {
  const region = { id: toId("region", DEFAULT_REGION), name: DEFAULT_REGION };
  return { ...STACK, default: true, region, state: "public", created_at: EPOCH, updated_at: EPOCH };
}

/** @param apps the number of apps that the viewer can see */
export function toSpace(apps: number): z.output<typeof schemas.spaceSchema> {
  return {
    ...SPACE,
    apps,
    compliance: [],
    region: { id: toId("region", DEFAULT_REGION), name: DEFAULT_REGION },
    stack: STACK,
    state: "available",
    organization: ORGANIZATION,
    team: ORGANIZATION,
    shield: false,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}
