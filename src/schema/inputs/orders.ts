import { ArgsType, Field, InputType } from "type-graphql";
import {
  AppOrderField,
  BuildOrderField,
  OrderDirection,
  PipelineOrderField,
  PromotionOrderField,
  ReleaseOrderField,
} from "../../entities/core/enums.js";
import { PageArgs } from "../connections.js";

/* The orders of lists. Each is a total order that depends neither on a clock nor on ids. */

@InputType()
abstract class ListOrder {
  @Field(() => OrderDirection, { defaultValue: OrderDirection.ASC, description: "The direction." })
  direction!: OrderDirection;
}

@InputType({ description: "The order of a list of pipelines." })
export class PipelineOrder extends ListOrder {
  @Field(() => PipelineOrderField, { description: "What to sort by." })
  field!: PipelineOrderField;
}

@InputType({ description: "The order of a list of apps." })
export class AppOrder extends ListOrder {
  @Field(() => AppOrderField, { description: "What to sort by." })
  field!: AppOrderField;
}

@InputType({ description: "The order of a list of builds." })
export class BuildOrder extends ListOrder {
  @Field(() => BuildOrderField, { description: "What to sort by." })
  field!: BuildOrderField;
}

@InputType({ description: "The order of a list of releases." })
export class ReleaseOrder extends ListOrder {
  @Field(() => ReleaseOrderField, { description: "What to sort by." })
  field!: ReleaseOrderField;
}

@InputType({ description: "The order of a list of promotions." })
export class PromotionOrder extends ListOrder {
  @Field(() => PromotionOrderField, { description: "What to sort by." })
  field!: PromotionOrderField;
}

/** Options of the argument `orderBy`, with the order of the list if it is omitted. */
export function orderBy<F extends string>(field: F, direction: OrderDirection) {
  const defaultValue = { field, direction };
  return { nullable: true, defaultValue, description: "The order of the list." } as const;
}

@ArgsType()
export class ReleasesArgs extends PageArgs {
  @Field(() => ReleaseOrder, orderBy("CREATED", "DESC"))
  orderBy?: ReleaseOrder | null;
}
