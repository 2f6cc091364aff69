import type { ReactNode } from "react";
import styles from "./icons.module.css";

interface IconProps {
  readonly size?: number;
  /** What it means, for screen readers; decorative if omitted. */
  readonly label?: string | undefined;
}

/** The shapes differ, so that no meaning depends on color alone. */
export type StateName = "good" | "busy" | "queued" | "bad" | "pending" | "missing" | "none";

const SHAPES: Readonly<Record<StateName, ReactNode>> = {
  good: (
    <>
      <circle cx="8" cy="8" r="8" fill="currentColor" />
      <path d="m4.4 8.3 2.5 2.5 4.7-5.3" className={styles.cut} />
    </>
  ),
  bad: (
    <>
      <rect width="15" height="15" x=".5" y=".5" rx="3.5" fill="currentColor" />
      <path d="m5.2 5.2 5.6 5.6m0-5.6-5.6 5.6" className={styles.cut} />
    </>
  ),
  busy: (
    <g className={styles.spin}>
      <circle cx="8" cy="8" r="6.6" className={styles.track} />
      <path d="M8 1.4a6.6 6.6 0 0 1 6.6 6.6" className={styles.line} />
    </g>
  ),
  queued: <circle cx="8" cy="8" r="6.6" className={styles.dashed} />,
  pending: (
    <>
      <circle cx="8" cy="8" r="6.8" className={styles.line} />
      <path d="M8 4.4V8l2.4 1.6" className={styles.line} />
    </>
  ),
  missing: (
    <>
      <circle cx="8" cy="8" r="6.8" className={styles.dashed} />
      <path d="M6.1 6.3a2 2 0 1 1 2.6 1.9c-.5.2-.7.5-.7 1m0 2v.1" className={styles.line} />
    </>
  ),
  none: <circle cx="8" cy="8" r="6.6" className={styles.faint} />,
};

export function StateIcon({ state, size = 16, label }: IconProps & { readonly state: StateName }) {
  return (
    <Svg size={size} label={label} className={styles[state]}>
      {SHAPES[state]}
    </Svg>
  );
}

/** The shape of a state inside of a larger SVG, 16 units wide. */
export function StateShape({ state, label }: Pick<IconProps, "label"> & { readonly state: StateName }) {
  return (
    <g className={styles[state]}>
      {label !== undefined && <title>{label}</title>}
      {SHAPES[state]}
    </g>
  );
}

export function Mark({ size = 22 }: IconProps) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" className={styles.mark}>
      <rect width="32" height="32" rx="8" />
      <path d="M7 22h18M7 22c7 0 7-12 14-12h4" />
      <circle cx="7" cy="22" r="2.6" />
      <circle cx="25" cy="10" r="2.6" />
      <circle cx="25" cy="22" r="2.6" />
    </svg>
  );
}

const PATHS = {
  lock: "M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z",
  unlock: "M4.5 7V5a3.5 3.5 0 0 1 6.8-1.2M3.5 7h9v6.5h-9z",
  arrow: "M2.5 8h11m-4-4 4 4-4 4",
  undo: "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.4 2.8 6.5l3 3.1",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  close: "m4 4 8 8m0-8-8 8",
  branch: "M5 4.5v7m0-7a1.5 1.5 0 1 0 0-.01M5 13a1.5 1.5 0 1 0 0-.01M11 6.5c0 3-6 2-6 5M11 5a1.5 1.5 0 1 0 0-.01",
  pause: "M5.5 3.5v9m5-9v9",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.4-1.1 3.1 3.1",
  snow: "M8 1.5v13M2.4 4.8l11.2 6.4M2.4 11.2l11.2-6.4M6 2.8 8 4.6l2-1.8M6 13.2l2-1.8 2 1.8",
  external: "M6 3.5H3.5v9h9V10M9 3h4v4m0-4L7.5 8.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, label }: IconProps & { readonly name: IconName }) {
  return (
    <Svg size={size} label={label} className={styles.plain}>
      <path d={PATHS[name]} />
    </Svg>
  );
}

interface SvgProps {
  readonly size: number;
  readonly label: string | undefined;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

function Svg({ size, label, className, children }: SvgProps) {
  const style = { inlineSize: `${size / 16}rem`, blockSize: `${size / 16}rem` };
  if (label === undefined) {
    return (
      <svg aria-hidden="true" viewBox="0 0 16 16" className={className} style={style}>
        {children}
      </svg>
    );
  }
  return (
    <svg role="img" aria-label={label} viewBox="0 0 16 16" className={className} style={style}>
      {children}
    </svg>
  );
}
