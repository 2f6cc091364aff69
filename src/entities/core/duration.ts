/** Marks a field as `Duration` in decorators; a duration is a number of milliseconds in code. */
export abstract class Duration {}
