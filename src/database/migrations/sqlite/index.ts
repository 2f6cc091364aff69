import { Foundation0000000000001 } from "./0001-foundation.js";
import { EventFilters0000000000002 } from "./0002-event-filters.js";
import { TokenScope0000000000003 } from "./0003-token-scope.js";
import { Budgets0000000000004 } from "./0004-budgets.js";
import { LateReports0000000000005 } from "./0005-late-reports.js";
import { BuildOrder0000000000006 } from "./0006-build-order.js";
import { StatusSources0000000000007 } from "./0007-status-sources.js";
import { WebhookDeliveries0000000000008 } from "./0008-webhook-deliveries.js";
import { Overrides0000000000009 } from "./0009-overrides.js";
import { ClientLists0000000000013 } from "./0013-client-lists.js";
import { Positions0000000000014 } from "./0014-positions.js";
import { StagePolicies0000000000015 } from "./0015-stage-policies.js";
import { WaitingPromotions0000000000016 } from "./0016-waiting-promotions.js";
import { WindowsAndFreezes0000000000017 } from "./0017-windows-and-freezes.js";
import { ConfigVars0000000000018 } from "./0018-config-vars.js";
import { Webhooks0000000000019 } from "./0019-webhooks.js";
import { Identity0000000000020 } from "./0020-identity.js";
import { Approvals0000000000021 } from "./0021-approvals.js";
import { Waves0000000000022 } from "./0022-waves.js";
import { Verification0000000000023 } from "./0023-verification.js";
import { ConfigParity0000000000024 } from "./0024-config-parity.js";
import { Automation0000000000025 } from "./0025-automation.js";
import { Quarantines0000000000026 } from "./0026-quarantines.js";

/** In the order in which they run. A migration that was released is never changed; the next one goes behind it. */
export const SQLITE_MIGRATIONS = [
  Foundation0000000000001,
  EventFilters0000000000002,
  TokenScope0000000000003,
  Budgets0000000000004,
  LateReports0000000000005,
  BuildOrder0000000000006,
  StatusSources0000000000007,
  WebhookDeliveries0000000000008,
  Overrides0000000000009,
  ClientLists0000000000013,
  Positions0000000000014,
  StagePolicies0000000000015,
  WaitingPromotions0000000000016,
  WindowsAndFreezes0000000000017,
  ConfigVars0000000000018,
  Webhooks0000000000019,
  Identity0000000000020,
  Approvals0000000000021,
  Waves0000000000022,
  Verification0000000000023,
  ConfigParity0000000000024,
  Automation0000000000025,
  Quarantines0000000000026,
];
