import type { CallToolResult } from '../../protocol/schema/index.js';
import { contentParts, NO_CONTENT, noteOf } from '../content.js';
import type { ContentPart } from '../content.js';

/** An image that Anthropic takes. */
export type AnthropicImageType = 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp';

/** A block of a tool result. */
export type AnthropicResultBlock =
  | { type: 'text'; text: string }
  | { type: 'image'; source: { type: 'base64'; media_type: AnthropicImageType; data: string } }
  | {
      type: 'document';
      title?: string;
      source:
        | { type: 'text'; media_type: 'text/plain'; data: string }
        | { type: 'base64'; media_type: 'application/pdf'; data: string };
    };

const IMAGES: readonly string[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] satisfies AnthropicImageType[];

/** The longest title of a document that Anthropic takes, in characters. Messages API, `document.title`. */
const LONGEST_TITLE = 500;

/** A result as blocks of a tool result. There is at least one. */
export function anthropicBlocks(result: CallToolResult): AnthropicResultBlock[] {
  const blocks = contentParts(result).map(blockOf);
  return blocks.length === 0 ? [{ type: 'text', text: NO_CONTENT }] : blocks;
}

function blockOf(part: ContentPart): AnthropicResultBlock {
  if (part.kind === 'text') {
    const { resource } = part;
    if (resource === undefined || resource.text === '') return text(part.text);
    const source = { type: 'text', media_type: 'text/plain', data: resource.text } as const;
    return { type: 'document', ...titled(resource.uri), source };
  }
  const { kind, data, mimeType, uri } = part;
  const type = mimeType.toLowerCase();
  if (data === '') return text(noteOf(part));
  if (kind === 'image' && isImage(type)) return { type: 'image', source: { type: 'base64', media_type: type, data } };
  if (kind === 'file' && type === 'application/pdf')
    return { type: 'document', ...titled(uri), source: { type: 'base64', media_type: type, data } };
  return text(noteOf(part));
}

function isImage(type: string): type is AnthropicImageType {
  return IMAGES.includes(type);
}

function titled(uri: string | undefined): { title?: string } {
  return uri === undefined || uri === '' ? {} : { title: uri.slice(0, LONGEST_TITLE) };
}

/** Anthropic refuses an empty text. */
function text(value: string): AnthropicResultBlock {
  return { type: 'text', text: value.trim() === '' ? NO_CONTENT : value };
}
