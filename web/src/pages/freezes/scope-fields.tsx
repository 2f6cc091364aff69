import type { GateScopeInput, ScopeFragment, Stage } from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { TextField } from "../../ui/controls/text-field";
import { STAGE_NAMES } from "../../ui/text/format";
import { splitNames } from "./scope";

/** What a gate covers, as it is typed: names, separated by commas. */
export interface ScopeDraft {
  readonly pipelines: string;
  readonly apps: string;
  readonly stages: ReadonlySet<Stage>;
}

interface ScopeFieldsProps {
  readonly scope: ScopeDraft;
  /** What is wrong with a field of the input, by its path. */
  findError?(path: string): string | null;
  onChange(scope: ScopeDraft): void;
}

export function ScopeFields({ scope, findError = () => null, onChange }: ScopeFieldsProps) {
  const toggle = (stage: Stage) => {
    const stages = new Set(scope.stages);
    if (!stages.delete(stage)) stages.add(stage);
    onChange({ ...scope, stages });
  };
  return (
    <>
      <TextField
        label="Pipelines, separated by commas; all if empty"
        value={scope.pipelines}
        error={findError("scope.pipelines")}
        onChange={(pipelines) => onChange({ ...scope, pipelines })}
      />
      <TextField
        label="Apps, separated by commas; all if empty"
        value={scope.apps}
        error={findError("scope.apps")}
        onChange={(apps) => onChange({ ...scope, apps })}
      />
      <fieldset className={fields.group}>
        <legend className={fields.legend}>Stages; all if none is selected</legend>
        {(Object.entries(STAGE_NAMES) as [Stage, string][]).map(([stage, name]) => (
          <label key={stage} className={fields.check}>
            <input type="checkbox" checked={scope.stages.has(stage)} onChange={() => toggle(stage)} />
            {name}
          </label>
        ))}
      </fieldset>
    </>
  );
}

export function toScopeInput({ pipelines, apps, stages }: ScopeDraft): GateScopeInput {
  return { pipelines: splitNames(pipelines), apps: splitNames(apps), stages: [...stages] };
}

export function fromScope({ pipelines, apps, stages }: ScopeFragment): ScopeDraft {
  const join = (places: readonly { readonly name: string }[]) => places.map(({ name }) => name).join(", ");
  return { pipelines: join(pipelines), apps: join(apps), stages: new Set(stages) };
}
