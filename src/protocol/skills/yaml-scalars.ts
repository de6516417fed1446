/** YAML that cannot be read: it is invalid, or outside of the subset. */
export class YamlProblem extends Error {
  /** @param at the place in the text, in characters */
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
    this.name = 'YamlProblem';
  }
}

const NULL = /^(?:|~|null|Null|NULL)$/;
const TRUE = /^(?:true|True|TRUE)$/;
const FALSE = /^(?:false|False|FALSE)$/;
const DECIMAL = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[\da-fA-F]+$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** The value of a plain scalar; undefined for a number that JSON does not have. YAML 1.2.2, "Core Schema". */
export function plainValue(text: string): string | number | boolean | null | undefined {
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (NOT_FINITE.test(text)) return undefined;
  if (!DECIMAL.test(text) && !OCTAL.test(text) && !HEXADECIMAL.test(text)) return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Characters that must not begin a plain scalar. `-`, `?` and `:` may, if a character follows that is neither white nor special. */
const INDICATORS = new Set(',[]{}#&*!|>\'"%@`');
const FLOW_INDICATORS = new Set(',[]{}');

/** Whether a plain scalar begins at a place. YAML 1.2.2, "Plain Style". */
export function beginsPlain(text: string, at: number, inFlow: boolean): boolean {
  const first = text[at];
  if (first === undefined || INDICATORS.has(first) || isWhite(first) || first === '\n') return false;
  if (first !== '-' && first !== '?' && first !== ':') return true;
  const next = text[at + 1];
  return next !== undefined && !isWhite(next) && next !== '\n' && !(inFlow && FLOW_INDICATORS.has(next));
}

/** Whether the colon at a place ends a key. */
export function endsKey(text: string, at: number, inFlow: boolean): boolean {
  const next = text[at + 1];
  return next === undefined || isWhite(next) || next === '\n' || (inFlow && FLOW_INDICATORS.has(next));
}

/** The end of a plain scalar on its line: a comment, a key, or in a flow collection an indicator. White space before it is not part of it. */
export function plainEnd(text: string, at: number, inFlow: boolean): number {
  let end = at;
  for (let index = at; index < text.length; index += 1) {
    const one = text[index] as string;
    if (one === '\n' || (inFlow && FLOW_INDICATORS.has(one))) break;
    if (one === ':' && endsKey(text, index, inFlow)) break;
    if (one === '#' && isWhite(text[index - 1])) break;
    if (!isWhite(one)) end = index + 1;
  }
  return end;
}

/** Whether a character is white space within a line. */
export function isWhite(one: string | undefined): boolean {
  return one === ' ' || one === '\t';
}

/** The next place that is not white space. */
export function skipWhite(text: string, at: number): number {
  let index = at;
  while (isWhite(text[index])) index += 1;
  return index;
}

/** The lines of a literal (`|`) or folded (`>`) block scalar as its value. YAML 1.2.2, "Block Scalar Styles". */
export function blockValue(lines: readonly string[], folded: boolean, chomping: string): string {
  const last = lines.findLastIndex((line) => line !== '');
  let value = '';
  // Line feeds before the next line that is not empty.
  let feeds = 0;
  let before: string | undefined;
  for (const line of lines.slice(0, last + 1)) {
    if (line === '') {
      feeds += 1;
      continue;
    }
    const folds = folded && before !== undefined && !isWhite(before[0]) && !isWhite(line[0]);
    if (folds) value += feeds === 0 ? ' ' : '\n'.repeat(feeds);
    else value += '\n'.repeat(before === undefined ? feeds : feeds + 1);
    value += line;
    before = line;
    feeds = 0;
  }
  if (chomping === '-') return value;
  if (chomping === '+') return value + '\n'.repeat(last === -1 ? lines.length : lines.length - last);
  return last === -1 ? value : `${value}\n`;
}
