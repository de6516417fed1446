import { annotationsProblem, metaProblem, namedProblem } from './metadata.js';
import type { CheckProblem, UncheckedObject } from './problem.js';
import { isObject, isOptionalNumber, isOptionalString, optionalProblem, problem, within } from './problem.js';

/** The first problem in a `ContentBlock`. A block of an unknown type is always valid. */
export function contentBlockProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  switch (value.type) {
    case 'text':
      if (typeof value.text !== 'string') return problem('text', 'a string', value.text);
      break;
    case 'image':
    case 'audio':
      if (typeof value.data !== 'string') return problem('data', 'a string', value.data);
      if (typeof value.mimeType !== 'string') return problem('mimeType', 'a string', value.mimeType);
      break;
    case 'resource_link':
      return resourceProblem(value);
    case 'resource': {
      const found = resourceContentsProblem(value.resource);
      if (found !== undefined) return within('resource', found);
      break;
    }
    default:
      return typeof value.type === 'string' ? undefined : problem('type', 'a string', value.type);
  }
  return metaProblem(value._meta) ?? annotationsProblem(value.annotations);
}

/** The first problem in an `MCPResource`, or in the link to one. */
export function resourceProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.uri !== 'string') return problem('uri', 'a string', value.uri);
  if (!isOptionalNumber(value.size)) return optionalProblem('size', 'a number', value.size);
  return describedProblem(value);
}

/** The first problem in an `MCPResourceTemplate`. */
export function resourceTemplateProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.uriTemplate !== 'string') return problem('uriTemplate', 'a string', value.uriTemplate);
  return describedProblem(value);
}

function describedProblem(value: UncheckedObject): CheckProblem | undefined {
  if (!isOptionalString(value.mimeType)) return optionalProblem('mimeType', 'a string', value.mimeType);
  return namedProblem(value) ?? annotationsProblem(value.annotations);
}

/** The first problem in a `TextResourceContents` or `BlobResourceContents`: `text` or `blob` must be there, whatever the other is. */
export function resourceContentsProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.uri !== 'string') return problem('uri', 'a string', value.uri);
  if (typeof value.text !== 'string' && typeof value.blob !== 'string') {
    return value.text === undefined && value.blob !== undefined
      ? problem('blob', 'a string', value.blob)
      : problem('text', 'a string (or one in blob)', value.text);
  }
  if (!isOptionalString(value.mimeType)) return optionalProblem('mimeType', 'a string', value.mimeType);
  return metaProblem(value._meta);
}
