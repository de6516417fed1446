import { contentBlockProblem } from './content.js';
import { metaProblem, roleProblem } from './metadata.js';
import type { Check, CheckProblem, UncheckedObject } from './problem.js';
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
} from './problem.js';
import { checkListToolsResult } from './result-checks.js';
import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  ElicitRequestFormParams,
  ElicitRequestParams,
  ElicitRequestURLParams,
  Root,
} from '../schema/index.js';

// Checks of the parameters of server requests, and of the results of handlers.

const INCLUDED: ReadonlySet<unknown> = new Set([undefined, null, 'none', 'thisServer', 'allServers']);

const CHOICES: ReadonlySet<unknown> = new Set([undefined, null, 'auto', 'required', 'none']);

/** Checks the parameters of `sampling/createMessage`. 2026-07-28 client/sampling. */
export const checkCreateMessageParams: Check<CreateMessageRequestParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.maxTokens !== 'number') return problem('maxTokens', 'a number', value.maxTokens);
  if (!isOptionalString(value.systemPrompt)) return problem('systemPrompt', 'a string', value.systemPrompt);
  if (!INCLUDED.has(value.includeContext)) {
    return problem('includeContext', '"none", "thisServer" or "allServers"', value.includeContext);
  }
  if (!isOptionalNumber(value.temperature)) return problem('temperature', 'a number', value.temperature);
  if (!isOptionalObject(value.metadata)) return problem('metadata', 'an object', value.metadata);
  return (
    metaProblem(value._meta) ??
    arrayProblem('messages', value.messages, samplingMessageProblem) ??
    optionalArrayProblem('stopSequences', value.stopSequences, stringProblem) ??
    modelPreferencesProblem(value.modelPreferences) ??
    toolsProblem(value) ??
    toolResultsProblem(value.messages as CreateMessageRequestParams['messages'])
  );
};

function samplingMessageProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const inMeta = metaProblem(value._meta);
  if (inMeta !== undefined) return inMeta;
  const found = roleProblem(value.role);
  return found === undefined ? samplingContentProblem(value.content) : within('role', found);
}

function samplingContentProblem(content: unknown): CheckProblem | undefined {
  if (Array.isArray(content)) return arrayProblem('content', content, samplingBlockProblem);
  const found = samplingBlockProblem(content);
  return found && within('content', found);
}

function samplingBlockProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const inMeta = metaProblem(value._meta);
  if (inMeta !== undefined) return inMeta;
  if (value.type === 'tool_use') {
    if (typeof value.id !== 'string') return problem('id', 'a string', value.id);
    if (typeof value.name !== 'string') return problem('name', 'a string', value.name);
    return isObject(value.input) ? undefined : problem('input', 'an object', value.input);
  }
  if (value.type !== 'tool_result') return contentBlockProblem(value);
  if (typeof value.toolUseId !== 'string') return problem('toolUseId', 'a string', value.toolUseId);
  if (!isOptionalBoolean(value.isError)) return problem('isError', 'a boolean', value.isError);
  return arrayProblem('content', value.content, contentBlockProblem);
}

function modelPreferencesProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem('modelPreferences', 'an object', value);
  for (const field of ['costPriority', 'speedPriority', 'intelligencePriority']) {
    if (!isOptionalNumber(value[field])) return problem(`modelPreferences.${field}`, 'a number', value[field]);
  }
  return optionalArrayProblem('modelPreferences.hints', value.hints, (hint) => {
    if (!isObject(hint)) return problem('', 'an object', hint);
    return isOptionalString(hint.name) ? undefined : problem('name', 'a string', hint.name);
  });
}

function toolsProblem({ tools, toolChoice }: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalObject(toolChoice)) return problem('toolChoice', 'an object', toolChoice);
  if (isObject(toolChoice) && !CHOICES.has(toolChoice.mode)) {
    return problem('toolChoice.mode', '"auto", "required" or "none"', toolChoice.mode);
  }
  return tools === undefined || tools === null ? undefined : checkListToolsResult({ tools });
}

/**
 * All tool calls of a message must have their results in the next message, which contains nothing else. 2026-07-28
 * client/sampling, "Message Content Constraints".
 */
function toolResultsProblem(messages: CreateMessageRequestParams['messages']): CheckProblem | undefined {
  let open = new Set<string>();
  for (const [index, { role, content }] of messages.entries()) {
    const blocks = Array.isArray(content) ? content : [content];
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => (block as ToolResult).toolUseId);
    const field = `messages[${index}].content`;
    if (results.length > 0 && results.length < blocks.length) {
      return problem(field, 'nothing but tool results where there are any', content);
    }
    if (results.some((id) => !open.has(id))) {
      return problem(field, 'results of tools that the message before wanted to use', content);
    }
    if (results.length > 0) open = new Set([...open].filter((id) => !results.includes(id)));
    if (open.size > 0) return problem(field, 'the results of all tools that the message before wanted to use', content);
    const uses = blocks.filter(({ type }) => type === 'tool_use').map((block) => (block as { id: string }).id);
    open = new Set(role === 'assistant' ? uses : []);
  }
  return open.size === 0
    ? undefined
    : problem('messages', 'a conversation that ends with the results of tools', messages);
}

interface ToolResult {
  readonly toolUseId: string;
}

