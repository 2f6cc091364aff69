import { Field, ID, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { GithubDeliveryOutcome } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("webhook_deliveries")
@ObjectType({
  implements: Node,
  description: "A webhook delivery from GitHub with a valid signature, and what it did.",
  simpleResolvers: true,
})
export class GithubDelivery {
  @Field(() => ID, { description: "GitHub's id of the delivery (`X-GitHub-Delivery`). A redelivery has the same id." })
  @PrimaryColumn("text")
  id!: string;

  /** Counts up in the order of arrival. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => String, {
    description: "The event, for example `pull_request`; `unknown` if it arrived before an upgrade.",
  })
  @Column("text")
  event!: string;

  @Field(() => String, {
    nullable: true,
    description: "The action of the event, for example `opened`; null if it has none.",
  })
  @Column("text", { nullable: true })
  action!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The repository, by its current name, as `host/owner/name` in lower case; null if the event has none.",
  })
  @Column("text", { nullable: true })
  repository!: string | null;

  /** The code host's id of the repository, as in `RepositoryName`; null if not known. */
  @Column("text", { nullable: true })
  repositoryId!: string | null;

  @Field(() => GithubDeliveryOutcome, { description: "What it did." })
  @Column("text")
  outcome!: GithubDeliveryOutcome;

  @Field(() => String, {
    nullable: true,
    description: "Why it had no effect or was refused; null otherwise.",
  })
  @Column("text", { nullable: true })
  message!: string | null;

  @Field(() => Int, {
    description: "How often it was processed: on arrival, on each redelivery, and on each automatic attempt.",
  })
  @Column("integer")
  attempts!: number;

  @Field(() => Date, { description: "When it first arrived." })
  @Column("bigint", instant)
  receivedAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it was applied or ignored; null if it was neither." })
  @Column("bigint", { ...instant, nullable: true })
  processedAt!: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "Until this time, it is applied automatically once that is possible; null unless it is PENDING.",
  })
  @Column("bigint", { ...instant, nullable: true })
  pendingUntil!: Date | null;

  /** What is needed to apply it, as JSON; null if it is not PENDING. */
  @Column("text", { nullable: true })
  payload!: string | null;

  /** The ids of the pipelines where it changed a review app; null if it arrived before an upgrade. */
  @Column("simple-json", { nullable: true })
  appliedTo!: readonly string[] | null;

  /** The pull request whose state a processed delivery has reported; null if their order does not matter. */
  @Column("text", { nullable: true })
  subject!: string | null;

  /** The time of the subject's state in this delivery, by GitHub's clock; null if there is no subject. */
  @Column("bigint", { ...instant, nullable: true })
  subjectAt!: Date | null;
}
