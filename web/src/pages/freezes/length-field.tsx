import fields from "../../ui/controls/fields.module.css";

export const HOUR_MS = 3_600_000;

/** Hours; empty for no end. */
const LENGTHS = [
  ["1", "an hour"],
  ["4", "4 hours"],
  ["24", "a day"],
  ["168", "a week"],
  ["", "until it is lifted"],
] as const;

interface LengthFieldProps {
  readonly label: string;
  /** In hours; empty for no end. */
  readonly value: string;
  /** Whether it must have an end. */
  readonly bounded?: boolean;
  onChange(hours: string): void;
}

export function LengthField({ label, value, bounded = false, onChange }: LengthFieldProps) {
  return (
    <label className={fields.field}>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {LENGTHS.filter(([hours]) => !bounded || hours !== "").map(([hours, name]) => (
          <option key={hours} value={hours}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
