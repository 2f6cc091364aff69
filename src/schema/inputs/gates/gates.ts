import { Field, ID, InputType } from "type-graphql";
import type * as scopes from "../../../domain/gates/calendar/scopes.js";
import type * as exemptions from "../../../domain/gates/freezes/exemptions.js";
import type * as freezes from "../../../domain/gates/freezes/freezes.js";
import type * as windows from "../../../domain/gates/windows/windows.js";
import { LocalDate, LocalTime, TimeZone } from "../../../entities/core/custom-scalars.js";
import { Stage, WindowKind } from "../../../entities/core/enums.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({
  description:
    "Where a window or freeze applies. Every non-empty list must match; an empty list matches everything. A token that is restricted to pipelines must name pipelines or apps.",
})
export class GateScopeInput implements scopes.GateScopeInput {
  @Field(() => [ID], { nullable: true, description: "Pipelines, by id or name: at most 100." })
  pipelines?: string[] | null;

  @Field(() => [Stage], { nullable: true, description: "Stages." })
  stages?: Stage[] | null;

  @Field(() => [ID], { nullable: true, description: "Apps, by id or name: at most 200." })
  apps?: string[] | null;
}

const RECURRENCE =
  "The days on which it begins, as a recurrence rule of RFC 5545 without times, for example `FREQ=WEEKLY;BYDAY=MO,TU`";
const END_TIME = "The local time at which it ends; on the next day if this is at or before `startTime`.";

@InputType({ description: "Input for createDeploymentWindow." })
export class CreateDeploymentWindowInput implements windows.CreateDeploymentWindowInput {
  @Field(() => String, {
    description: "The name: 1 to 63 lower-case letters, digits and dashes, unique among windows.",
  })
  name!: string;

  @Field(() => WindowKind, { description: "Whether deployments may or may not begin while the window is active." })
  kind!: WindowKind;

  @Field(() => GateScopeInput, { nullable: true, description: "Where it applies; everywhere if omitted." })
  scope?: GateScopeInput | null;

  @Field(() => TimeZone, { description: "The time zone of its dates and times." })
  timeZone!: string;

  @Field(() => String, { nullable: true, description: `${RECURRENCE}; every day if omitted.` })
  recurrence?: string | null;

  @Field(() => LocalDate, { nullable: true, description: "The first day on which it may begin; today if omitted." })
  startDate?: string | null;

  @Field(() => LocalDate, { nullable: true, description: "The last day on which it may begin; no end if omitted." })
  endDate?: string | null;

  @Field(() => LocalTime, { description: "The local time at which it begins on these days." })
  startTime!: string;

  @Field(() => LocalTime, { description: END_TIME })
  endTime!: string;

  @Field(() => String, { nullable: true, description: "What people see when it blocks them: 1 to 1,024 characters." })
  message?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateDeploymentWindow. Omitted fields stay unchanged." })
export class UpdateDeploymentWindowInput implements windows.UpdateDeploymentWindowInput {
  @Field(() => ID, { description: "The window, by id or name." })
  window!: string;

  @Field(() => String, { nullable: true, description: "The new name." })
  name?: string;

  @Field(() => WindowKind, { nullable: true, description: "The new kind." })
  kind?: WindowKind;

  @Field(() => GateScopeInput, { nullable: true, description: "The new scope, in place of the earlier one." })
  scope?: GateScopeInput | null;

  @Field(() => TimeZone, { nullable: true, description: "The new time zone." })
  timeZone?: string;

  @Field(() => String, { nullable: true, description: `${RECURRENCE}; null for every day.` })
  recurrence?: string | null;

  @Field(() => LocalDate, { nullable: true, description: "The new first day." })
  startDate?: string | null;

  @Field(() => LocalDate, { nullable: true, description: "The new last day; null for no end." })
  endDate?: string | null;

  @Field(() => LocalTime, { nullable: true, description: "The new time at which it begins." })
  startTime?: string;

  @Field(() => LocalTime, { nullable: true, description: END_TIME })
  endTime?: string;

  @Field(() => String, { nullable: true, description: "The new message; null for none." })
  message?: string | null;
}

@InputType({ description: "Input for deleteDeploymentWindow." })
export class DeleteDeploymentWindowInput {
  @Field(() => ID, { description: "The window, by id or name." })
  window!: string;
}

@InputType({ description: "Input for startFreeze." })
export class StartFreezeInput implements freezes.StartFreezeInput {
  @Field(() => GateScopeInput, { nullable: true, description: "Where it applies; everywhere if omitted." })
  scope?: GateScopeInput | null;

  @Field(() => String, { description: "Why deployments are stopped: 1 to 1,024 characters." })
  reason!: string;

  @Field(() => String, { nullable: true, description: "The address of the incident." })
  incidentUrl?: string | null;

  @Field(() => Date, { nullable: true, description: "When it begins, at most a year ahead; now if omitted." })
  startsAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it ends, at most a year after its start; 4 hours after its start if omitted.",
  })
  endsAt?: Date | null;

  @Field(() => Boolean, { nullable: true, description: "Whether it lasts until it is lifted. Use without `endsAt`." })
  untilLifted?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether even `force` cannot bypass it; false if omitted." })
  hard?: boolean | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for extendFreeze. Give `endsAt` or `untilLifted`." })
export class ExtendFreezeInput implements freezes.ExtendFreezeInput {
  @Field(() => ID, { description: "The freeze." })
  freeze!: string;

  @Field(() => Date, { nullable: true, description: "The new end, at most a year after the start." })
  endsAt?: Date | null;

  @Field(() => Boolean, { nullable: true, description: "Whether it lasts until it is lifted." })
  untilLifted?: boolean | null;
}

@InputType({ description: "Input for liftFreeze." })
export class LiftFreezeInput implements freezes.LiftFreezeInput {
  @Field(() => ID, { description: "The freeze." })
  freeze!: string;

  @Field(() => String, { description: "Why it is lifted: 1 to 1,024 characters." })
  reason!: string;
}

@InputType({ description: "Input for exemptFromFreeze. Give `build` or `app`." })
export class ExemptFromFreezeInput implements exemptions.ExemptFromFreezeInput {
  @Field(() => ID, { description: "The freeze." })
  freeze!: string;

  @Field(() => ID, { nullable: true, description: "The build that may be deployed." })
  build?: string | null;

  @Field(() => ID, { nullable: true, description: "The app to which anything may be deployed, by id or name." })
  app?: string | null;

  @Field(() => String, { description: "The reason for the exemption: 1 to 1,024 characters." })
  reason!: string;

  @Field(() => Date, { description: "When the exemption ends." })
  expiresAt!: Date;
}
