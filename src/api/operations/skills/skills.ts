import type { MCPError } from '../../../errors.js';
import { invalidOption, unusableOption } from '../../../option-checks.js';
import { within } from '../../../protocol/checks/problem.js';
import { invalidResult } from '../../../protocol/methods.js';
import type { GetSkillResult, MCPSkill, SkillResource } from '../../../protocol/schema/index.js';
import { MAX_SKILL_BYTES, MAX_SKILL_FILES, skillEntryProblem } from '../../../protocol/skills/skill-entry.js';
import { skillRoot } from '../../../protocol/skills/skill-uris.js';
import type { Failure } from '../../../util/failure.js';
import { checkCallOptions, LIST_OPTIONS, READ_SKILL_OPTIONS, REQUEST_OPTIONS } from '../../options/call-options.js';
import type { ListOptions, ReadSkillOptions, RequestOptions, SubmitOptions } from '../../options/call-options.js';
import type { ResolvedOptions } from '../../options/options.js';
import { frontMatterDifference, readSkillDocument } from './front-matter.js';
import type { SkillDocument } from './front-matter.js';
import { identifiedSkills } from './loadable-skills.js';
import type { SkillFilter } from './loadable-skills.js';
import { LoadedSkill } from './loaded-skill.js';
import { readSkillFile, skillFailure, tooLarge } from './skill-files.js';
import type { FileReader, SkillFile } from './skill-files.js';

const A_URI = 'the URI of a SKILL.md, such as skill://pdf-processing/SKILL.md';

/** What {@link Skills} uses of a client. */
export interface SkillClient extends FileReader, SkillFilter {
  readonly options: Pick<ResolvedOptions, 'maxTotalTimeout' | 'environment'>;
  readonly listCache: { list(name: 'skills', options?: ListOptions): Promise<MCPSkill[]> };
}

/**
 * The skills of a server: `client.skills`. Nothing is requested before a method is called, and no file before its skill is read. The server has
 * skills if `getCapabilities()` contains `io.modelcontextprotocol/skills`.
 *
 * The methods verify that files are what the entry of their skill describes. That does not make them trustworthy: entry and files come from the
 * same server. Have the user approve a skill, and its entry, before you read it. Extension io.modelcontextprotocol/skills (SEP-2640).
 *
 * @example
 * const [first] = await client.skills.list();
 * const skill = await client.skills.read(first ?? 'skill://pdf-processing/SKILL.md');
 * console.log(skill.entry.frontmatter.name, skill.body, skill.files);
 */
export class Skills {
  readonly #client: SkillClient;

  /** @internal */
  constructor(client: SkillClient) {
    this.#client = client;
  }

