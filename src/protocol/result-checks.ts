import { isRequestId } from './json-rpc.js';
import {
  contentBlockProblem,
  resourceContentsProblem,
  resourceProblem,
  resourceTemplateProblem,
} from './checks/content.js';
import {
  implementationProblem,
  namedProblem,
  roleProblem,
  serverCapabilitiesProblem,
  serverInfoInMetaProblem,
} from './checks/metadata.js';
import type { Check, CheckProblem, UncheckedObject } from './checks/problem.js';
import {
  arrayProblem,
  isObject,
  isOptionalBoolean,
  isOptionalNumber,
  isOptionalObject,
  isOptionalString,
  optionalArrayProblem,
  problem,
  stringProblem,
  within,
} from './checks/problem.js';
import type {
  CallToolResult,
  CompleteResult,
  DiscoverResult,
  EmptyResult,
  GetPromptResult,
  InitializeResult,
  InputRequiredResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  ReadResourceResult,
  SubscriptionsListenResult,
} from './schema/index.js';

export type { Check as ResultCheck, CheckProblem } from './checks/problem.js';

// A result is never refused for what only caches and cursors read: `ttlMs` may be negative and `cacheScope` unknown, which mean 0 and
// private, and a missing `resultType` means complete. What `resultType` says is for the caller to act on, before it picks a check.

/** Checks the answer to `ping`, `logging/setLevel`, `resources/subscribe` and `resources/unsubscribe`. */
export const checkEmptyResult: Check<EmptyResult> = (value) =>
  isObject(value) ? resultProblem(value) : problem('', 'an object', value);

/** Checks the answer to `initialize`. 2025-11-25 basic/lifecycle. */
export const checkInitializeResult: Check<InitializeResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.protocolVersion !== 'string') return problem('protocolVersion', 'a string', value.protocolVersion);
  const found = serverCapabilitiesProblem(value.capabilities) ?? serverInfoProblem(value.serverInfo);
  if (found !== undefined) return found;
  if (!isOptionalString(value.instructions)) return problem('instructions', 'a string', value.instructions);
  return resultProblem(value);
};

/**
 * Checks the answer to `server/discover`. Who the server is may stand in `_meta`, or on top as before the release of
 * 2026-07-28, or nowhere. 2026-07-28 server/discover.
 */
export const checkDiscoverResult: Check<DiscoverResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const found =
    arrayProblem('supportedVersions', value.supportedVersions, stringProblem) ??
    serverCapabilitiesProblem(value.capabilities) ??
    serverInfoInMetaProblem(value._meta);
  if (found !== undefined) return found;
  if (value.serverInfo !== undefined && value.serverInfo !== null) {
    const inServerInfo = serverInfoProblem(value.serverInfo);
    if (inServerInfo !== undefined) return inServerInfo;
  }
  if (!isOptionalString(value.instructions)) return problem('instructions', 'a string', value.instructions);
  return cacheableProblem(value);
};

/** Checks the answer to `tools/list`. 2026-07-28 server/tools. */
export const checkListToolsResult: Check<ListToolsResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('tools', value.tools, toolProblem) ?? pageProblem(value);
};

/** Checks the answer to `tools/call`. Whether `structuredContent` fits the tool's `outputSchema` is another question. 2026-07-28 server/tools. */
export const checkCallToolResult: Check<CallToolResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = arrayProblem('content', value.content, contentBlockProblem);
  if (found !== undefined) return found;
  // A truthy text here would turn a success into an error, or the other way round.
  if (!isOptionalBoolean(value.isError)) return problem('isError', 'a boolean', value.isError);
  return resultProblem(value);
};

/** Checks the answer to `prompts/list`. 2026-07-28 server/prompts. */
export const checkListPromptsResult: Check<ListPromptsResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('prompts', value.prompts, promptProblem) ?? pageProblem(value);
};

/** Checks the answer to `prompts/get`. 2026-07-28 server/prompts. */
export const checkGetPromptResult: Check<GetPromptResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = arrayProblem('messages', value.messages, promptMessageProblem);
  if (found !== undefined) return found;
  if (!isOptionalString(value.description)) return problem('description', 'a string', value.description);
  return resultProblem(value);
};

/** Checks the answer to `resources/list`. 2026-07-28 server/resources. */
export const checkListResourcesResult: Check<ListResourcesResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('resources', value.resources, resourceProblem) ?? pageProblem(value);
};

/** Checks the answer to `resources/templates/list`. 2026-07-28 server/resources. */
export const checkListResourceTemplatesResult: Check<ListResourceTemplatesResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('resourceTemplates', value.resourceTemplates, resourceTemplateProblem) ?? pageProblem(value);
};

/** Checks the answer to `resources/read`. 2026-07-28 server/resources. */
export const checkReadResourceResult: Check<ReadResourceResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('contents', value.contents, resourceContentsProblem) ?? cacheableProblem(value);
};

/** Checks the answer to `completion/complete`. More than 100 values pass. 2026-07-28 server/utilities/completion. */
export const checkCompleteResult: Check<CompleteResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const { completion } = value;
  if (!isObject(completion)) return problem('completion', 'an object', completion);
  const found = arrayProblem('completion.values', completion.values, stringProblem);
  if (found !== undefined) return found;
  if (!isOptionalNumber(completion.total)) return problem('completion.total', 'a number', completion.total);
  if (!isOptionalBoolean(completion.hasMore)) return problem('completion.hasMore', 'a boolean', completion.hasMore);
  return resultProblem(value);
};

