import { isRequestId } from '../messages/json-rpc.js';
import { contentBlockProblem, resourceContentsProblem, resourceProblem, resourceTemplateProblem } from './content.js';
import {
  implementationProblem,
  metaProblem,
  namedProblem,
  roleProblem,
  serverCapabilitiesProblem,
  serverInfoInMetaProblem,
} from './metadata.js';
import type { Check, CheckProblem, UncheckedObject } from './problem.js';
import {
  arrayProblem,
  isObject,
  isOptionalBoolean,
  isOptionalNumber,
  isOptionalObject,
  isOptionalString,
  leavingOut,
  optionalArrayProblem,
  optionalProblem,
  problem,
  stringProblem,
  within,
} from './problem.js';
import { META } from '../request-meta.js';
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
} from '../schema/index.js';

export type { Check as ResultCheck, CheckProblem } from './problem.js';

// Cache fields never make a result invalid: a negative `ttlMs` means 0 and an unknown `cacheScope` means private. A missing `resultType` means
// complete; the caller evaluates `resultType` before it selects a check.

/** Checks the answer to `ping`, `logging/setLevel`, `resources/subscribe` and `resources/unsubscribe`. */
export const checkEmptyResult: Check<EmptyResult> = (value) =>
  isObject(value) ? resultProblem(value) : problem('', 'an object', value);

/** Checks the answer to `initialize`. It may leave out who the server is: that is for display only. 2025-11-25 basic/lifecycle. */
export const checkInitializeResult: Check<InitializeResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.protocolVersion !== 'string') return problem('protocolVersion', 'a string', value.protocolVersion);
  return (
    serverCapabilitiesProblem(value.capabilities) ??
    serverInfoProblem(value.serverInfo) ??
    instructionsProblem(value.instructions) ??
    resultProblem(value)
  );
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
    serverInfoInMetaProblem(value._meta) ??
    serverInfoProblem(value.serverInfo) ??
    instructionsProblem(value.instructions);
  return found ?? cacheableProblem(value);
};

/** Checks the answer to `tools/list`. 2026-07-28 server/tools. */
export const checkListToolsResult: Check<ListToolsResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('tools', value.tools, toolProblem) ?? pageProblem(value);
};

/**
 * Checks the answer to `tools/call`. `structuredContent` is validated elsewhere. Legacy servers may leave
 * out `content`: before 2024-11-05 there was `toolResult`. 2026-07-28 server/tools.
 */
export const checkCallToolResult: Check<CallToolResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const { content } = value;
  const found = arrayProblem('content', content, contentBlockProblem);
  if (found !== undefined) {
    const missing = content === undefined || content === null;
    return missing ? { ...found, repair: { at: ['content'], value: [], only: 'legacy' } } : found;
  }
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
  if (!isOptionalString(value.description)) return optionalProblem('description', 'a string', value.description);
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
  if (!isOptionalNumber(completion.total)) return optionalProblem('completion.total', 'a number', completion.total);
  if (!isOptionalBoolean(completion.hasMore))
    return optionalProblem('completion.hasMore', 'a boolean', completion.hasMore);
  return resultProblem(value);
};

/**
 * Checks the answer that ends a `subscriptions/listen`. The id of the stream may be missing, since the answer itself says which
 * stream it ends. 2026-07-28 basic/patterns/subscriptions.
 */
export const checkSubscriptionsListenResult: Check<SubscriptionsListenResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = resultProblem(value);
  if (found !== undefined) return found;
  const inId = subscriptionIdProblem(value._meta);
  return inId && leavingOut(inId, '_meta', META.subscriptionId);
};

