import type { EntityClass } from "../database/rows/entity-mapper.js";
import type { Order } from "../database/rows/pages.js";
import { Build } from "../entities/builds/build.js";
import type {
  AppOrderField,
  BuildOrderField,
  OrderDirection,
  PipelineOrderField,
  PromotionOrderField,
  ReleaseOrderField,
} from "../entities/core/enums.js";
import { App } from "../entities/pipelines/app.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";

/* The orders of the lists with the argument `orderBy`. */

/** The properties that the lists of `orderBy` are sorted by. Each is unique and independent of clocks. */
const PIPELINE_ORDERS: Orders<Pipeline, PipelineOrderField> = {
  CREATED: "position",
  NAME: "name",
  UPDATED: "updatedPosition",
};
const APP_ORDERS: Orders<App, AppOrderField> = { CREATED: "position", NAME: "name", UPDATED: "updatedPosition" };
const BUILD_ORDERS: Orders<Build, BuildOrderField> = { CREATED: "position" };
const PROMOTION_ORDERS: Orders<Promotion, PromotionOrderField> = { CREATED: "position", UPDATED: "updatedPosition" };
/** For the releases of one app: versions are unique only per app. */
const RELEASES_OF_APP_ORDERS: Orders<Release, ReleaseOrderField> = { CREATED: "version" };
/** For releases of several apps. */
const RELEASE_ORDERS: Orders<Release, ReleaseOrderField> = { CREATED: "position" };

/** The property for each value of an enum of order fields. */
type Orders<T, F extends string> = Readonly<Record<F, keyof T & string>>;

/** Creates the function that returns the order for the argument `orderBy`; for null, the default of the list. */
function createOrder<T extends object, F extends string>(
  entity: EntityClass<T>,
  orders: Orders<T, F>,
  fallback: { readonly field: NoInfer<F>; readonly direction: OrderDirection },
) {
  return (orderBy: { readonly field: F; readonly direction: OrderDirection } | null | undefined): Order<T> => {
    const { field, direction } = orderBy ?? fallback;
    return { entity, by: orders[field], direction };
  };
}

const BY_NAME = { field: "NAME", direction: "ASC" } as const;
const NEWEST_FIRST = { field: "CREATED", direction: "DESC" } as const;

export const pipelineOrder = createOrder(Pipeline, PIPELINE_ORDERS, BY_NAME);
export const appOrder = createOrder(App, APP_ORDERS, BY_NAME);
export const buildOrder = createOrder(Build, BUILD_ORDERS, NEWEST_FIRST);
export const promotionOrder = createOrder(Promotion, PROMOTION_ORDERS, NEWEST_FIRST);
export const releaseOfAppOrder = createOrder(Release, RELEASES_OF_APP_ORDERS, NEWEST_FIRST);
export const releaseOrder = createOrder(Release, RELEASE_ORDERS, NEWEST_FIRST);
