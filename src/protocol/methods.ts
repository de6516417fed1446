import {
  contentBlockProblem,
  resourceContentsProblem,
  resourceProblem,
  resourceTemplateProblem,
} from './checks/content.js';
import { detailsOf } from './checks/problem.js';
import type { Check, CheckProblem } from './checks/problem.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import {
  checkCallToolResult,
  checkCompleteResult,
  checkDiscoverResult,
  checkEmptyResult,
  checkGetPromptResult,
  checkInitializeResult,
  checkListPromptsResult,
  checkListResourcesResult,
  checkListResourceTemplatesResult,
  checkListToolsResult,
  checkReadResourceResult,
  checkSubscriptionsListenResult,
  promptMessageProblem,
  promptProblem,
  toolProblem,
} from './checks/result-checks.js';
import type { ResultCheck } from './checks/result-checks.js';
import { checkGetSkillResult, checkListSkillsResult, skillShapeProblem } from './checks/skills.js';
import type { Era } from './revisions.js';
import type { ServerCapabilities } from './schema/index.js';
import type { Session } from './session.js';
import { safeText } from '../util/printable.js';

/** A server capability, in the notation of the specification. Extensions have their identifier. */
export type MCPCapability =
  | 'completions'
  | 'io.modelcontextprotocol/skills'
  | 'io.modelcontextprotocol/skills.directoryRead'
  | 'logging'
  | 'prompts'
  | 'prompts.listChanged'
  | 'resources'
  | 'resources.listChanged'
  | 'resources.subscribe'
  | 'tools'
  | 'tools.listChanged';

/** The properties of a method. */
export interface MethodEntry {
  /** The only era that has the method; absent when both have it. */
  readonly only?: Era;
  /** The server capability that the method needs. */
  readonly needs?: MCPCapability;
  /** Whether the method only reads, so that the request may be repeated when its response was lost. */
  readonly repeatable: boolean;
  /** Whether a server may answer with `input_required` instead of a result. 2026-07-28 basic/patterns/mrtr. */
  readonly mayAskBack?: boolean;
  /**
   * Whether each request has a progress token, even without `onProgress`: progress restarts its timeout. 2026-07-28 basic/patterns/progress.
   */
  readonly reportsProgress?: boolean;
  /** The check of a result; absent if any result is accepted. */
  readonly check?: ResultCheck | undefined;
  /** The array in a result whose items are read one by one. */
  readonly items?: ResultItems | undefined;
}

/** An array in a result. */
export interface ResultItems {
  readonly field: string;
  /** The noun for an invalid item, which is then left out. Without it an invalid item makes the result invalid. */
  readonly noun?: string;
  readonly check: Check;
}

const reads = { repeatable: true } as const;

const TOOLS: ResultItems = { field: 'tools', noun: 'tool', check: toolProblem };
const PROMPTS: ResultItems = { field: 'prompts', noun: 'prompt', check: promptProblem };
const RESOURCES: ResultItems = { field: 'resources', noun: 'resource', check: resourceProblem };
const TEMPLATES: ResultItems = { field: 'resourceTemplates', noun: 'template', check: resourceTemplateProblem };
const SKILLS: ResultItems = { field: 'skills', noun: 'skill', check: skillShapeProblem };
const CONTENT: ResultItems = { field: 'content', check: contentBlockProblem };
const MESSAGES: ResultItems = { field: 'messages', check: promptMessageProblem };
const CONTENTS: ResultItems = { field: 'contents', check: resourceContentsProblem };

