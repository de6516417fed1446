import { isObject } from '../protocol/checks/problem.js';
import type { CallToolResult } from '../protocol/schema/index.js';
import { blocksOf, jsonOf, repeatsStructured } from '../protocol/tool-result.js';
import { byteSize } from '../util/byte-size.js';
import { safeText } from '../util/printable.js';

/** A part of a result in a form that does not depend on the SDK. */
export type ContentPart = TextPart | DataPart;

/** Text for the model. */
export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
  /** The embedded resource whose text it is; `text` begins with its URI. */
  readonly resource?: { readonly uri: string; readonly text: string } | undefined;
}

/** Base64 data for the model. */
export interface DataPart {
  readonly kind: 'image' | 'audio' | 'file';
  readonly data: string;
  readonly mimeType: string;
  /** The URI of an embedded resource. */
  readonly uri?: string | undefined;
}

/** Precedes the content of a result with `isError: true` where the SDK has no field for it. */
export const ERROR_MARK = 'The tool reported an error:';

/** The text for a result without content, because providers refuse an empty text. */
export const NO_CONTENT = '[no content]';

const UNKNOWN_TYPE = 'application/octet-stream';

/** The longest type and the longest URI in a note, in characters. */
const LONGEST_TYPE = 100;
const LONGEST_URI = 500;

/**
 * The content of a result as parts, in order. Structured content is added as JSON unless a text contains it already. Never throws: a block of an
 * unknown kind becomes its JSON. 2026-07-28 server/tools, "Tool Result".
 */
export function contentParts(result: CallToolResult): ContentPart[] {
  const parts = blocksOf(result).map(partOf);
  return repeatsStructured(result) ? parts : [...parts, text(jsonOf(result.structuredContent))];
}

/** The text of parts, one below the other, with a note in place of data. */
export function textOfParts(parts: readonly ContentPart[]): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : noteOf(part))).join('\n');
}

/** The note in place of data that a provider does not take, such as `[image/png, 12 kB, not shown]`. */
export function noteOf({ data, mimeType, uri }: DataPart): string {
  const from = uri === undefined ? [] : [safeText(uri, LONGEST_URI)];
  return `[${[...from, safeText(mimeType, LONGEST_TYPE), byteSize(bytesIn(data)), 'not shown'].join(', ')}]`;
}

/** The number of bytes that base64 stands for, without decoding it. */
function bytesIn(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

function partOf(block: unknown): ContentPart {
  if (!isObject(block)) return text(jsonOf(block));
  switch (block.type) {
    case 'text':
      return text(typeof block.text === 'string' ? block.text : jsonOf(block));
    case 'image':
    case 'audio':
      return dataPart(block.type, block.data, block.mimeType) ?? text(jsonOf(block));
    case 'resource':
      return resourcePart(block.resource) ?? text(jsonOf(block));
    case 'resource_link':
      return text(linkText(block));
    default:
      return text(jsonOf(block));
  }
}

function dataPart(kind: DataPart['kind'], data: unknown, mimeType: unknown, uri?: string): DataPart | undefined {
  if (typeof data !== 'string') return undefined;
  return { kind, data, mimeType: typeof mimeType === 'string' && mimeType !== '' ? mimeType : UNKNOWN_TYPE, uri };
}

function resourcePart(resource: unknown): ContentPart | undefined {
  if (!isObject(resource)) return undefined;
  const { mimeType } = resource;
  const uri = shown(resource.uri);
  if (typeof resource.text !== 'string') return dataPart(kindOf(mimeType), resource.blob, mimeType, uri);
  return { kind: 'text', text: `${uri}:\n${resource.text}`, resource: { uri, text: resource.text } };
}

function kindOf(mimeType: unknown): DataPart['kind'] {
  const [kind] = typeof mimeType === 'string' ? mimeType.split('/') : [];
  return kind === 'image' || kind === 'audio' ? kind : 'file';
}

function linkText({ name, title, uri, mimeType, size, description }: Readonly<Record<string, unknown>>): string {
  const bytes = typeof size === 'number' ? `${size} bytes` : undefined;
  const parts = [title ?? name, uri, mimeType, bytes, description].filter((part) => part !== undefined);
  return `Resource: ${parts.map(shown).join(', ')}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : jsonOf(value);
}

function text(value: string): TextPart {
  return { kind: 'text', text: value };
}
