import { Field, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Actor } from "../core/actor.js";
import type { Role } from "../core/enums.js";
import { instant } from "../core/instant.js";

/**
 * A config var of an app. Its value is in `ConfigValue`, so that lists and comparisons do not read it. A row without a
 * fingerprint has no value: the app only marks the key as required.
 */
@Entity("config_vars")
@ObjectType({ description: "A config var of an app. Promotions and rollbacks never copy or change it." })
export class ConfigVar {
  @PrimaryColumn("text")
  appId!: string;

  @Field(() => String, { description: "The key: letters, digits and underscores." })
  @PrimaryColumn("text")
  key!: string;

  @Field(() => Boolean, {
    description: "Whether only administrators and tokens with `readConfig` may read the value.",
  })
  @Column("boolean")
  secret!: boolean;

  @Field(() => Boolean, {
    description: "Whether the app requires the key. Promotions to the app are blocked while the key is not set.",
  })
  @Column("boolean")
  required!: boolean;

  @Field(() => String, { nullable: true, description: "What it is for; null if not set." })
  @Column("text", { nullable: true })
  description!: string | null;

  @Field(() => String, {
    description:
      "12 hexadecimal digits. Equal values of apps of the same pipeline have equal fingerprints, so they can be compared without being read.",
  })
  @Column("text", { nullable: true })
  fingerprint!: string | null;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Column("text")
  updatedByName!: string;

  @Column("text")
  updatedByRole!: Role;

  @Column("text", { nullable: true })
  updatedBySubject!: string | null;

  @Column("text", { nullable: true })
  updatedByPerson!: string | null;

  @Field(() => Actor, { description: "Who last changed it." })
  get updatedBy(): Actor {
    return {
      name: this.updatedByName,
      role: this.updatedByRole,
      subject: this.updatedBySubject,
      person: this.updatedByPerson,
    };
  }
}

/** The encrypted value of a config var. */
@Entity("config_values")
export class ConfigValue {
  @PrimaryColumn("text")
  appId!: string;

  @PrimaryColumn("text")
  key!: string;

  /** AES-256-GCM with the app's key: nonce, tag and ciphertext, in base64. */
  @Column("text")
  sealed!: string;
}

/**
 * The key of an app, which encrypts its values, or of a pipeline, which computes fingerprints. It is encrypted with a
 * key of CONFIG_KEYS.
 */
@Entity("config_keys")
export class ConfigKey {
  /** The id of the app or pipeline. */
  @PrimaryColumn("text")
  subjectId!: string;

  @Column("text")
  kind!: "APP" | "PIPELINE";

  /** The name of the key of CONFIG_KEYS that encrypts it. */
  @Column("text")
  wrappedBy!: string;

  /** AES-256-GCM: nonce, tag and ciphertext, in base64. */
  @Column("text")
  wrapped!: string;
}
