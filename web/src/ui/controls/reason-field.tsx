import fields from "./fields.module.css";

interface ReasonFieldProps {
  /** "Reason" if omitted. */
  readonly label?: string;
  readonly value: string;
  onChange(value: string): void;
}

/** Why a person does something: required, up to 1,024 characters. */
export function ReasonField({ label = "Reason", value, onChange }: ReasonFieldProps) {
  return (
    <label className={fields.field}>
      <span>{label}</span>
      <textarea value={value} maxLength={1024} required onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
