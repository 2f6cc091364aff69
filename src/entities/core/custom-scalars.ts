/* Markers for scalars in decorators whose type in code is another one. */

/** Marks a field as `Duration`; a duration is a number of milliseconds in code. */
export abstract class Duration {}

/** Marks a field as `GitObjectID`; a string in code. */
export abstract class GitObjectId {}

/** Marks a field as `LocalDate`; a string in code, for example `2026-12-24`. */
export abstract class LocalDate {}

/** Marks a field as `LocalTime`; a string in code, for example `09:30`. */
export abstract class LocalTime {}

/** Marks a field as `TimeZone`; a string in code, for example `Europe/Berlin`. */
export abstract class TimeZone {}

/** Marks a field as `URL`; a string in code. */
export abstract class Url {}
