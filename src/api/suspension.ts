import { raise } from '../errors.js';
import type { ConnectionFacts, Inheritance } from '../machines/connection/connection-context.js';
import type { Continuation, SessionExport } from '../machines/connection/session-export.js';
import { isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { isDeeperThan } from '../util/json-values.js';
import type { Session } from '../protocol/session.js';
import type { MCPTransport } from '../transports/transport.js';
import type { ConnectionErrors } from './connection-errors.js';
import type { ResolvedOptions } from './options/options.js';
import { SUSPENDED_FORMAT } from './suspended-client.js';
import type { SuspendedClient } from './suspended-client.js';

/**
 * Request ids of a resumed session begin at a random distance below this. So the ids differ if two clients resume the same session by
 * mistake.
 */
const ID_SPREAD = 2 ** 20;

/** Maximum nesting of the exported data. `JSON.stringify` overflows the stack at a few thousand levels. */
const DEEPEST = 1_000;

/** What {@link suspend} uses of a client. */
export interface SuspendableClient {
  readonly transport: MCPTransport;
  readonly options: Pick<ResolvedOptions, 'environment'>;
  readonly connection: { readonly session: Session | undefined; suspend(): Promise<SessionExport | Failure> };
  readonly listCache: { export(): SuspendedClient['lists'] };
  readonly errors: Pick<ConnectionErrors, 'of'>;
}

/** Closes the connection of a client, and exports its session. */
export async function suspend(client: SuspendableClient): Promise<SuspendedClient> {
  if (isDeeperThan(client.connection.session, DEEPEST)) {
    raise(`The session cannot be exported: the data of the server is nested deeper than ${DEEPEST} levels`, {
      code: 'MCP_INVALID_RESULT',
      delivery: 'not-sent',
    });
  }
  const suspendedAt = client.options.environment.now();
  // The next client requests a list that is left out.
  const lists = Object.fromEntries(
    Object.entries(client.listCache.export()).filter(([, list]) => !isDeeperThan(list, DEEPEST)),
  );
  const outcome = await client.connection.suspend();
  if (isFailure(outcome)) throw client.errors.of(outcome);
  const { session, desired, memory, lastId } = outcome;
  const { logLevel, resources } = desired;
  const suspended: SuspendedClient = {
    version: SUSPENDED_FORMAT,
    suspendedAt,
    endpoint: endpointOf(client.transport),
    session,
    link: memory,
    lastRequestId: lastId,
    wanted: { logLevel, resources },
    lists,
  };
  // A copy without the undefined fields.
  return JSON.parse(JSON.stringify(suspended)) as SuspendedClient;
}

/** The parts of a suspended client that a connection needs. */
export function inherit(
  { resume, environment }: Pick<ResolvedOptions, 'resume' | 'environment'>,
  transport: MCPTransport,
): { readonly inherited?: Inheritance; readonly continuation?: Continuation } {
  if (resume === undefined) return {};
  checkEndpoint(resume, transport);
  const { session, link, lastRequestId, wanted } = resume;
  const { logLevel, resources } = wanted;
  return {
    inherited: { session, desired: { logLevel, resources, lists: [] } },
    continuation: { memory: link, lastId: lastRequestId + Math.floor(environment.random() * ID_SPREAD) },
  };
}

/** Throws if the transport reaches another server: the session id is a secret of the first one. */
function checkEndpoint({ endpoint }: SuspendedClient, transport: MCPTransport): void {
  const now = endpointOf(transport);
  if (now === endpoint) return;
  const [expected, received] = [endpoint, now].map((one) => one ?? 'a server without a URL');
  const message = `Invalid resume.endpoint: the session belongs to ${expected}, but the transport connects to ${received}`;
  raise(`${message}. Connect without \`resume\``, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { field: 'resume.endpoint', expected, received },
  });
}

/** The URL of a transport, without credentials and query. */
function endpointOf(transport: MCPTransport): string | null {
  const { url, sseUrl } = transport as { readonly url?: unknown; readonly sseUrl?: unknown };
  const given = url ?? sseUrl;
  if (typeof given !== 'string' || !URL.canParse(given)) return null;
  const { protocol, host, pathname } = new URL(given);
  return `${protocol}//${host}${pathname}`;
}

/** What {@link explainSuspension} uses of a client. */
export interface ResumedClient {
  readonly options: Pick<ResolvedOptions, 'resume'>;
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'suspended' | 'resumed' | 'inherited' | 'connectionCount'>;
  };
}

/** Describes whether the session is suspended or resumed, for people. */
export function explainSuspension({ options, connection }: ResumedClient): string[] {
  const { suspended, resumed, inherited, connectionCount } = connection.facts;
  const lines: string[] = [];
  if (resumed) lines.push('The session of a suspended client was resumed.');
  else if (inherited !== undefined) lines.push('The session of a suspended client will be resumed.');
  else if (options.resume !== undefined && connectionCount > 0)
    lines.push('The session of the suspended client could not be resumed, or has ended; a new one was negotiated.');
  if (suspended)
    lines.push('The client was suspended. Resume it with MCPClient.resume(), or call connect() for a new session.');
  return lines;
}
