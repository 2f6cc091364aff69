import { Field, ID, InputType, Int } from "type-graphql";
import type { SetConfigVarInput as DomainSetConfigVarInput } from "../../domain/config-vars/input.js";
import type { RotateConfigKeysInput as RotateInput } from "../../domain/config-vars/rotate.js";
import type * as domain from "../../domain/config-vars/set-config.js";

@InputType({ description: "A config var to set." })
export class SetConfigVarInput implements DomainSetConfigVarInput {
  @Field(() => String, {
    description: "The key: 1 to 128 letters, digits and underscores, not beginning with a digit.",
  })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The value, at most 32 KiB. If omitted, the value stays as it is. A new var without a value is only marked as required.",
  })
  value?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Whether the value that is set is secret. Without a value, the var stays what it is.",
  })
  secret?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the app requires the key. If omitted, it stays as it is; not required if new.",
  })
  required?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: "What it is for, at most 1,024 characters. If omitted, it stays as it is; null clears it.",
  })
  description?: string | null;
}

@InputType({
  description:
    "Input for setConfig. Makes all of the changes or none. An app has at most 200 config vars and 256 KiB of values.",
})
export class SetConfigInput implements domain.SetConfigInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => [SetConfigVarInput], { nullable: true, description: "The config vars to set." })
  set?: SetConfigVarInput[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "The keys to unset. A key that the app requires stays required.",
  })
  unset?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The version that the config must have; with any other version, the mutation fails with CONFLICT. Not checked if omitted.",
  })
  expectedVersion?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether to bypass freezes and windows, which block the new release of a REPORTED app. Requires the ADMIN role and a `reason`.",
  })
  force?: boolean | null;

  @Field(() => String, { nullable: true, description: "The reason for `force`, at most 1,024 characters." })
  reason?: string | null;
}

@InputType({ description: "Input for rotateConfigKeys." })
export class RotateConfigKeysInput implements RotateInput {
  @Field(() => Boolean, {
    nullable: true,
    description: "If true, only counts the keys that would be re-encrypted; false if omitted.",
  })
  dryRun?: boolean | null;
}
