/* What of each object the operations select: the fields of the types in `model.ts`, under the API's own names. */

export const PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

export const PIPELINE = "id name description repository branch reviewAppsEnabled createdAt updatedAt";

export const BUILD =
  "id phase repository branch commit { sha message author url } artifact checksum createdAt updatedAt";

export const BRIEF_RELEASE =
  "id version phase state createdAt build { id branch commit { sha } } statuses { context state }";

export const RELEASE = `id version phase state trigger failureReason description current createdAt updatedAt
  app { id name } build { ${BUILD} } createdBy { name role }
  statuses { id context state name description targetUrl updatedAt }`;

export const APP = `id name description region deploymentMode createdAt updatedAt
  coupling { id stage requiredChecks pipeline { id name } } currentRelease { ${BRIEF_RELEASE} }`;

export const COUPLING = "id app { id name } pipeline { id name } stage requiredChecks autoDeploy createdAt updatedAt";

export const BOARD = `${PIPELINE} stages { stage couplings {
  id stage requiredChecks autoDeploy createdAt updatedAt app { id name currentRelease { ${BRIEF_RELEASE} } } } }`;

export const PROMOTION = `id phase from to forced reason createdAt updatedAt
  pipeline { id name } source { id name } release { id version } build { id commit { sha } } createdBy { name role }
  targets { id phase failureReason app { id name } release { id version } checks { context state passed } }`;

export const PLAN = `promotable from to pipeline { id name } source { id name } release { ${BRIEF_RELEASE} }
  targets { upToDate app { id name } currentRelease { id version } checks { context state passed } }
  blockers { code message context overridable app { id name } }`;

export const TOKEN = "id name role createdAt expiresAt lastUsedAt revokedAt pipelines { id name }";

const EVERY_EVENT = "__typename cursor type occurredAt actor { name role } pipelineId pipeline { name }";

const OF_PROMOTION = `promotionPhase targetPhase
  promotion { id from to source { name } release { version } targets { app { name } } }
  target { app { name } failureReason release { id version } }`;

export const PROMOTION_EVENT = `${EVERY_EVENT} ${OF_PROMOTION}`;

export const EVENT = `${EVERY_EVENT} ... on PromotionEvent { ${OF_PROMOTION} }
  ... on ReleaseEvent { releasePhase
    release { id version description failureReason app { name } build { commit { sha } } } }
  ... on ReleaseStatusEvent { context state previousState release { id version app { name } } }
  ... on ChangeEvent { subjectId subjectName summary }`;
