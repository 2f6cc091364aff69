import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Duration } from "../core/custom-scalars.js";
import { ConfigParity, Stage } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";

@Entity("stage_policies")
@ObjectType({
  description: "The requirements for everything that is promoted into a stage of a pipeline.",
  simpleResolvers: true,
})
export class StagePolicy {
  @PrimaryColumn("text")
  pipelineId!: string;

  @Field(() => Stage, { description: "The stage." })
  @PrimaryColumn("text")
  stage!: Stage;

  /** Milliseconds. */
  @Field(() => Duration, {
    nullable: true,
    description:
      "How long a release must have been current on the source app, without a break, before it is promoted into this stage; null if no time is required.",
  })
  @Column("bigint", { ...integer, nullable: true })
  soakTime!: number | null;

  @Field(() => ConfigParity, { description: "Which config vars a target must have; REQUIRED unless set." })
  @Column("text")
  configParity!: ConfigParity;
  @Field(() => Boolean, {
    description: "Whether a release must be verified on the source app before it is promoted into this stage.",
  })
  @Column("boolean")
  requireVerified!: boolean;

  @Field(() => Boolean, {
    description:
      "Whether releases of the previous stage are promoted into this stage automatically, as soon as every gate allows it.",
  })
  @Column("boolean")
  autoPromote!: boolean;

  /** Milliseconds. */
  @Field(() => Duration, {
    nullable: true,
    description:
      "The minimum time between the starts of two automatic promotions, so that changes are batched; null for no limit.",
  })
  @Column("bigint", { ...integer, nullable: true })
  autoPromoteEvery!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The maximum number of targets of a promotion in progress at the same time; null for a whole wave.",
  })
  @Column("integer", { nullable: true })
  maxParallel!: number | null;

  @Field(() => Int, {
    description:
      "How many targets of a promotion may fail; 0 unless it was set. If more fail, its waiting targets are cancelled.",
  })
  @Column("integer")
  maxFailures!: number;

  /** Milliseconds. */
  @Field(() => Duration, {
    nullable: true,
    description: "How long a promotion pauses after a wave has ended, before the next begins; null for no pause.",
  })
  @Column("bigint", { ...integer, nullable: true })
  pauseBetweenWaves!: number | null;

  @Field(() => [Int], {
    description: "The waves that start only with `advancePromotion`, in ascending order.",
  })
  @Column("simple-json")
  manualWaves!: number[];

  @Field(() => Date, { description: "When it was last changed; if it never was, when the pipeline was created." })
  @Column("bigint", instant)
  updatedAt!: Date;
}
