import { type ComponentProps, useId } from "react";
import styles from "./fields.module.css";

interface TextFieldProps extends Omit<ComponentProps<"input">, "onChange"> {
  readonly label: string;
  readonly value: string;
  /** What is wrong with the value, shown below it; null if nothing is known to be. */
  readonly error?: string | null;
  onChange(value: string): void;
}

/** A field with its label, and with what the service said about its value. */
export function TextField({ label, value, error = null, onChange, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input
        value={value}
        autoComplete="off"
        aria-invalid={error !== null || undefined}
        aria-describedby={error === null ? undefined : id}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
      {error !== null && (
        <em id={id} role="alert" className={styles.error}>
          {error}
        </em>
      )}
    </label>
  );
}
