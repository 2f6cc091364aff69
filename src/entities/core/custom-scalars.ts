/* Markers of the scalars in decorators, for types that differ in code. */

/** Marks a field as `Duration`; a duration is a number of milliseconds in code. */
export abstract class Duration {}

/** Marks a field as `GitObjectID`; a string in code. */
export abstract class GitObjectId {}

/** Marks a field as `URL`; a string in code. */
export abstract class Url {}
