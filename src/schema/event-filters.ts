/* The options of the arguments that the query and the subscriptions of events share. */

export const PIPELINE_FILTER = {
  nullable: true,
  description: "Only events of this pipeline, by id or name; by id if it is deleted.",
} as const;

export const APP_FILTER = {
  nullable: true,
  description: "Only events of this app or of promotions from or to it, by id or name; by id if it is deleted.",
} as const;

export const TYPES_FILTER = { nullable: true, description: "Only events of these types." } as const;
