import { createHash } from 'node:crypto';

import { detailsOf } from '../../../protocol/checks/problem.js';
import type { CheckProblem } from '../../../protocol/checks/problem.js';
import type { Params } from '../../../protocol/messages/json-rpc.js';
import { invalidResult } from '../../../protocol/methods.js';
import type { ReadResourceResult, SkillResource } from '../../../protocol/schema/index.js';
import { MAX_SKILL_BYTES } from '../../../protocol/skills/skill-entry.js';
import { failure } from '../../../util/failure.js';
import type { Delivery, Failure } from '../../../util/failure.js';
import { safeText } from '../../../util/printable.js';
import type { ConnectionErrors } from '../../connection-errors.js';
import type { SubmitOptions } from '../../options/call-options.js';

const METHOD = 'resources/read';

/** The longest URI in a message, in characters; `details` has the whole URI. */
const LONGEST_URI = 200;

const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;

/** A file of a skill, as {@link LoadedSkill.readFile} returns it. */
export interface SkillFile {
  /** The path, relative to the folder of the skill, such as `references/FORMS.md`. */
  readonly path: string;
  readonly uri: string;
  /** The type of the content, if the server sent one. */
  readonly mimeType: string | undefined;
  /** The bytes of the file. */
  readonly bytes: Uint8Array;
  /** The text of the file; undefined if the server sent it as bytes. */
  readonly text: string | undefined;
  /** Whether size and digest are those of the entry. False only for a skill whose `resources` are `'dynamic'`. */
  readonly verified: boolean;
}

/** What {@link readSkillFile} uses of a client. */
export interface FileReader {
  readonly errors: Pick<ConnectionErrors, 'of'>;
  request(method: string, params: Params, options?: SubmitOptions): Promise<object>;
}

/** The file to read. */
export interface WantedFile {
  /** The URI of the skill. */
  readonly skill: string;
  readonly path: string;
  readonly uri: string;
  /** The size and digest in the entry; undefined if the skill is dynamic. */
  readonly listed: SkillResource | undefined;
}

/**
 * Reads a file of a skill, and verifies its size and digest before it returns any of its content. SEP-2640, "Verification on Read".
 * @throws MCPProtocolError with code `MCP_SKILL_INVALID` if one differs.
 */
export async function readSkillFile(
  client: FileReader,
  wanted: WantedFile,
  options: SubmitOptions,
): Promise<SkillFile> {
  const { skill, path, uri, listed } = wanted;
  const result = (await client.request(METHOD, { uri }, options)) as ReadResourceResult;
  const [content, ...others] = result.contents;
  if (content === undefined || others.length > 0) {
    const received = others.length === 0 ? 'none' : `${others.length + 1} parts`;
    throw client.errors.of(
      invalidResult(METHOD, { path: 'contents', expected: `the file ${shown(uri)}`, received }, result),
    );
  }
  const text = 'text' in content && typeof content.text === 'string' ? content.text : undefined;
  const bytes = text === undefined ? decoded((content as { readonly blob: string }).blob) : Buffer.from(text);
  if (bytes === undefined) throw client.errors.of(skillFailure(skill, uri, NOT_BASE64));
  const found = listed && verificationProblem(listed, bytes);
  if (found !== undefined) throw client.errors.of(skillFailure(skill, uri, found));
  return { path, uri, mimeType: content.mimeType ?? undefined, bytes, text, verified: listed !== undefined };
}

const NOT_BASE64: CheckProblem = { path: 'content', expected: 'base64', received: 'a text that is not base64' };

/** The bytes of a base64 text; undefined if it is not base64, which `Buffer.from` would accept. RFC 4648, section 4. */
function decoded(base64: string): Buffer | undefined {
  return base64.length % 4 === 0 && BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function verificationProblem({ size, digest }: SkillResource, bytes: Buffer): CheckProblem | undefined {
  if (bytes.length !== size) return { path: 'size', expected: `${size} bytes`, received: `${bytes.length} bytes` };
  const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return actual === digest ? undefined : { path: 'digest', expected: digest, received: actual };
}

/** The failure of a skill that is not as its entry describes it. `details` has `skill`, `uri`, `field`, `expected` and `received`. */
export function skillFailure(
  skill: string,
  uri: string,
  found: CheckProblem,
  delivery: Delivery = 'answered',
  limit?: number,
): Failure {
  const { path: field, ...values } = detailsOf(found);
  const subject = uri === skill ? `The skill ${shown(skill)}` : `The file ${shown(uri)} of the skill ${shown(skill)}`;
  const message = `${subject} is not used: ${field} must be ${values.expected}, got ${values.received}`;
  return failure('protocol', 'MCP_SKILL_INVALID', message, {
    delivery,
    details: { skill, uri, field, ...values, ...(limit !== undefined && { limit }) },
  });
}

/** The failure of a skill that exceeds 16 MiB. */
export function tooLarge(skill: string, uri: string, bytes: number, delivery: Delivery = 'answered'): Failure {
  const expected = `at most ${MAX_SKILL_BYTES} bytes for all files`;
  const found = { path: 'size', expected, received: `${bytes} bytes` };
  return skillFailure(skill, uri, found, delivery, MAX_SKILL_BYTES);
}

function shown(uri: string): string {
  return safeText(uri, LONGEST_URI);
}
