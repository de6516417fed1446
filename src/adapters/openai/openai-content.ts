import type { CallToolResult } from '../../protocol/schema/index.js';
import { contentParts, ERROR_MARK, noteOf, NO_CONTENT, textOfParts } from '../content.js';
import type { ContentPart, DataPart } from '../content.js';

/** An item of the output of a call in the Responses API. */
export type OpenAIOutputItem =
  | { type: 'input_text'; text: string }
  | { type: 'input_image'; image_url: string; detail: 'auto' }
  | { type: 'input_file'; filename: string; file_data: string };

/** The images that OpenAI takes. Guide "Images and vision", November 2026. */
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

/** The longest name of a file, in characters. */
const LONGEST_NAME = 100;

/** A result as the output of a call in the Responses API: one text, or items if there is an image or a file. */
export function responseOutput(result: CallToolResult): string | OpenAIOutputItem[] {
  const parts = contentParts(result);
  const items = parts.map(itemOf);
  if (items.every(({ type }) => type === 'input_text')) return marked(result, textOfParts(parts));
  return result.isError === true ? [{ type: 'input_text', text: ERROR_MARK }, ...items] : items;
}

/** A result as the content of a tool message, which is text. */
export function chatText(result: CallToolResult): string {
  return marked(result, textOfParts(contentParts(result)));
}

function marked({ isError }: CallToolResult, text: string): string {
  if (isError === true) return text === '' ? ERROR_MARK : `${ERROR_MARK}\n${text}`;
  return text === '' ? NO_CONTENT : text;
}

function itemOf(part: ContentPart): OpenAIOutputItem {
  if (part.kind === 'text') return { type: 'input_text', text: part.text };
  const { kind, data, mimeType } = part;
  const type = mimeType.toLowerCase();
  if (kind === 'image' && IMAGES.has(type))
    return { type: 'input_image', image_url: `data:${type};base64,${data}`, detail: 'auto' };
  if (kind !== 'file') return { type: 'input_text', text: noteOf(part) };
  return { type: 'input_file', filename: filenameOf(part), file_data: `data:${mimeType};base64,${data}` };
}

function filenameOf({ uri = '', mimeType }: DataPart): string {
  const [last = ''] = uri.split(/[?#]/, 1)[0]?.split('/').slice(-1) ?? [];
  const name = last.replace(/[^\w.-]/g, '_').slice(-LONGEST_NAME);
  if (name !== '') return name;
  return mimeType === 'application/pdf' ? 'file.pdf' : 'file';
}