/** Every method of the current schema, of the legacy revisions, and of the extension for skills that a client may send. */
const METHODS: ReadonlyMap<string, MethodEntry> = new Map<string, MethodEntry>([
  ['server/discover', { ...reads, only: 'modern', check: checkDiscoverResult }],
  ['initialize', { repeatable: false, only: 'legacy', check: checkInitializeResult }],
  ['ping', { ...reads, only: 'legacy', check: checkEmptyResult }],
  ['tools/list', { ...reads, needs: 'tools', check: checkListToolsResult, items: TOOLS }],
  [
    'tools/call',
    {
      ...{ repeatable: false, needs: 'tools', mayAskBack: true, reportsProgress: true },
      ...{ check: checkCallToolResult, items: CONTENT },
    },
  ],
  ['prompts/list', { ...reads, needs: 'prompts', check: checkListPromptsResult, items: PROMPTS }],
  ['prompts/get', { ...reads, needs: 'prompts', mayAskBack: true, check: checkGetPromptResult, items: MESSAGES }],
  ['resources/list', { ...reads, needs: 'resources', check: checkListResourcesResult, items: RESOURCES }],
  [
    'resources/templates/list',
    { ...reads, needs: 'resources', check: checkListResourceTemplatesResult, items: TEMPLATES },
  ],
  [
    'resources/read',
    { ...reads, needs: 'resources', mayAskBack: true, check: checkReadResourceResult, items: CONTENTS },
  ],
  ['resources/subscribe', { ...reads, only: 'legacy', needs: 'resources.subscribe', check: checkEmptyResult }],
  ['resources/unsubscribe', { ...reads, only: 'legacy', needs: 'resources.subscribe', check: checkEmptyResult }],
  [
    'resources/directory/read',
    {
      ...{ ...reads, needs: 'io.modelcontextprotocol/skills.directoryRead' },
      ...{ check: checkListResourcesResult, items: RESOURCES },
    },
  ],
  ['skills/list', { ...reads, needs: 'io.modelcontextprotocol/skills', check: checkListSkillsResult, items: SKILLS }],
  ['skills/get', { ...reads, needs: 'io.modelcontextprotocol/skills', check: checkGetSkillResult }],
  ['completion/complete', { ...reads, needs: 'completions', check: checkCompleteResult }],
  ['logging/setLevel', { ...reads, only: 'legacy', needs: 'logging', check: checkEmptyResult }],
  ['subscriptions/listen', { ...reads, only: 'modern', check: checkSubscriptionsListenResult }],
]);

/** The entry for unknown methods. Their results only have to be objects. */
const UNKNOWN: MethodEntry = { repeatable: false, mayAskBack: true };

/** The properties of a method, known or not. */
export function methodEntry(method: string): MethodEntry {
  return METHODS.get(method) ?? UNKNOWN;
}

/** Whether the result of a method is empty. */
export function isResultless(method: string | undefined): boolean {
  return method !== undefined && methodEntry(method).check === checkEmptyResult;
}

const UNCHECKED: ReadonlyMap<string, MethodEntry> = new Map(
  [...METHODS].map(([method, entry]) => [method, { ...entry, check: undefined, items: undefined }]),
);

/** The same without a check of the result. */
export function uncheckedEntry(method: string): MethodEntry {
  return UNCHECKED.get(method) ?? UNKNOWN;
}

/** Notifications of a client that only the legacy era has. */
const LEGACY_NOTIFICATIONS: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

/**
 * Whether a server has a capability. Any object counts for a plain name; a sub-capability, or a setting of an extension, has to be `true`.
 * The identifier of an extension has a slash.
 */
export function hasCapability(capabilities: ServerCapabilities, name: MCPCapability): boolean {
  const slash = name.indexOf('/');
  const dot = name.indexOf('.', slash + 1);
  const all = (slash === -1 ? capabilities : capabilities.extensions) as Readonly<Record<string, unknown>> | undefined;
  const value = all?.[dot === -1 ? name : name.slice(0, dot)];
  if (typeof value !== 'object' || value === null) return false;
  return dot === -1 || (value as Readonly<Record<string, unknown>>)[name.slice(dot + 1)] === true;
}

