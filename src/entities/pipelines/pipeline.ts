import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Url } from "../core/custom-scalars.js";
import { generatedInteger, instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("pipelines")
@ObjectType({
  implements: Node,
  description: "A group of apps that share one codebase and are arranged in stages.",
  simpleResolvers: true,
})
export class Pipeline extends Node {
  @Field(() => String, { description: "The name: lower-case letters, digits and dashes, unique among pipelines." })
  @Column("text")
  name!: string;

  @Field(() => String, { description: "The purpose of the pipeline; empty if not set." })
  @Column("text")
  description!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The repository, for example `github.com/acme/shop`; null if not set. Builds and pull requests are matched to pipelines by repository.",
  })
  @Column("text", { nullable: true })
  repository!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The part of a monorepo that this pipeline deploys; null for the whole repository.",
  })
  @Column("text", { nullable: true })
  component!: string | null;

  @Field(() => String, {
    description: "The central branch. Its builds are deployed automatically to apps in the DEVELOPMENT stage.",
  })
  @Column("text")
  branch!: string;

  @Field(() => Boolean, { description: "Whether each pull request gets a review app in the REVIEW stage." })
  @Column("boolean")
  reviewAppsEnabled!: boolean;

  /** Counts up in the order in which pipelines are created, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  position!: number;

  /** Counts up with every update of a pipeline, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  updatedPosition!: number;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Url, { nullable: true, description: "The address of the repository's page; null if not set." })
  get repositoryUrl(): string | null {
    return this.repository === null ? null : `https://${this.repository}`;
  }

  /** When it was deleted; null if not deleted. The row stays because history refers to it. Its name can be reused. */
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;
}
