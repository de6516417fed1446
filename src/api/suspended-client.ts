import { unusableOption } from '../option-checks.js';
import type { MCPError } from '../errors.js';
import { LISTS } from '../protocol/cache-rules.js';
import type { ListName } from '../protocol/cache-rules.js';
import { implementationProblem, serverCapabilitiesProblem } from '../protocol/checks/metadata.js';
import {
  arrayProblem,
  isObject,
  isOptionalString,
  problem,
  stringProblem,
  within,
} from '../protocol/checks/problem.js';
import type { CheckProblem, UncheckedObject } from '../protocol/checks/problem.js';
import { isHeaderValue, isSessionId } from '../protocol/http-headers.js';
import { methodEntry } from '../protocol/methods.js';
import { isLoggingLevel } from '../protocol/checks/notification-checks.js';
import { eraOf } from '../protocol/revisions.js';
import type {
  LoggingLevel,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPSkill,
  MCPTool,
} from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';
import type { LinkMemory } from '../transports/link.js';

/** The supported version of {@link SuspendedClient}. */
export const SUSPENDED_FORMAT = 1;

/** Leaves enough ids for later requests: above 2^53 not all integers can be represented. */
const HIGHEST_ID = 2 ** 52;

/** A cached list of a suspended client. */
export interface SuspendedList<Item> {
  readonly items: readonly Item[];
  /** Its age when the client was suspended, in ms. */
  readonly age: number;
  /** The rest of its TTL when the client was suspended, in ms; null if it is valid until a change notification. */
  readonly freshFor: number | null;
  /** Whether a change notification may have been missed. */
  readonly changesMissed: boolean;
}

/**
 * The result of `suspend()` and the input of `MCPClient.resume`: plain data that survives `JSON.stringify` and `JSON.parse`. Treat it as a
 * secret: it contains the session id, which gives access to the session. It contains no tokens, headers, environment values or arguments.
 */
export interface SuspendedClient {
  readonly version: 1;
  /** The time of the suspension, in milliseconds since the Unix epoch. */
  readonly suspendedAt: number;
  /** The URL of the server without credentials, query and fragment; null for a server without a URL. */
  readonly endpoint: string | null;
  /** The result of the negotiation. */
  readonly session: Session;
  /** The data that a link needs to continue the session; absent if it cannot, as over stdio. */
  readonly link?: LinkMemory | undefined;
  /** The highest request id of the session. */
  readonly lastRequestId: number;
  /** The log level and the subscriptions, which are restored in a new session. */
  readonly wanted: { readonly logLevel?: LoggingLevel | undefined; readonly resources: readonly string[] };
  /** The cached lists. */
  readonly lists: {
    readonly tools?: SuspendedList<MCPTool> | undefined;
    readonly prompts?: SuspendedList<MCPPrompt> | undefined;
    readonly resources?: SuspendedList<MCPResource> | undefined;
    readonly resourceTemplates?: SuspendedList<MCPResourceTemplate> | undefined;
    readonly skills?: SuspendedList<MCPSkill> | undefined;
  };
}

/**
 * Checks a suspended client, or parses its JSON.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; it names the field, but never the value.
 */
export function readSuspended(given: unknown): SuspendedClient {
  const value = typeof given === 'string' ? parsed(given) : given;
  const found = suspendedProblem(value);
  if (found === undefined) return value as SuspendedClient;
  throw invalid(within('resume', found));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The error of the parser quotes the text, which is a secret.
    throw invalid({
      path: 'resume',
      expected: 'the result of suspend(), as an object or as JSON',
      received: 'other text',
    });
  }
}

function invalid({ path, expected, received }: CheckProblem): MCPError {
  return unusableOption(path, expected, received);
}

function suspendedProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'the result of suspend()', value);
  const { version, suspendedAt, endpoint, session, link, lastRequestId, wanted, lists } = value;
  if (version !== SUSPENDED_FORMAT) {
    const received = typeof version === 'number' ? String(version) : problem('', '', version).received;
    return { path: 'version', expected: String(SUSPENDED_FORMAT), received };
  }
  if (!isAmount(suspendedAt)) return problem('suspendedAt', 'a time in milliseconds', suspendedAt);
  if (endpoint !== null && typeof endpoint !== 'string') return problem('endpoint', 'a URL or null', endpoint);
  if (!Number.isInteger(lastRequestId) || !isAmount(lastRequestId) || lastRequestId > HIGHEST_ID)
    return problem('lastRequestId', `a whole number from 0 to ${HIGHEST_ID}`, lastRequestId);
  return (
    inside('session', session, sessionProblem) ??
    (link === undefined ? undefined : inside('link', link, linkProblem)) ??
    inside('wanted', wanted, wantedProblem) ??
    inside('lists', lists, listsProblem)
  );
}

function inside(
  field: string,
  value: unknown,
  check: (value: UncheckedObject) => CheckProblem | undefined,
): CheckProblem | undefined {
  if (!isObject(value)) return problem(field, 'an object', value);
  const found = check(value);
  return found === undefined ? undefined : within(field, found);
}

function sessionProblem(session: UncheckedObject): CheckProblem | undefined {
  const { era, protocolVersion, capabilities, serverInfo, instructions } = session;
  if (era !== 'legacy' && era !== 'modern') return problem('era', '"legacy" or "modern"', era);
  if (typeof protocolVersion !== 'string' || eraOf(protocolVersion) !== era)
    return problem('protocolVersion', `a supported revision of the ${era} era`, protocolVersion);
  if (!isOptionalString(instructions)) return problem('instructions', 'a string', instructions);
  return (
    serverCapabilitiesProblem(capabilities) ??
    (serverInfo === undefined ? undefined : inside('serverInfo', serverInfo, implementationProblem))
  );
}

/** Checks values that become headers: they must not contain line breaks. */
function linkProblem({ sessionId, streamed, lastEventId }: UncheckedObject): CheckProblem | undefined {
  if (sessionId !== undefined && !isSessionId(sessionId)) return problem('sessionId', 'visible ASCII', sessionId);
  if (typeof streamed !== 'boolean') return problem('streamed', 'true or false', streamed);
  const good = lastEventId === undefined || (typeof lastEventId === 'string' && isHeaderValue(lastEventId));
  return good ? undefined : problem('lastEventId', 'the value of a header', lastEventId);
}

function wantedProblem({ logLevel, resources }: UncheckedObject): CheckProblem | undefined {
  if (logLevel !== undefined && !isLoggingLevel(logLevel)) return problem('logLevel', 'a log level', logLevel);
  return arrayProblem('resources', resources, stringProblem);
}

function listsProblem(lists: UncheckedObject): CheckProblem | undefined {
  for (const name of Object.keys(LISTS) as ListName[]) {
    const list = lists[name];
    const found = list === undefined ? undefined : inside(name, list, (inner) => listProblem(name, inner));
    if (found !== undefined) return found;
  }
  return undefined;
}

function listProblem(
  name: ListName,
  { items, age, freshFor, changesMissed }: UncheckedObject,
): CheckProblem | undefined {
  if (!isAmount(age)) return problem('age', 'a number of milliseconds', age);
  if (freshFor !== null && !isAmount(freshFor))
    return problem('freshFor', 'a number of milliseconds or null', freshFor);
  if (typeof changesMissed !== 'boolean') return problem('changesMissed', 'true or false', changesMissed);
  const { method, items: field } = LISTS[name];
  const found = methodEntry(method).check?.({ [field]: items });
  return found && { ...found, path: `items${found.path.slice(field.length)}` };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}