const ALL_CAPABILITIES: readonly MCPCapability[] = [
  'completions',
  'io.modelcontextprotocol/skills',
  'io.modelcontextprotocol/skills.directoryRead',
  'logging',
  'prompts',
  'prompts.listChanged',
  'resources',
  'resources.listChanged',
  'resources.subscribe',
  'tools',
  'tools.listChanged',
];

/** The capabilities of a server as a list of names. */
export function capabilityNames(capabilities: ServerCapabilities): MCPCapability[] {
  return ALL_CAPABILITIES.filter((name) => hasCapability(capabilities, name));
}

/**
 * The failure of a method that must not be sent in this session, because the revision or the server does not support it; undefined if it may be
 * sent. 2025-11-25 basic/lifecycle, "Operation".
 */
export function refusalOf(method: string, entry: MethodEntry, session: Session): Failure | undefined {
  const { only, needs } = entry;
  if (only !== undefined && only !== session.era) return notInRevision(method, session);
  if (method === 'initialize') return saidAlready(method);
  if (needs === undefined || hasCapability(session.capabilities, needs)) return undefined;
  // 2024-11-05 has completion without a capability for it.
  if (needs === 'completions' && session.protocolVersion === '2024-11-05') return undefined;
  const supported = capabilityNames(session.capabilities);
  return failure(
    'capability',
    'MCP_CAPABILITY_MISSING',
    `${method} needs the capability ${needs}, which the server does not have`,
    {
      delivery: 'not-sent',
      details: { method, required: needs, supported },
    },
  );
}

/** The failure of a notification that must not be sent in this session, or undefined. 2026-07-28 changelog. */
export function notificationRefusal(method: string, session: Session): Failure | undefined {
  if (session.era === 'modern' && LEGACY_NOTIFICATIONS.has(method)) return notInRevision(method, session);
  return method === 'notifications/initialized' ? saidAlready(method) : undefined;
}

/** The failure of a manual handshake: it would create a session that the client does not know. 2025-11-25 basic/lifecycle, "Initialization". */
function saidAlready(method: string): Failure {
  const message = `${method} begins a session, which connect() has done; reconnecting begins another`;
  return failure('protocol', 'MCP_INVALID_PARAMS', message, { delivery: 'not-sent', details: { method } });
}

function notInRevision(method: string, { protocolVersion }: Session): Failure {
  return failure('protocol', 'MCP_UNSUPPORTED_VERSION', `Revision ${protocolVersion} does not have ${method}`, {
    delivery: 'not-sent',
    details: { method, protocolVersion },
  });
}

/** The failure of an invalid result. The result is in `details.result`. */
export function invalidResult(method: string, problem: CheckProblem, result?: unknown): Failure {
  const where = problem.path === '' ? 'the result' : problem.path;
  return failure(
    'protocol',
    'MCP_INVALID_RESULT',
    `Invalid result of ${method}: ${where} must be ${problem.expected}, got ${problem.received}`,
    {
      delivery: 'answered',
      details: { method, ...detailsOf(problem), ...(result !== undefined && { result }) },
    },
  );
}

/**
 * The failure of a result that does not end its request, or undefined when it does. 2026-07-28 basic/index, "resultType".
 */
export function unfinishedFailure(
  method: string,
  { check, mayAskBack }: MethodEntry,
  era: Era,
  result: Readonly<Record<string, unknown>>,
): Failure | undefined {
  const type = result.resultType;
  if (era === 'legacy' || type === undefined || type === null || type === 'complete') return undefined;
  if (type !== 'input_required' || mayAskBack !== true) {
    if (check === undefined) return undefined;
    const received = typeof type === 'string' ? `"${safeText(type, 40)}"` : typeof type;
    return invalidResult(method, { path: 'resultType', expected: '"complete"', received }, result);
  }
  return failure(
    'capability',
    'MCP_CAPABILITY_MISSING',
    `${method} needs input from the user or the host, for which this client has no handler`,
    {
      delivery: 'answered',
      details: { method, resultType: type },
    },
  );
}
