/*
 * `schema.graphql` lists object types in the order in which their classes are loaded. Loading them here first keeps that
 * order when a module moves. Add a new entity at the end.
 */
import "../entities/pipelines/pipeline.js";
import "../entities/access/token.js";
import "../entities/history/promotion-event.js";
import "../entities/history/approval-event.js";
import "../entities/history/release-event.js";
import "../entities/history/config-event.js";
import "../entities/history/change-event.js";
import "../entities/builds/build.js";
import "../entities/pipelines/app.js";
import "../entities/pipelines/coupling.js";
import "../entities/releases/promotion.js";
import "../entities/releases/promotion-target.js";
import "../entities/releases/release.js";