/** Checks the parameters of `elicitation/create`. Without a `mode` it is a form. 2026-07-28 client/elicitation. */
export const checkElicitParams: Check<ElicitRequestParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.message !== 'string') return problem('message', 'a string', value.message);
  const inMeta = metaProblem(value._meta);
  if (inMeta !== undefined) return inMeta;
  switch (value.mode) {
    case undefined:
    case null:
    case 'form':
      return formProblem(value.requestedSchema);
    case 'url':
      if (!isOptionalString(value.elicitationId)) return problem('elicitationId', 'a string', value.elicitationId);
      return urlProblem(value.url);
    default:
      return problem('mode', '"form" or "url"', value.mode);
  }
};

/** Whether checked parameters are about a page to open rather than a form. */
export function isUrlElicitation(
  params: ElicitRequestFormParams | ElicitRequestURLParams,
): params is ElicitRequestURLParams {
  return params.mode === 'url';
}

/** Only URLs that are safe to open: `javascript:`, `file:` and others are refused. */
function urlProblem(url: unknown): CheckProblem | undefined {
  const isPage = typeof url === 'string' && URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
  return isPage ? undefined : problem('url', 'an absolute http: or https: URL', url);
}

function formProblem(schema: unknown): CheckProblem | undefined {
  if (!isObject(schema)) return problem('requestedSchema', 'an object', schema);
  if (schema.type !== 'object') return problem('requestedSchema.type', '"object"', schema.type);
  if (!isObject(schema.properties)) return problem('requestedSchema.properties', 'an object', schema.properties);
  for (const field of Object.values(schema.properties)) {
    const found = fieldProblem(field);
    // The names are the server's choice and may be of any length: they stay out of the path.
    if (found !== undefined) return within('requestedSchema.properties.*', found);
  }
  return optionalArrayProblem('requestedSchema.required', schema.required, stringProblem);
}

function fieldProblem(field: unknown): CheckProblem | undefined {
  if (!isObject(field)) return problem('', 'an object', field);
  if (!isOptionalString(field.title)) return problem('title', 'a string', field.title);
  if (!isOptionalString(field.description)) return problem('description', 'a string', field.description);
  switch (field.type) {
    case 'string':
      return textFieldProblem(field);
    case 'number':
    case 'integer':
      if (!isOptionalNumber(field.default)) return problem('default', 'a number', field.default);
      return limitsProblem(field, 'minimum', 'maximum');
    case 'boolean':
      return isOptionalBoolean(field.default) ? undefined : problem('default', 'a boolean', field.default);
    case 'array':
      return choiceFieldProblem(field);
    default:
      return problem('type', '"string", "number", "integer", "boolean" or "array"', field.type);
  }
}

function textFieldProblem(field: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(field.format)) return problem('format', 'a string', field.format);
  if (!isOptionalString(field.default)) return problem('default', 'a string', field.default);
  return (
    limitsProblem(field, 'minLength', 'maxLength') ??
    optionalArrayProblem('enum', field.enum, stringProblem) ??
    optionalArrayProblem('enumNames', field.enumNames, stringProblem) ??
    optionalArrayProblem('oneOf', field.oneOf, titledProblem)
  );
}

function choiceFieldProblem(field: UncheckedObject): CheckProblem | undefined {
  const { items } = field;
  if (!isObject(items)) return problem('items', 'an object', items);
  return (
    (items.anyOf === undefined || items.anyOf === null
      ? arrayProblem('items.enum', items.enum, stringProblem)
      : arrayProblem('items.anyOf', items.anyOf, titledProblem)) ??
    optionalArrayProblem('default', field.default, stringProblem) ??
    limitsProblem(field, 'minItems', 'maxItems')
  );
}

function limitsProblem(field: UncheckedObject, least: string, most: string): CheckProblem | undefined {
  if (!isOptionalNumber(field[least])) return problem(least, 'a number', field[least]);
  return isOptionalNumber(field[most]) ? undefined : problem(most, 'a number', field[most]);
}

function titledProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.const !== 'string') return problem('const', 'a string', value.const);
  return typeof value.title === 'string' ? undefined : problem('title', 'a string', value.title);
}

/** Checks what a handler returned for `sampling/createMessage`. 2026-07-28 client/sampling. */
export const checkCreateMessageResult: Check<CreateMessageResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.model !== 'string') return problem('model', 'a string', value.model);
  if (!isOptionalString(value.stopReason)) return problem('stopReason', 'a string', value.stopReason);
  return samplingMessageProblem(value);
};

/** Checks roots: only `file:` URIs, and none that climbs out of its path. 2026-07-28 client/roots, "Security Considerations". */
export const checkRoots: Check<readonly Root[]> = (value) => arrayProblem('', value, rootProblem);

function rootProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (!isFileUri(value.uri)) return problem('uri', 'a file: URI without `..` in its path', value.uri);
  return isOptionalString(value.name) ? undefined : problem('name', 'a string', value.name);
}

function isFileUri(uri: unknown): boolean {
  if (typeof uri !== 'string' || !uri.startsWith('file://') || !URL.canParse(uri)) return false;
  try {
    return !decodeURIComponent(uri).split(/[\\/]/).includes('..');
  } catch {
    return false;
  }
}
