import { createScanner, parseTree } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';

/** The numbers of the tokens of the scanner: the enumeration of the package is only in its declarations. */
const COMMA = 5;
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const SPACE = 15;

/**
 * Sets a member of an object in a text of JSON with comments. All other text stays as it is, except a comma.
 * @param names the path of the object; objects that are missing are made
 */
export function setMember(text: string, names: readonly string[], name: string, value: unknown): string {
  let changed = text;
  for (let length = 0; length < names.length; length += 1) {
    const missing = names[length] ?? '';
    if (memberOf(objectAt(changed, names.slice(0, length)), missing) === undefined)
      changed = insert(changed, objectAt(changed, names.slice(0, length)), missing, {});
  }
  const object = objectAt(changed, names);
  const [, old] = memberOf(object, name)?.children ?? [];
  if (old === undefined) return insert(changed, object, name, value);
  const json = written(value, new Layout(changed), indentationAt(changed, old.offset));
  return changed.slice(0, old.offset) + json + changed.slice(old.offset + old.length);
}

/** Removes a member of an object, and its line if nothing else is in it. */
export function removeMember(text: string, names: readonly string[], name: string): string {
  const object = objectAt(text, names);
  const property = memberOf(object, name);
  if (object === undefined || property === undefined) return text;
  const members = object.children ?? [];
  const before = members[members.indexOf(property) - 1];
  const after = commaAfter(text, property.offset + property.length);
  let [start, end] = [property.offset, after === undefined ? property.offset + property.length : after + 1];
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const [rest = ''] = /^[ \t]*\r?\n/.exec(text.slice(end)) ?? [];
  if (rest !== '' && text.slice(lineStart, start).trim() === '' && lineStart > 0) {
    start = lineStart;
    end += rest.length;
  }
  const without = text.slice(0, start) + text.slice(end);
  if (before === undefined || after !== undefined) return without;
  // The member before is the last one now. Strict readers refuse a comma after it.
  const comma = commaAfter(text, before.offset + before.length);
  return comma === undefined || comma >= start ? without : without.slice(0, comma) + without.slice(comma + 1);
}

function objectAt(text: string, names: readonly string[]): Node | undefined {
  let node = parseTree(text, [], { allowTrailingComma: true });
  for (const name of names) [, node] = memberOf(node, name)?.children ?? [];
  return node?.type === 'object' ? node : undefined;
}

/** The last member with a name: it is the one that counts. */
function memberOf(object: Node | undefined, name: string): Node | undefined {
  return object?.children?.filter(({ children }) => children?.[0]?.value === name).at(-1);
}

function insert(text: string, object: Node | undefined, name: string, value: unknown): string {
  if (object === undefined) return text;
  const layout = new Layout(text);
  const last = object.children?.at(-1);
  const key = JSON.stringify(name);
  const end = object.offset + object.length - 1;
  if (last === undefined) {
    const outer = indentationAt(text, object.offset);
    const inner = outer + layout.unit;
    const content = `${layout.eol}${inner}${key}: ${written(value, layout, inner)}${layout.eol}${outer}`;
    // Comments in the object stay.
    const comments = text.slice(object.offset + 1, end).trimEnd();
    return text.slice(0, object.offset + 1) + comments + content + text.slice(end);
  }
  const lastEnd = last.offset + last.length;
  if (!text.slice(object.offset, end).includes('\n')) {
    const comma = commaAfter(text, lastEnd);
    const at = comma === undefined ? lastEnd : comma + 1;
    return `${text.slice(0, at)}${comma === undefined ? ',' : ''} ${key}: ${JSON.stringify(value)}${text.slice(at)}`;
  }
  const comma = commaAfter(text, lastEnd);
  const withComma = comma === undefined ? `${text.slice(0, lastEnd)},${text.slice(lastEnd)}` : text;
  const at = endOfComments(withComma, (comma ?? lastEnd) + 1);
  const inner = indentationAt(text, last.offset);
  // A trailing comma stays one.
  const trailing = comma === undefined ? '' : ',';
  const member = `${layout.eol}${inner}${key}: ${written(value, layout, inner)}${trailing}`;
  return withComma.slice(0, at) + member + withComma.slice(at);
}

/** The offset of the comma after a value; undefined if there is none. */
function commaAfter(text: string, from: number): number | undefined {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let token: number = scanner.scan();
  while (token >= LINE_COMMENT && token <= SPACE) token = scanner.scan();
  return token === COMMA ? scanner.getTokenOffset() : undefined;
}

/** The end of the comments that follow in the same line. */
function endOfComments(text: string, from: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  let end = from;
  for (;;) {
    const token: number = scanner.scan();
    if (token === LINE_COMMENT || token === BLOCK_COMMENT) end = scanner.getTokenOffset() + scanner.getTokenLength();
    else if (token !== SPACE) return end;
  }
}

/** The indentation of the line of an offset. */
function indentationAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}

/** The indentation and line ends of a text. */
class Layout {
  readonly unit: string;
  readonly eol: string;

  constructor(text: string) {
    this.unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
    this.eol = text.includes('\r\n') ? '\r\n' : '\n';
  }
}

function written(value: unknown, { unit, eol }: Layout, indentation: string): string {
  return (JSON.stringify(value, null, unit) ?? 'null').replaceAll('\n', `${eol}${indentation}`);
}
