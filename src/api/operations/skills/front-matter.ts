import type { CheckProblem } from '../../../protocol/checks/problem.js';
import type { JSONObject } from '../../../protocol/schema/index.js';
import { isSameJson } from '../../../util/json-values.js';
import { safeText } from '../../../util/printable.js';
import { readYamlMapping, YamlProblem } from './front-matter-yaml.js';

/** The longest front matter, in characters. */
const MAX_FRONT_MATTER = 64 * 1024;

/** The longest text of a server in a problem, in characters. */
const LONGEST_SHOWN = 200;

const BYTE_ORDER_MARK = '\ufeff';
const DASHES = /^---[ \t]*\r?$/;

/** The two parts of a `SKILL.md`. */
export interface SkillDocument {
  readonly frontmatter: JSONObject;
  /** The text after the front matter. */
  readonly body: string;
}

/**
 * Splits a `SKILL.md` and reads its front matter. Returns a problem if there is none, if it is too long, or if its YAML cannot be read.
 * Agent Skills specification, "SKILL.md format".
 */
export async function readSkillDocument(text: string): Promise<SkillDocument | CheckProblem> {
  const begin = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let at = lineEnd(text, begin);
  if (!DASHES.test(text.slice(begin, at))) return unread('a text that does not begin with a line ---');
  for (const first = at + 1; at < text.length && at - first <= MAX_FRONT_MATTER;) {
    const next = at + 1;
    at = lineEnd(text, next);
    if (!DASHES.test(text.slice(next, at))) continue;
    const frontmatter = await readFrontMatter(text.slice(first, next));
    return 'path' in frontmatter ? frontmatter : { ...frontmatter, body: text.slice(at + 1) };
  }
  return unread(
    at < text.length ? `more than ${MAX_FRONT_MATTER} characters` : 'a front matter without a line --- at its end',
  );
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

async function readFrontMatter(yaml: string): Promise<{ readonly frontmatter: JSONObject } | CheckProblem> {
  const text = yaml.replaceAll('\r\n', '\n');
  try {
    return { frontmatter: await readYamlMapping(text) };
  } catch (thrown) {
    if (!(thrown instanceof YamlProblem)) throw thrown;
    // The line with the dashes is the first one.
    const line = text.slice(0, thrown.at).split('\n').length + 1;
    return unread(`${shown(thrown.message)} (line ${line})`);
  }
}

function unread(received: string): CheckProblem {
  return { path: 'frontmatter', expected: 'YAML between two lines ---', received };
}

/**
 * The first field that differs between the front matter of an entry and that of its `SKILL.md`. The order of fields does not matter. SEP-2640,
 * "Frontmatter Verification".
 */
export function frontMatterDifference(entry: object, file: JSONObject): CheckProblem | undefined {
  const expected = new Map<string, unknown>(Object.entries(entry));
  const received = new Map<string, unknown>(Object.entries(file));
  for (const field of new Set([...expected.keys(), ...received.keys()])) {
    const [one, other] = [expected.get(field), received.get(field)];
    if (isSameJson(one, other)) continue;
    return { path: `frontmatter.${shown(field)}`, expected: description(one), received: description(other) };
  }
  return undefined;
}

function description(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `"${shown(value)}"`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'another array' : 'another object';
  return JSON.stringify(value);
}

function shown(text: string): string {
  return safeText(text, LONGEST_SHOWN);
}
