import { Entity, PrimaryColumn } from "typeorm";

/** Maps events to the apps they affect: the app itself, or a promotion's source and targets. */
@Entity("event_apps")
export class EventApp {
  @PrimaryColumn("text")
  appId!: string;

  @PrimaryColumn("bigint")
  position!: number;
}