  /**
   * The entries of all skills that the server lists, from all pages; it reads no file. Returns the cached list while it is fresh. A server may
   * list only some of its skills, or none. Invalid entries, and different entries of one URI, are left out, with a `warning`. Several skills may have the same name: a skill is
   * identified by its server and its `uri`. SEP-2640, "Listing Skills".
   * @throws MCPCapabilityError if the server has no skills; the errors of {@link MCPClient.listTools}.
   *
   * @example
   * for (const { uri, frontmatter } of await client.skills.list()) console.log(uri, frontmatter.description);
   */
  async list(options: ListOptions = {}): Promise<MCPSkill[]> {
    checkCallOptions('skills.list', options, LIST_OPTIONS);
    return identifiedSkills(this.#client, await this.#client.listCache.list('skills', options));
  }

  /**
   * The current entry of one skill, listed or not; it reads no file. SEP-2640, "Getting a Skill".
   * @param uri the URI of its `SKILL.md`
   * @throws MCPCapabilityError if the server has no skills; MCPProtocolError with code `MCP_RPC_ERROR` if it does not have this skill, or with
   * code `MCP_INVALID_RESULT` if the entry is invalid or that of another skill; the errors of {@link MCPCalls.request}.
   *
   * @example
   * const entry = await client.skills.get('skill://pdf-processing/SKILL.md');
   */
  async get(uri: string, options: RequestOptions = {}): Promise<MCPSkill> {
    checkUri('uri', uri);
    checkCallOptions('skills.get', options, REQUEST_OPTIONS);
    return this.#get(uri, options);
  }

  async #get(uri: string, options: SubmitOptions): Promise<MCPSkill> {
    const method = 'skills/get';
    const result = (await this.#client.request(method, { uri }, options)) as GetSkillResult;
    const { skill } = result;
    const found = skillEntryProblem(skill);
    if (found !== undefined) throw this.#error(invalidResult(method, within('skill', found), result));
    if (skill.uri === uri) return skill;
    const other = { path: 'skill.uri', expected: `"${uri}"`, received: `"${skill.uri}"` };
    throw this.#error(invalidResult(method, other, result));
  }

  /**
   * Reads the `SKILL.md` of a skill, and verifies its size, its digest and its front matter by the entry before it returns. Other files are read
   * by {@link LoadedSkill.readFile}, when they are needed. If the skill changed after the entry was received, get a new entry: an approval of
   * the old one does not cover it. SEP-2640, "Integrity and Verification".
   * @param skill an entry of `list()` or `get()`, or a URI, whose entry is requested first
   * @throws MCPProtocolError with code `MCP_SKILL_INVALID` if size, digest or front matter differ, if the skill has more than 512 files or
   * 16 MiB, or if it is dynamic and `allowDynamic` is not set: `details` has `skill`, `uri`, `field`, `expected` and `received`; MCPError with
   * code `MCP_INVALID_PARAMS` if the entry is invalid; the errors of {@link Skills.get} and {@link MCPCalls.request}.
   *
   * @example
   * const skill = await client.skills.read('skill://pdf-processing/SKILL.md');
   * const forms = await skill.readFile('references/FORMS.md');
   */
  async read(skill: MCPSkill | string, options: ReadSkillOptions = {}): Promise<LoadedSkill> {
    checkCallOptions('skills.read', options, READ_SKILL_OPTIONS);
    if (typeof skill === 'string') checkUri('skill', skill);
    const { allowDynamic = false, ...request } = options;
    const { maxTotalTimeout, environment } = this.#client.options;
    const total = request.maxTotalTimeout ?? maxTotalTimeout;
    const submitted = total === undefined ? request : { ...request, totalDeadline: environment.now() + total };
    const entry = typeof skill === 'string' ? await this.#get(skill, submitted) : usableEntry(skill);
    const refusal = refusalOf(entry, allowDynamic);
    if (refusal !== undefined) throw this.#error(refusal);
    const { uri, resources } = entry;
    const listed = resources === 'dynamic' ? undefined : resources.find((resource) => resource.uri === uri);
    const wanted = { skill: uri, path: 'SKILL.md', uri, listed };
    const file = await readSkillFile(this.#client, wanted, submitted);
    if (file.bytes.length > MAX_SKILL_BYTES) throw this.#error(tooLarge(uri, uri, file.bytes.length));
    const text = file.text ?? this.#decoded(uri, file);
    const { body } = await this.#document(entry, text);
    return new LoadedSkill(this.#client, { entry, root: skillRoot(uri) as string, file, text, body });
  }

  #decoded(uri: string, { bytes }: SkillFile): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      const problem = { path: 'content', expected: 'UTF-8', received: 'other bytes' };
      throw this.#error(skillFailure(uri, uri, problem));
    }
  }

  async #document({ uri, frontmatter }: MCPSkill, text: string): Promise<SkillDocument> {
    const document = await readSkillDocument(text);
    const found = 'path' in document ? document : frontMatterDifference(frontmatter, document.frontmatter);
    if (found !== undefined) throw this.#error(skillFailure(uri, uri, found));
    return document as SkillDocument;
  }

  #error(why: Failure): MCPError {
    return this.#client.errors.of(why);
  }
}

function checkUri(name: string, uri: unknown): void {
  if (typeof uri !== 'string' || skillRoot(uri) === undefined) throw invalidOption(name, A_URI, uri);
}

/** Checks an entry that a program passes: it may have been stored. */
function usableEntry(skill: MCPSkill): MCPSkill {
  const found = skillEntryProblem(skill);
  if (found === undefined) return skill;
  const { path, expected, received } = within('skill', found);
  throw unusableOption(path, expected, received);
}

/** The failure of a skill that exceeds a limit, or has no digests. Nothing was requested. */
function refusalOf({ uri, resources }: MCPSkill, allowDynamic: boolean): Failure | undefined {
  if (resources === 'dynamic') {
    const problem = { path: 'resources', expected: 'an array of files with digests', received: '"dynamic"' };
    return allowDynamic ? undefined : skillFailure(uri, uri, problem, 'not-sent');
  }
  if (resources.length > MAX_SKILL_FILES) {
    const problem = {
      path: 'resources',
      expected: `at most ${MAX_SKILL_FILES} files`,
      received: `${resources.length} files`,
    };
    return skillFailure(uri, uri, problem, 'not-sent', MAX_SKILL_FILES);
  }
  const bytes = resources.reduce((sum: number, { size }: SkillResource) => sum + size, 0);
  return bytes > MAX_SKILL_BYTES ? tooLarge(uri, uri, bytes, 'not-sent') : undefined;
}
