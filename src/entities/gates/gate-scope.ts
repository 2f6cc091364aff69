import { Field, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Stage } from "../core/enums.js";

/** The kind of an entry of a scope. */
export type ScopeKind = "PIPELINE" | "STAGE" | "APP";

/** One entry of the scope of a window or freeze. */
@Entity("gate_scopes")
export class GateScopeEntry {
  /** The id of the window or freeze. */
  @PrimaryColumn("text")
  gateId!: string;

  @PrimaryColumn("text")
  kind!: ScopeKind;

  /** The id of the pipeline or app, or the stage. */
  @PrimaryColumn("text")
  subject!: string;

  /** The index in its list. */
  @Column("integer")
  ordinal!: number;
}

/** The ids that a window or freeze applies to. An empty list matches all. */
export interface ScopeIds {
  readonly pipelines: readonly string[];
  readonly stages: readonly Stage[];
  readonly apps: readonly string[];
}

@ObjectType({
  description:
    "Where a window or freeze applies. Every non-empty list must match; an empty list matches everything. If all lists are empty, it applies everywhere.",
  simpleResolvers: true,
})
export class GateScope implements ScopeIds {
  readonly pipelines!: readonly string[];

  @Field(() => [Stage], { description: "The stages; empty for all." })
  readonly stages!: readonly Stage[];

  readonly apps!: readonly string[];
}
