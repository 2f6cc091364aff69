import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "A context that can be required as a check.", simpleResolvers: true })
export class AvailableCheck {
  @Field(() => String, { description: "The context, for example `ci/build`." })
  context!: string;

  @Field(() => String, {
    nullable: true,
    description: "The human-readable name in the latest report; null if none was given.",
  })
  name!: string | null;

  @Field(() => Date, { description: "When it was last reported." })
  lastReportedAt!: Date;
}
