import type { CheckProblem, UncheckedObject } from './problem.js';
import {
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

/** The first problem in what tools, prompts, resources and their like have in common: a name and what goes with it. */
export function namedProblem(value: UncheckedObject): CheckProblem | undefined {
  if (typeof value.name !== 'string') return problem('name', 'a string', value.name);
  if (!isOptionalString(value.title)) return optionalProblem('title', 'a string', value.title);
  if (!isOptionalString(value.description)) return optionalProblem('description', 'a string', value.description);
  const found = metaProblem(value._meta);
  if (found !== undefined) return found;
  const inIcons = optionalArrayProblem('icons', value.icons, iconProblem);
  return inIcons && leavingOut(inIcons, 'icons');
}

/** A problem unless the field `_meta` holds an object, or nothing. */
export function metaProblem(meta: unknown): CheckProblem | undefined {
  return isOptionalObject(meta) ? undefined : optionalProblem('_meta', 'an object', meta);
}

/** The first problem in an `Implementation`. A missing version is read as an empty one, and a number as its text. */
export function implementationProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const { version, websiteUrl } = value;
  if (typeof version !== 'string') {
    const readAs = typeof version === 'number' ? String(version) : '';
    return { ...problem('version', 'a string', version), repair: { at: ['version'], value: readAs } };
  }
  if (!isOptionalString(websiteUrl)) return optionalProblem('websiteUrl', 'a string', websiteUrl);
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
  if (!isObject(value)) return optionalProblem('annotations', 'an object', value);
  if (!isOptionalNumber(value.priority)) return optionalProblem('annotations.priority', 'a number', value.priority);
  if (!isOptionalString(value.lastModified)) {
    return optionalProblem('annotations.lastModified', 'a string', value.lastModified);
  }
  const found = optionalArrayProblem('annotations.audience', value.audience, roleProblem);
  return found && leavingOut(found, 'annotations', 'audience');
}

/**
 * The first problem in the field `capabilities`, which holds `ServerCapabilities`. `true` and `[]`, which is how PHP writes an empty object,
 * are read as a capability without settings; any other malformed value as one that the server does not have.
 */
export function serverCapabilitiesProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return capabilityProblem('capabilities', value, isEmptyArray(value));
  return (
    settingsProblem('capabilities.logging', value.logging) ??
    settingsProblem('capabilities.completions', value.completions) ??
    flagsProblem('capabilities.tools', value.tools) ??
    flagsProblem('capabilities.prompts', value.prompts) ??
    flagsProblem('capabilities.resources', value.resources) ??
    objectsProblem('capabilities.experimental', value.experimental) ??
    objectsProblem('capabilities.extensions', value.extensions) ??
    tasksProblem(value.tasks)
  );
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The problem of a capability that is no object. */
function capabilityProblem(field: string, value: unknown, readAsEmpty: boolean): CheckProblem {
  const found = problem(field, 'an object', value);
  return readAsEmpty ? { ...found, repair: { at: field.split('.'), value: {} } } : found;
}

function settingsProblem(field: string, value: unknown): CheckProblem | undefined {
  if (isOptionalObject(value)) return undefined;
  return value === true || isEmptyArray(value)
    ? capabilityProblem(field, value, true)
    : optionalProblem(field, 'an object', value);
}

/** The first problem in the flags of a capability. Flags that a capability does not define count as unknown fields. */
function flagsProblem(field: string, value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return settingsProblem(field, value);
  const { listChanged, subscribe } = value;
  // A flag of the wrong type is not trusted: without it the capability is taken for one that has less.
  if (!isOptionalBoolean(listChanged)) return optionalProblem(`${field}.listChanged`, 'a boolean', listChanged);
  if (!isOptionalBoolean(subscribe)) return optionalProblem(`${field}.subscribe`, 'a boolean', subscribe);
  return undefined;
}

function objectsProblem(field: string, value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return optionalProblem(field, 'an object', value);
  // The keys are the server's choice and may be of any length: they stay out of the path.
  for (const [key, entry] of Object.entries(value)) {
    if (isOptionalObject(entry)) continue;
    return leavingOut(problem(field, 'an object whose values are objects', entry), ...field.split('.'), key);
  }
  return undefined;
}

function tasksProblem(value: unknown): CheckProblem | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return optionalProblem('capabilities.tasks', 'an object', value);
  if (!isOptionalObject(value.list)) return optionalProblem('capabilities.tasks.list', 'an object', value.list);
  if (!isOptionalObject(value.cancel)) return optionalProblem('capabilities.tasks.cancel', 'an object', value.cancel);
  const { requests } = value;
  if (!isOptionalObject(requests)) return optionalProblem('capabilities.tasks.requests', 'an object', requests);
  const tools = isObject(requests) ? requests.tools : undefined;
  if (!isOptionalObject(tools)) return problem('capabilities.tasks.requests.tools', 'an object', tools);
  return isObject(tools) && !isOptionalObject(tools.call)
    ? optionalProblem('capabilities.tasks.requests.tools.call', 'an object', tools.call)
    : undefined;
}

/** The first problem in the server information in `_meta`. */
export function serverInfoInMetaProblem(meta: unknown): CheckProblem | undefined {
  if (!isObject(meta)) return undefined;
  const key = 'io.modelcontextprotocol/serverInfo';
  const info = meta[key];
  const found = info === undefined || info === null ? undefined : implementationProblem(info);
  if (found === undefined) return undefined;
  const inMeta = within(`_meta["${key}"]`, found, ['_meta', key]);
  return inMeta.repair === undefined ? leavingOut(inMeta, '_meta', key) : inMeta;
}
