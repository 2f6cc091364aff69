import { Field, ID, ObjectType } from "type-graphql";
import { DeploymentWindow } from "../../entities/gates/deployment-window.js";
import { Freeze } from "../../entities/gates/freeze.js";

/* The payload types of the mutations of windows and freezes. See payloads.ts for the rules. */

@ObjectType({ simpleResolvers: true })
class WindowPayload {
  @Field(() => DeploymentWindow, { description: "The window after the mutation." })
  window!: DeploymentWindow;
}

@ObjectType({ description: "The window that was created.", simpleResolvers: true })
export class CreateDeploymentWindowPayload extends WindowPayload {}

@ObjectType({ description: "The window that was updated.", simpleResolvers: true })
export class UpdateDeploymentWindowPayload extends WindowPayload {}

@ObjectType({ description: "Identifies the window that was deleted.", simpleResolvers: true })
export class DeleteDeploymentWindowPayload {
  @Field(() => ID, { description: "The id of the deleted window." })
  deletedWindowId!: string;
}

@ObjectType({ simpleResolvers: true })
class FreezePayload {
  @Field(() => Freeze, { description: "The freeze after the mutation." })
  freeze!: Freeze;
}

@ObjectType({ description: "The freeze that was started.", simpleResolvers: true })
export class StartFreezePayload extends FreezePayload {}

@ObjectType({ description: "The freeze whose end was changed.", simpleResolvers: true })
export class ExtendFreezePayload extends FreezePayload {}

@ObjectType({ description: "The freeze that was lifted.", simpleResolvers: true })
export class LiftFreezePayload extends FreezePayload {}

@ObjectType({ description: "The freeze with its new exemption.", simpleResolvers: true })
export class ExemptFromFreezePayload extends FreezePayload {}