/**
 * Checks an answer whose `resultType` is `input_required`. Whether the client supports each server request is checked elsewhere.
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
  const id = meta[META.subscriptionId];
  if (id === undefined || id === null || isRequestId(id)) return undefined;
  return problem(`_meta["${META.subscriptionId}"]`, 'a string or an integer', id);
}

function resultProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(value.resultType)) return optionalProblem('resultType', 'a string', value.resultType);
  return metaProblem(value._meta);
}

export function cacheableProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalNumber(value.ttlMs)) return optionalProblem('ttlMs', 'a number', value.ttlMs);
  if (!isOptionalString(value.cacheScope)) return optionalProblem('cacheScope', 'a string', value.cacheScope);
  return resultProblem(value);
}

export function pageProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(value.nextCursor)) return problem('nextCursor', 'a string', value.nextCursor);
  return cacheableProblem(value);
}

function serverInfoProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  const found = implementationProblem(value);
  if (found === undefined) return undefined;
  const inResult = within('serverInfo', found);
  return inResult.repair === undefined ? leavingOut(inResult, 'serverInfo') : inResult;
}

function instructionsProblem(value: unknown): CheckProblem | undefined {
  return isOptionalString(value) ? undefined : optionalProblem('instructions', 'a string', value);
}

/** The first problem in an `MCPTool`. */
export function toolProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const { outputSchema, execution } = value;
  const found = inputSchemaProblem(value.inputSchema);
  if (found !== undefined) return found;
  if (!isOptionalObject(outputSchema)) return optionalProblem('outputSchema', 'an object', outputSchema);
  if (isObject(outputSchema) && !isOptionalString(outputSchema.$schema)) {
    return optionalProblem('outputSchema.$schema', 'a string', outputSchema.$schema);
  }
  if (!isOptionalObject(execution)) return optionalProblem('execution', 'an object', execution);
  if (isObject(execution) && !isOptionalString(execution.taskSupport)) {
    return optionalProblem('execution.taskSupport', 'a string', execution.taskSupport);
  }
  return namedProblem(value) ?? toolAnnotationsProblem(value.annotations);
}

/** Arguments are an object. A schema that leaves that open is read as one of objects, as long as objects can fit it. */
function inputSchemaProblem(schema: unknown): CheckProblem | undefined {
  if (!isObject(schema)) {
    const found = problem('inputSchema', 'an object', schema);
    const isEmpty = Array.isArray(schema) && schema.length === 0;
    return isEmpty ? { ...found, repair: { at: ['inputSchema'], value: { type: 'object' } } } : found;
  }
  if (schema.type !== 'object') {
    const found = problem('inputSchema.type', '"object"', schema.type);
    return takesObjects(schema) ? { ...found, repair: { at: ['inputSchema', 'type'], value: 'object' } } : found;
  }
  return isOptionalString(schema.$schema)
    ? undefined
    : optionalProblem('inputSchema.$schema', 'a string', schema.$schema);
}

/** Whether an object can match a schema, judged by `type`. Nested schemas of `anyOf` and its like are not checked. */
function takesObjects(schema: UncheckedObject): boolean {
  const { anyOf, oneOf, allOf } = schema;
  return (
    allowsObjects(schema) &&
    (!Array.isArray(anyOf) || anyOf.some(allowsObjects)) &&
    (!Array.isArray(oneOf) || oneOf.some(allowsObjects)) &&
    (!Array.isArray(allOf) || allOf.every(allowsObjects))
  );
}

function allowsObjects(schema: unknown): boolean {
  if (!isObject(schema)) return schema === true;
  const { type } = schema;
  return type === undefined || type === null || type === 'object' || (Array.isArray(type) && type.includes('object'));
}

/**
 * Hints decide whether a lost call is sent again: a text such as "false" must not pass for `true`. Without a hint the default counts, which is
 * the careful one.
 */
function toolAnnotationsProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return optionalProblem('annotations', 'an object', value);
  const { title, readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = value;
  if (!isOptionalString(title)) return optionalProblem('annotations.title', 'a string', title);
  if (!isOptionalBoolean(readOnlyHint)) return optionalProblem('annotations.readOnlyHint', 'a boolean', readOnlyHint);
  if (!isOptionalBoolean(destructiveHint))
    return optionalProblem('annotations.destructiveHint', 'a boolean', destructiveHint);
  if (!isOptionalBoolean(idempotentHint))
    return optionalProblem('annotations.idempotentHint', 'a boolean', idempotentHint);
  if (!isOptionalBoolean(openWorldHint))
    return optionalProblem('annotations.openWorldHint', 'a boolean', openWorldHint);
  return undefined;
}

/** The first problem in an `MCPPrompt`. */
export function promptProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = namedProblem(value);
  if (found !== undefined) return found;
  const inArguments = optionalArrayProblem('arguments', value.arguments, promptArgumentProblem);
  return inArguments?.path === 'arguments' ? leavingOut(inArguments, 'arguments') : inArguments;
}

function promptArgumentProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.name !== 'string') return problem('name', 'a string', value.name);
  if (!isOptionalString(value.title)) return optionalProblem('title', 'a string', value.title);
  if (!isOptionalString(value.description)) return optionalProblem('description', 'a string', value.description);
  return isOptionalBoolean(value.required) ? undefined : optionalProblem('required', 'a boolean', value.required);
}

/** The first problem in a `PromptMessage`. */
export function promptMessageProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = roleProblem(value.role);
  if (found !== undefined) return within('role', found);
  const inContent = contentBlockProblem(value.content);
  return inContent && within('content', inContent);
}
