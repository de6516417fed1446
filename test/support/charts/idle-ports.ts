import { authorizationPorts } from '../../../src/machines/authorization/authorization-setup.js';
import type { AuthorizationPorts } from '../../../src/machines/authorization/authorization-setup.js';
import { connectionPorts } from '../../../src/machines/connection/connection-ports.js';
import type { ConnectionPorts } from '../../../src/machines/connection/connection-ports.js';
import { healthPorts } from '../../../src/machines/health/health-machine.js';
import type { HealthPorts } from '../../../src/machines/health/health-machine.js';
import { memberPorts } from '../../../src/machines/member/member-machine.js';
import type { MemberPorts } from '../../../src/machines/member/member-machine.js';
import { requestsPorts } from '../../../src/machines/request/request-gate.js';
import type { RequestsPorts } from '../../../src/machines/request/request-gate.js';
import { serverRequestPorts } from '../../../src/machines/server-requests/server-request-machine.js';
import type { ServerRequestPorts } from '../../../src/machines/server-requests/server-request-machine.js';
import { serverStreamPorts } from '../../../src/machines/server-stream/server-stream-machine.js';
import type { ServerStreamPorts } from '../../../src/machines/server-stream/server-stream-machine.js';
import { subscriptionPorts } from '../../../src/machines/subscription/subscription-machine.js';
import type { SubscriptionPorts } from '../../../src/machines/subscription/subscription-machine.js';

const nothing = (): void => undefined;

/** Ports of each chart that do nothing, for tests that look at the chart alone. */
export const idlePorts: {
  readonly authorization: AuthorizationPorts;
  readonly connection: ConnectionPorts;
  readonly health: HealthPorts;
  readonly member: MemberPorts;
  readonly requests: RequestsPorts;
  readonly serverRequest: ServerRequestPorts;
  readonly serverStream: ServerStreamPorts;
  readonly subscription: SubscriptionPorts;
} = {
  authorization: {
    random: () => 1,
    perform: () => nothing,
    activate: nothing,
    doubtClient: nothing,
  },
  connection: {
    now: () => 0,
    random: () => 1,
    openLink: () => nothing,
    release: () => Promise.resolve(),
    describeSilence: () => undefined,
    sendToRequests: nothing,
    failWatches: nothing,
    abortServerRequests: nothing,
    sendDiscover: nothing,
    sendInitialize: nothing,
    cancelNegotiation: nothing,
    announce: nothing,
    sendInitialized: nothing,
    restore: nothing,
    resume: nothing,
    exportSession: nothing,
    refuseExport: nothing,
    applyDesired: nothing,
    settle: nothing,
    drained: nothing,
    unclaim: nothing,
    report: nothing,
  },
  health: {
    beginWindow: nothing,
    check: nothing,
    report: nothing,
  },
  member: {
    start: () => nothing,
    sleep: () => nothing,
    close: () => nothing,
  },
  requests: {
    begin: nothing,
    gateMoved: nothing,
    open: nothing,
    pause: nothing,
    close: nothing,
    lose: nothing,
    holdQueued: nothing,
    releaseQueued: nothing,
  },
  serverRequest: {
    handle: () => nothing,
    reply: nothing,
    report: nothing,
  },
  serverStream: {
    random: () => 1,
    open: () => undefined,
    missedChanges: nothing,
  },
  subscription: {
    random: () => 1,
    listen: nothing,
    dropOlder: nothing,
    dropAll: nothing,
    missedChanges: nothing,
    acknowledged: nothing,
    failed: nothing,
    report: nothing,
  },
};

/** Lets actors run without ports, and tools compute transitions: nothing is done then. */
export function allowMissingPorts(): void {
  authorizationPorts.provideDefault(idlePorts.authorization);
  connectionPorts.provideDefault(idlePorts.connection);
  healthPorts.provideDefault(idlePorts.health);
  memberPorts.provideDefault(idlePorts.member);
  requestsPorts.provideDefault(idlePorts.requests);
  serverRequestPorts.provideDefault(idlePorts.serverRequest);
  serverStreamPorts.provideDefault(idlePorts.serverStream);
  subscriptionPorts.provideDefault(idlePorts.subscription);
}
