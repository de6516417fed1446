import { isObject } from '../../protocol/checks/problem.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import { contentParts, textOfParts } from '../content.js';
import type { ContentPart, DataPart } from '../content.js';
import type { AiVersion } from './ai-version.js';

/** What the model gets from a tool, as `toModelOutput` returns it. */
export type AiModelOutput =
  | { type: 'text' | 'error-text'; value: string }
  /** The parts have other types in each version of `ai`, so here they have the type that is assignable to all of them. */
  | { type: 'content'; value: never[] };

/** A part of the content: `media` for `ai` 5, `image-data` and `file-data` for 6, `file` for 7. */
type AiContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'media' | 'image-data' | 'file-data'; readonly data: string; readonly mediaType: string }
  | {
      readonly type: 'file';
      readonly data: { readonly type: 'data'; readonly data: string };
      readonly mediaType: string;
    };

/** Precedes the parts of a result with an error, which the types of the AI SDK cannot mark. */
const ERROR = 'The tool reported an error:';

/** Converts the output of `execute` for the model. Text alone is one text, because not every provider takes a list of parts. */
export function modelOutput(output: unknown, version: AiVersion): AiModelOutput {
  if (!isResult(output)) return { type: 'text', value: JSON.stringify(output) ?? '' };
  const parts = contentParts(output);
  const isError = output.isError === true;
  if (parts.every(({ kind }) => kind === 'text')) {
    const value = parts.length === 0 ? '[no content]' : textOfParts(parts);
    return { type: isError ? 'error-text' : 'text', value };
  }
  const value = parts.map((part) => aiPart(part, version));
  return {
    type: 'content',
    value: (isError ? [{ type: 'text', text: ERROR }, ...value] : value) as never[],
  };
}

function isResult(output: unknown): output is CallToolResult {
  return isObject(output) && Array.isArray(output.content);
}

function aiPart(part: ContentPart, version: AiVersion): AiContentPart {
  if (part.kind === 'text') return { type: 'text', text: part.text };
  const { data, mimeType: mediaType } = part;
  if (version === 7) return { type: 'file', data: { type: 'data', data }, mediaType };
  return { type: version === 5 ? 'media' : nameOf(part), data, mediaType };
}

function nameOf({ kind }: DataPart): 'image-data' | 'file-data' {
  return kind === 'image' ? 'image-data' : 'file-data';
}
