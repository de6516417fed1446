import { isObject } from '../protocol/checks/problem.js';
import type { CallToolResult, ContentBlock } from '../protocol/schema/index.js';
import { blocksOf, jsonOf, repeatsStructured, textOfBlock } from '../protocol/tool-result.js';

/** Kinds of blocks whose data is not text. */
const DATA: ReadonlySet<unknown> = new Set(['image', 'audio']);

/**
 * A result whose texts have at most `most` characters together. Short texts stay whole. Structured content that would make it too long becomes a
 * text, and is removed if the blocks repeat it. The same result, if it is short enough.
 * @param replace the text to use in place of a long one; undefined for its head and tail
 */
export async function shortened(
  result: CallToolResult,
  most: number,
  replace: (text: string) => Promise<string | undefined>,
): Promise<CallToolResult> {
  const structured = repeatsStructured(result) ? undefined : jsonOf(result.structuredContent);
  const blocks = [...blocksOf(result), ...(structured === undefined ? [] : [{ type: 'text', text: structured }])];
  const lengths = blocks.map((block) => textIn(block)?.length ?? 0);
  if (sum(lengths) <= most) return result;
  const limit = limitFor(lengths, most);
  const { structuredContent: _repeated, ...rest } = result;
  const content: unknown[] = [];
  for (const block of blocks) {
    const text = textIn(block);
    if (text === undefined || text.length <= limit) content.push(block);
    else content.push(withText(block, (await replace(text)) ?? headAndTail(text, limit)));
  }
  return { ...rest, content: content as ContentBlock[] };
}

/** The text of a block for the model, undefined for data. Blocks of unknown kinds are shown as JSON. */
function textIn(block: unknown): string | undefined {
  const text = textOfBlock(block);
  if (text !== undefined) return text;
  if (!isObject(block)) return jsonOf(block);
  const { type, data, resource } = block;
  if (DATA.has(type) && typeof data === 'string') return undefined;
  return type === 'resource' && isObject(resource) && typeof resource.blob === 'string' ? undefined : jsonOf(block);
}

function withText(block: unknown, text: string): unknown {
  if (!isObject(block) || textOfBlock(block) === undefined) return { type: 'text', text };
  return isObject(block.resource) ? { ...block, resource: { ...block.resource, text } } : { ...block, text };
}

/** The length to which long texts are cut, so that all together have at most `most` characters. */
function limitFor(lengths: readonly number[], most: number): number {
  let left = most;
  let limit = most;
  const ascending = [...lengths].filter((length) => length > 0).sort((one, other) => one - other);
  ascending.forEach((length, at) => {
    limit = Math.floor(left / (ascending.length - at));
    left -= Math.min(length, limit);
  });
  return limit;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** The beginning and the end of a text, with the number of characters that are missing. Surrogate pairs stay whole. */
export function headAndTail(text: string, length: number): string {
  const half = Math.floor(length / 2);
  const head = text.slice(0, half).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(text.length - half).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head}\n[… ${text.length - head.length - tail.length} characters are missing …]\n${tail}`;
}
