import type pc from "picocolors";

/** Colours of a terminal, or none for another reader. */
export type Paint = ReturnType<typeof pc.createColors>;
