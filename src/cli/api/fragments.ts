/* The fields that the operations select of each object. They match the types in `model.ts`. */

export const PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

export const PIPELINE = "id name description repository branch reviewAppsEnabled createdAt updatedAt";

export const BUILD =
  "id phase repository branch commit { sha message author url } artifact checksum createdAt updatedAt";

export const RELEASE_SUMMARY =
  "id version phase state createdAt build { id branch commit { sha } } statuses { context state }";

/** The newest release of an app, which is not the current one while it is queued or deploying, or if it failed. */
const LATEST_RELEASE = "releases(first: 1) { nodes { id version phase failureReason build { id commit { sha } } } }";

export const RELEASE = `id version phase state trigger failureReason description current createdAt updatedAt
  app { id name } build { ${BUILD} } createdBy { name role }
  statuses { id context state name description targetUrl updatedAt }`;

export const APP = `id name description region deploymentMode createdAt updatedAt
  coupling { id stage requiredChecks pipeline { id name } } currentRelease { ${RELEASE_SUMMARY} } ${LATEST_RELEASE}`;

export const COUPLING = "id app { id name } pipeline { id name } stage requiredChecks autoDeploy createdAt updatedAt";

export const BOARD = `${PIPELINE} stages { stage couplings {
  id stage requiredChecks autoDeploy createdAt updatedAt app { id name currentRelease { ${RELEASE_SUMMARY} } ${LATEST_RELEASE} } } }`;

export const PROMOTION = `id phase from to forced reason createdAt updatedAt
  pipeline { id name } source { id name } release { id version } build { id commit { sha } } createdBy { name role }
  targets { id phase failureReason app { id name } release { id version } checks { context state passed } }`;

export const PLAN = `promotable from to pipeline { id name } source { id name } release { ${RELEASE_SUMMARY} }
  targets { upToDate app { id name } currentRelease { id version } checks { context state passed } }
  blockers { code message context overridable app { id name } }`;

export const REVIEW_APP = `createdAt expiresAt pullRequest { number title branch author url } pipeline { id name }
  app { id name currentRelease { ${RELEASE_SUMMARY} } }`;

export const TOKEN = "id name role createdAt expiresAt lastUsedAt revokedAt pipelines { id name }";

const EVENT_FIELDS = "__typename cursor type occurredAt actor { name role } pipelineId pipeline { name }";

const PROMOTION_EVENT_FIELDS = `promotionPhase targetPhase
  promotion { id from to source { name } release { version } targets { app { name } } }
  target { app { name } failureReason release { id version } }`;

export const PROMOTION_EVENT = `${EVENT_FIELDS} ${PROMOTION_EVENT_FIELDS}`;

export const EVENT = `${EVENT_FIELDS} ... on PromotionEvent { ${PROMOTION_EVENT_FIELDS} }
  ... on ReleaseEvent { releasePhase
    release { id version trigger description failureReason app { name } build { commit { sha } } } }
  ... on ReleaseStatusEvent { context state previousState release { id version app { name } } }
  ... on ChangeEvent { subjectId subjectName summary }`;
