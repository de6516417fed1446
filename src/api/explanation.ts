import { debuglog } from 'node:util';

import { explainFailure, hintFor } from '../diagnostics/explain.js';
import { circumstancesOf, storyLines } from '../diagnostics/story.js';
import type { AuthorizationView } from '../machines/authorization/authorization-facts.js';
import type { ConnectionFacts, ConnectionState } from '../machines/connection/connection-context.js';
import type { PendingServerRequest } from '../machines/server-requests/server-requests.js';
import { shownUrl } from '../transports/http/http-failures.js';
import type { Secrets } from '../transports/secrets.js';
import type { MCPTransport } from '../transports/transport.js';
import { describeAge } from '../util/age.js';
import type { Environment } from '../util/environment.js';
import { barred, printable } from '../util/printable.js';
import { recentLosses } from '../util/restart-budget.js';
import { explainAuthorization } from './operations/sign-in.js';
import type { HealthReport } from './health-report.js';
import type { History } from './history.js';
import { describeServerRequests } from './server-request-handlers.js';
import { explainSuspension } from './suspension.js';
import type { ResumedClient } from './suspension.js';

/** Prints to stderr if the environment has `NODE_DEBUG=mcp-actors`. */
const debug = debuglog('mcp-actors');

/** What {@link explain} uses of a client. */
export interface Explained extends ResumedClient {
  readonly options: ResumedClient['options'] & { readonly environment: Environment };
  readonly connection: {
    readonly state: ConnectionState;
    readonly path: string;
    readonly facts: ConnectionFacts;
    readonly requests: {
      readonly counts: { readonly inFlight: number; readonly queued: number; readonly asking: number };
    };
    readonly pendingServerRequests: readonly PendingServerRequest[];
  };
  readonly health: HealthReport;
  readonly authorization: { readonly view: AuthorizationView } | undefined;
  readonly history: Pick<History, 'latest' | 'everything'>;
  readonly secrets: Pick<Secrets, 'hide' | 'failure'>;
}

/** Explains the current state of a connection, for people. */
export function explain(explained: Explained): string {
  const { connection, history, secrets } = explained;
  const { state, path, facts, requests } = connection;
  const { inFlight, queued, asking } = requests.counts;
  const lines = [`The state is ${state} (${path}).`];
  if (facts.session !== undefined) {
    const { era, protocolVersion, serverInfo } = facts.session;
    lines.push(`Server: ${serverInfo?.name ?? 'unnamed'} ${serverInfo?.version ?? ''}, ${protocolVersion} (${era}).`);
  }
  lines.push(...explainSuspension(explained));
  lines.push(`Requests: ${inFlight} in flight, ${queued} queued. Links opened: ${facts.epoch}.`);
  if (asking > 0) lines.push(`Requests that wait for handlers, because the server requires input: ${asking}.`);
  const now = explained.options.environment.now();
  lines.push(...describeServerRequests(connection.pendingServerRequests, now));
  if (explained.authorization !== undefined) lines.push(...explainAuthorization(explained.authorization.view, now));
  const { restarts, maxReconnectAttempts } = facts.policy;
  if (facts.reconnectAttempts > 0 || state === 'reconnecting')
    lines.push(`Attempts to reconnect: ${facts.reconnectAttempts} of at most ${maxReconnectAttempts}.`);
  if (state === 'reconnecting') {
    const next = (history.latest?.at ?? now) + facts.delay - now;
    lines.push(`The next attempt is made in ${describeAge(Math.max(next, 0))}.`);
  }
  const losses = recentLosses(facts.losses, now, restarts).length;
  if (losses > 0)
    lines.push(`Lost in the last ${restarts.window} ms: ${losses} (\`maxRestarts\`: ${restarts.maxRestarts}).`);
  const { reasons } = explained.health;
  if (reasons.length > 0) lines.push(`Health: ${reasons.join(', ')}.`);
  const story = history.everything(now, path);
  lines.push(...storyLines(story, 'ago'));
  const text = lines.map((line) => barred(line, /^ */.exec(line)?.[0] ?? ''));
  if (facts.failure !== undefined)
    text.push('Last failure:', explainFailure(secrets.failure(facts.failure), { about: circumstancesOf(story) }));
  else if (state === 'idle' || state === 'closed')
    text.push(`Hint: ${hintFor({ code: 'MCP_NOT_CONNECTED', message: '' }) ?? ''}`);
  return secrets.hide(printable(text.join('\n')));
}

/** Prints a state change. When the connection is opened it adds that an open connection keeps the process alive. */
export function debugState(
  { transport, secrets }: { readonly transport: MCPTransport; readonly secrets: Pick<Secrets, 'hide'> },
  state: ConnectionState,
  from: ConnectionState,
): void {
  if (!debug.enabled) return;
  const {
    command,
    pid,
    url,
    sseUrl = url,
  } = transport as Partial<Record<'command' | 'url' | 'sseUrl', string>> & { readonly pid?: number };
  const where = command ?? (sseUrl !== undefined && URL.canParse(sseUrl) ? shownUrl(new URL(sseUrl)) : '');
  const server = [transport.constructor.name, where, pid === undefined ? '' : `pid ${pid}`].filter(Boolean).join(' ');
  const wasOpen = from !== 'idle' && from !== 'closed';
  const note = wasOpen || state === 'closed' ? '' : '; it keeps the process alive until close() is called';
  debug('%s: %s → %s%s', secrets.hide(printable(server)), from, state, note);
}
