import { Field, ID, ObjectType } from "type-graphql";
import { LogEvent } from "./event.js";

@ObjectType({
  implements: LogEvent,
  description: "Any other change, for example to a pipeline, an app, a coupling, a build or a token.",
  simpleResolvers: true,
})
export class ChangeEvent extends LogEvent {
  declare detail: { subjectId: string; subjectName: string; summary: string };

  @Field(() => ID, { description: "The id of the changed object, even if it has since been deleted." })
  get subjectId(): string {
    return this.detail.subjectId;
  }

  @Field(() => String, {
    description: "The object's name at the time of the event; for a coupling, the name of its app.",
  })
  get subjectName(): string {
    return this.detail.subjectName;
  }

  @Field(() => String, {
    description: "A human-readable summary, for example `Required checks of myapp-prod: +ci/build -qa/smoke`.",
  })
  get summary(): string {
    return this.detail.summary;
  }
}