/**
 * Checks the answer that ends a `subscriptions/listen`. The id of the stream may be missing, since the answer itself says which
 * stream it ends. 2026-07-28 basic/patterns/subscriptions.
 */
export const checkSubscriptionsListenResult: Check<SubscriptionsListenResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return resultProblem(value) ?? subscriptionIdProblem(value._meta);
};

/**
 * Checks an answer whose `resultType` is `input_required`. Whether the client can answer each question is another matter.
 * 2026-07-28 basic/patterns/mrtr.
 */
export const checkInputRequiredResult: Check<InputRequiredResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (value.resultType !== 'input_required') return problem('resultType', '"input_required"', value.resultType);
  const { inputRequests } = value;
  if (!isOptionalString(value.requestState)) return problem('requestState', 'a string', value.requestState);
  if (!isOptionalObject(inputRequests)) return problem('inputRequests', 'an object', inputRequests);
  if (isObject(inputRequests)) {
    // The keys are the server's choice and may be of any length: they stay out of the path.
    for (const request of Object.values(inputRequests)) {
      if (!isObject(request) || typeof request.method !== 'string' || !isOptionalObject(request.params)) {
        return problem('inputRequests', 'an object whose values are requests', request);
      }
    }
  } else if (typeof value.requestState !== 'string') {
    return problem('inputRequests', 'an object (or a string in requestState)', inputRequests);
  }
  return resultProblem(value);
};

/** The first problem in the id of a subscription in `_meta`, which may be missing. */
export function subscriptionIdProblem(meta: unknown): CheckProblem | undefined {
  if (!isObject(meta)) return undefined;
  const key = 'io.modelcontextprotocol/subscriptionId';
  const id = meta[key];
  if (id === undefined || id === null || isRequestId(id)) return undefined;
  return problem(`_meta["${key}"]`, 'a string or an integer', id);
}

function resultProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(value.resultType)) return problem('resultType', 'a string', value.resultType);
  return isOptionalObject(value._meta) ? undefined : problem('_meta', 'an object', value._meta);
}

function cacheableProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalNumber(value.ttlMs)) return problem('ttlMs', 'a number', value.ttlMs);
  if (!isOptionalString(value.cacheScope)) return problem('cacheScope', 'a string', value.cacheScope);
  return resultProblem(value);
}

function pageProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(value.nextCursor)) return problem('nextCursor', 'a string', value.nextCursor);
  return cacheableProblem(value);
}

function serverInfoProblem(value: unknown): CheckProblem | undefined {
  const found = implementationProblem(value);
  return found && within('serverInfo', found);
}

function toolProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const { inputSchema, outputSchema, execution } = value;
  if (!isObject(inputSchema)) return problem('inputSchema', 'an object', inputSchema);
  if (inputSchema.type !== 'object') return problem('inputSchema.type', '"object"', inputSchema.type);
  if (!isOptionalString(inputSchema.$schema)) return problem('inputSchema.$schema', 'a string', inputSchema.$schema);
  if (!isOptionalObject(outputSchema)) return problem('outputSchema', 'an object', outputSchema);
  if (isObject(outputSchema) && !isOptionalString(outputSchema.$schema)) {
    return problem('outputSchema.$schema', 'a string', outputSchema.$schema);
  }
  if (!isOptionalObject(execution)) return problem('execution', 'an object', execution);
  if (isObject(execution) && !isOptionalString(execution.taskSupport)) {
    return problem('execution.taskSupport', 'a string', execution.taskSupport);
  }
  return namedProblem(value) ?? toolAnnotationsProblem(value.annotations);
}

/** Hints decide whether a lost call is sent again: a text such as "false" must not pass for `true`. */
function toolAnnotationsProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem('annotations', 'an object', value);
  const { title, readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = value;
  if (!isOptionalString(title)) return problem('annotations.title', 'a string', title);
  if (!isOptionalBoolean(readOnlyHint)) return problem('annotations.readOnlyHint', 'a boolean', readOnlyHint);
  if (!isOptionalBoolean(destructiveHint)) return problem('annotations.destructiveHint', 'a boolean', destructiveHint);
  if (!isOptionalBoolean(idempotentHint)) return problem('annotations.idempotentHint', 'a boolean', idempotentHint);
  if (!isOptionalBoolean(openWorldHint)) return problem('annotations.openWorldHint', 'a boolean', openWorldHint);
  return undefined;
}

function promptProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  return namedProblem(value) ?? optionalArrayProblem('arguments', value.arguments, promptArgumentProblem);
}

function promptArgumentProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.name !== 'string') return problem('name', 'a string', value.name);
  if (!isOptionalString(value.title)) return problem('title', 'a string', value.title);
  if (!isOptionalString(value.description)) return problem('description', 'a string', value.description);
  return isOptionalBoolean(value.required) ? undefined : problem('required', 'a boolean', value.required);
}

function promptMessageProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = roleProblem(value.role);
  if (found !== undefined) return within('role', found);
  const inContent = contentBlockProblem(value.content);
  return inContent && within('content', inContent);
}
