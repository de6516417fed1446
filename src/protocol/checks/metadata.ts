import type { CheckProblem, UncheckedObject } from './problem.js';
import {
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

/** The first problem in what tools, prompts, resources and their like have in common: a name and what goes with it. */
export function namedProblem(value: UncheckedObject): CheckProblem | undefined {
  if (typeof value.name !== 'string') return problem('name', 'a string', value.name);
  if (!isOptionalString(value.title)) return problem('title', 'a string', value.title);
  if (!isOptionalString(value.description)) return problem('description', 'a string', value.description);
  if (!isOptionalObject(value._meta)) return problem('_meta', 'an object', value._meta);
  return optionalArrayProblem('icons', value.icons, iconProblem);
}

/** The first problem in an `Implementation`. */
export function implementationProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.version !== 'string') return problem('version', 'a string', value.version);
  if (!isOptionalString(value.websiteUrl)) return problem('websiteUrl', 'a string', value.websiteUrl);
  return namedProblem(value);
}

/** The first problem in an `Icon`. */
function iconProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.src !== 'string') return problem('src', 'a string', value.src);
  if (!isOptionalString(value.mimeType)) return problem('mimeType', 'a string', value.mimeType);
  if (!isOptionalString(value.theme)) return problem('theme', 'a string', value.theme);
  return optionalArrayProblem('sizes', value.sizes, stringProblem);
}

/** A problem unless the value is a `Role`. */
export function roleProblem(value: unknown): CheckProblem | undefined {
  return value === 'user' || value === 'assistant' ? undefined : problem('', '"user" or "assistant"', value);
}

/** The first problem in the field `annotations`, which holds optional `Annotations`. */
export function annotationsProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem('annotations', 'an object', value);
  if (!isOptionalNumber(value.priority)) return problem('annotations.priority', 'a number', value.priority);
  if (!isOptionalString(value.lastModified)) {
    return problem('annotations.lastModified', 'a string', value.lastModified);
  }
  return optionalArrayProblem('annotations.audience', value.audience, roleProblem);
}

/** The first problem in the field `capabilities`, which holds `ServerCapabilities`. */
export function serverCapabilitiesProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('capabilities', 'an object', value);
  if (!isOptionalObject(value.logging)) return problem('capabilities.logging', 'an object', value.logging);
  if (!isOptionalObject(value.completions)) return problem('capabilities.completions', 'an object', value.completions);
  return (
    flagsProblem('capabilities.tools', value.tools) ??
    flagsProblem('capabilities.prompts', value.prompts) ??
    flagsProblem('capabilities.resources', value.resources) ??
    objectsProblem('capabilities.experimental', value.experimental) ??
    objectsProblem('capabilities.extensions', value.extensions) ??
    tasksProblem(value.tasks)
  );
}

/** The flags of a capability. Those that a kind of capability does not have are unknown fields, and rarely used by others. */
function flagsProblem(field: string, value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem(field, 'an object', value);
  if (!isOptionalBoolean(value.listChanged)) return problem(`${field}.listChanged`, 'a boolean', value.listChanged);
  if (!isOptionalBoolean(value.subscribe)) return problem(`${field}.subscribe`, 'a boolean', value.subscribe);
  return undefined;
}

function objectsProblem(field: string, value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem(field, 'an object', value);
  // The keys are the server's choice and may be of any length: they stay out of the path.
  for (const entry of Object.values(value)) {
    if (!isOptionalObject(entry)) return problem(field, 'an object whose values are objects', entry);
  }
  return undefined;
}

function tasksProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return problem('capabilities.tasks', 'an object', value);
  if (!isOptionalObject(value.list)) return problem('capabilities.tasks.list', 'an object', value.list);
  if (!isOptionalObject(value.cancel)) return problem('capabilities.tasks.cancel', 'an object', value.cancel);
  const { requests } = value;
  if (!isOptionalObject(requests)) return problem('capabilities.tasks.requests', 'an object', requests);
  const tools = isObject(requests) ? requests.tools : undefined;
  if (!isOptionalObject(tools)) return problem('capabilities.tasks.requests.tools', 'an object', tools);
  return isObject(tools) && !isOptionalObject(tools.call)
    ? problem('capabilities.tasks.requests.tools.call', 'an object', tools.call)
    : undefined;
}

/** The first problem in the field `_meta`, when that is where a server says who it is. */
export function serverInfoInMetaProblem(meta: unknown): CheckProblem | undefined {
  if (!isObject(meta)) return undefined;
  const key = 'io.modelcontextprotocol/serverInfo';
  const found = meta[key] === undefined || meta[key] === null ? undefined : implementationProblem(meta[key]);
  return found && within(`_meta["${key}"]`, found);
}
