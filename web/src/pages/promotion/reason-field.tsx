import fields from "../../ui/controls/fields.module.css";

interface ReasonFieldProps {
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
}

/** Why somebody does something. It is kept with the promotion. */
export function ReasonField({ label, value, onChange }: ReasonFieldProps) {
  return (
    <label className={fields.field}>
      <span>{label}</span>
      <textarea value={value} maxLength={1024} required onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
