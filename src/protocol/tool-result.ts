import { isSameJson } from '../util/json-values.js';
import { isObject } from './checks/problem.js';
import type { CallToolResult } from './schema/index.js';

/** Of a result, what its texts are read from. It may have any shape, because a result may not be validated. */
type ResultContent = Partial<Pick<CallToolResult, 'content' | 'structuredContent'>>;

/**
 * The text of a result: its text blocks and the texts of its embedded resources, one below the other. Structured content is added as JSON, unless
 * the blocks repeat it already. Images, sounds, files and links have no text and are left out. Never throws. 2026-07-28 server/tools, "Tool Result".
 *
 * @example
 * console.log(textOf(await client.callTool('echo', { message: 'hello' })));
 */
export function textOf(result: Partial<Pick<CallToolResult, 'content' | 'structuredContent'>>): string {
  const texts = blocksOf(result).flatMap((block) => textOfBlock(block) ?? []);
  if (!repeatsStructured(result)) texts.push(jsonOf(result.structuredContent));
  return texts.join('\n');
}

/** The text of a text block or of an embedded resource; undefined for other blocks. */
export function textOfBlock(block: unknown): string | undefined {
  if (!isObject(block)) return undefined;
  const text = block.type === 'resource' && isObject(block.resource) ? block.resource.text : block.text;
  return (block.type === 'text' || block.type === 'resource') && typeof text === 'string' ? text : undefined;
}

/** The blocks of a result; none if its content is not a list. */
export function blocksOf({ content }: ResultContent): readonly unknown[] {
  return Array.isArray(content) ? content : [];
}

/**
 * Whether the texts of a result already contain its structured content, as servers repeat it for old clients: as JSON, or each of its values as a
 * block. Also true without structured content.
 */
export function repeatsStructured(result: ResultContent): boolean {
  const { structuredContent } = result;
  if (structuredContent === undefined) return true;
  const texts = blocksOf(result).flatMap((block) => (isObject(block) && block.type === 'text' ? [block.text] : []));
  if (texts.some((text) => typeof text === 'string' && isJsonOf(text, structuredContent))) return true;
  // Since 2026-07-28 it may be any JSON value.
  if (typeof structuredContent !== 'object' || structuredContent === null)
    return typeof structuredContent === 'string' && texts.includes(structuredContent);
  const values: unknown[] = Object.values(structuredContent);
  return values.length > 0 && values.every((value) => typeof value === 'string' && texts.includes(value));
}

/** A value as JSON; a note if it is nested too deeply for the stack. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return '[JSON that is nested too deeply, not shown]';
  }
}

function isJsonOf(text: string, value: unknown): boolean {
  try {
    return isSameJson(JSON.parse(text), value);
  } catch {
    return false;
  }
}
