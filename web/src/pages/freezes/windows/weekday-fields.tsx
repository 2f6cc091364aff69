import fields from "../../../ui/controls/fields.module.css";
import { findWeekdays, toRule, WEEKDAYS } from "./window-draft";

interface WeekdayFieldsProps {
  /** A recurrence rule; empty for every day. */
  readonly recurrence: string;
  onChange(recurrence: string): void;
}

/** The weekdays of a recurrence rule. With any other rule none is selected, and a choice replaces the rule. */
export function WeekdayFields({ recurrence, onChange }: WeekdayFieldsProps) {
  const days = findWeekdays(recurrence) ?? [];
  const toggle = (day: string) => {
    const next = days.includes(day) ? days.filter((one) => one !== day) : [...days, day];
    // A window without a day is refused.
    if (next.length > 0) onChange(toRule(next));
  };
  return (
    <fieldset className={fields.group}>
      <legend className={fields.legend}>Days on which it begins</legend>
      {WEEKDAYS.map(([day, name]) => (
        <label key={day} className={fields.check}>
          <input type="checkbox" checked={days.includes(day)} onChange={() => toggle(day)} />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
