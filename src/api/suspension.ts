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
 * Ids of a resumed session begin at a place of their own, within this distance: should two clients go on with the same session, their
 * requests are not mixed up by the server.
 */
const ID_SPREAD = 2 ** 20;

/** Levels of nesting that are kept: `JSON.stringify` gives up after a few thousand, the fewer the deeper its caller is in the stack. */
const DEEPEST = 1_000;

/** What suspending a client uses of it. */
export interface SuspendableClient {
  readonly transport: MCPTransport;
  readonly options: Pick<ResolvedOptions, 'environment'>;
  readonly connection: { readonly session: Session | undefined; suspend(): Promise<SessionExport | Failure> };
  readonly listCache: { leave(): SuspendedClient['lists'] };
  readonly errors: Pick<ConnectionErrors, 'of'>;
}

/** Ends the connection of a client, and tells all that another needs to go on with its session. */
export async function suspend(client: SuspendableClient): Promise<SuspendedClient> {
  if (isDeeperThan(client.connection.session, DEEPEST)) {
    raise(`The session cannot be kept: what the server says about itself is nested deeper than ${DEEPEST} levels`, {
      code: 'MCP_INVALID_RESULT',
      delivery: 'not-sent',
    });
  }
  const suspendedAt = client.options.environment.now();
  // A list that is left out is asked for again.
  const lists = Object.fromEntries(
    Object.entries(client.listCache.leave()).filter(([, list]) => !isDeeperThan(list, DEEPEST)),
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
  // A copy of its own, without fields that JSON would leave out.
  return JSON.parse(JSON.stringify(suspended)) as SuspendedClient;
}

/** What a connection has to know of a client that was suspended. */
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

/** The session is a secret between this client and that server. */
function checkEndpoint({ endpoint }: SuspendedClient, transport: MCPTransport): void {
  const now = endpointOf(transport);
  if (now === endpoint) return;
  const [expected, received] = [endpoint, now].map((one) => one ?? 'a server without a URL');
  const message = `Invalid resume.endpoint: the client was suspended with ${expected}, and the transport reaches ${received}`;
  raise(`${message}; connect to it without \`resume\``, {
    code: 'MCP_INVALID_PARAMS',
    delivery: 'not-sent',
    details: { field: 'resume.endpoint', expected, received },
  });
}

/** Where a transport goes, without what may be a secret. */
function endpointOf(transport: MCPTransport): string | null {
  const { url, sseUrl } = transport as { readonly url?: unknown; readonly sseUrl?: unknown };
  const given = url ?? sseUrl;
  if (typeof given !== 'string' || !URL.canParse(given)) return null;
  const { protocol, host, pathname } = new URL(given);
  return `${protocol}//${host}${pathname}`;
}

/** What is read of a client that was suspended, or resumes another. */
export interface ResumedClient {
  readonly options: Pick<ResolvedOptions, 'resume'>;
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'suspended' | 'resumed' | 'inherited' | 'connectionCount'>;
  };
}

/** What there is to tell about suspending and resuming, in lines for a person. */
export function explainSuspension({ options, connection }: ResumedClient): string[] {
  const { suspended, resumed, inherited, connectionCount } = connection.facts;
  const lines: string[] = [];
  if (resumed) lines.push('The session was begun by another client, and resumed here.');
  else if (inherited !== undefined) lines.push('The session of another client waits to be resumed.');
  else if (options.resume !== undefined && connectionCount > 0)
    lines.push('The session of another client could not be resumed, or is over; a new one was negotiated.');
  if (suspended)
    lines.push('The client was suspended. Resume it with MCPClient.resume(), or call connect() for a new session.');
  return lines;
}
