import type { ReactNode } from "react";
import type { QuarantineRowFragment } from "../gql/graphql";
import { Icon } from "../ui/icons/icons";
import { Age } from "../ui/text/age";
import { STAGE_NAMES } from "../ui/text/format";
import { Note } from "./note";

interface QuarantineNotesProps {
  /** Those that are in force. */
  readonly quarantines: readonly QuarantineRowFragment[];
  readonly tools?: ReactNode;
}

/** From which stage on a build is quarantined, why, and by whom. Nothing if it is not. */
export function QuarantineNotes({ quarantines, tools }: QuarantineNotesProps) {
  return quarantines.map(({ id, fromStage, reason, by, createdAt }, index) => (
    <Note
      key={id}
      kind="warn"
      icon={<Icon name="lock" size={14} />}
      title={`Quarantined from ${STAGE_NAMES[fromStage].toLowerCase()} on`}
      tools={index === 0 ? tools : undefined}
    >
      {reason} · {by.person ?? by.name}, <Age time={createdAt} />
    </Note>
  ));
}
