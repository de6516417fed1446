import type { MCPSkill, SkillResource } from '../../../protocol/schema/index.js';
import { MAX_SKILL_BYTES } from '../../../protocol/skills/skill-entry.js';
import { pathInSkill, relativePath, uriInSkill } from '../../../protocol/skills/skill-uris.js';
import { safeText } from '../../../util/printable.js';
import { unusableOption } from '../../../option-checks.js';
import { checkText } from '../call-arguments.js';
import { checkCallOptions, REQUEST_OPTIONS } from '../../options/call-options.js';
import type { RequestOptions } from '../../options/call-options.js';
import { readSkillFile, skillFailure, tooLarge } from './skill-files.js';
import type { FileReader, SkillFile, WantedFile } from './skill-files.js';

const A_PATH = 'a path relative to the folder of the skill, without ".."';

/** The longest path in a message, in characters. */
const LONGEST_PATH = 200;

/** A verified `SKILL.md`, and what its skill consists of. */
export interface SkillParts {
  readonly entry: MCPSkill;
  /** The URI of the folder of the skill. */
  readonly root: string;
  readonly file: SkillFile;
  readonly text: string;
  readonly body: string;
}

/**
 * A skill whose `SKILL.md` was read and verified by {@link Skills.read}. It reads the other files of the skill on demand, and verifies them by
 * the entry that it holds. Its texts are input from an untrusted server: mark them with their server when a model gets them. SEP-2640,
 * "Integrity and Verification" and "Security Considerations".
 */
export class LoadedSkill {
  /** The entry by which files are verified. It does not change, also if the server publishes another one. */
  readonly entry: MCPSkill;
  /** The whole text of `SKILL.md`. */
  readonly text: string;
  /** The text after the front matter: the instructions. */
  readonly body: string;
  /** Whether the files have digests. False only with `allowDynamic`, for a skill whose `resources` are `'dynamic'`. */
  readonly verified: boolean;
  readonly #client: FileReader;
  readonly #root: string;
  /** The files by path; undefined if the skill is dynamic. */
  readonly #files: ReadonlyMap<string, SkillResource> | undefined;
  /** How many bytes of a dynamic skill were read. */
  #bytes: number;

  /** @internal */
  constructor(client: FileReader, { entry, root, file, text, body }: SkillParts) {
    this.entry = entry;
    this.text = text;
    this.body = body;
    this.verified = file.verified;
    this.#client = client;
    this.#root = root;
    this.#files = filesOf(entry, root);
    this.#bytes = file.bytes.length;
  }

  /**
   * The paths of all files, such as `references/FORMS.md`, with `SKILL.md`; undefined for a dynamic skill, whose files are not known. For these,
   * `client.request('resources/directory/read', { uri })` lists a folder, if the server has the capability
   * `io.modelcontextprotocol/skills.directoryRead`.
   */
  get files(): string[] | undefined {
    return this.#files && [...this.#files.keys()];
  }

  /**
   * Reads a file of the skill, and verifies its size and digest before it returns. Only files in the entry are read. SEP-2640, "Relative
   * References" and "The Acting Window and the Held Entry".
   * @param path relative to the folder of the skill. With `..`, a scheme or a `/` at its beginning it is refused.
   * @throws MCPProtocolError with code `MCP_SKILL_INVALID` if the entry does not have the file, its size or digest differs, or the files of a
   * dynamic skill exceed 16 MiB; MCPError with code `MCP_INVALID_PARAMS` if the path is invalid; the errors of {@link MCPCalls.request}.
   *
   * @example
   * const skill = await client.skills.read('skill://pdf-processing/SKILL.md');
   * const { text } = await skill.readFile('references/FORMS.md');
   */
  async readFile(path: string, options: RequestOptions = {}): Promise<SkillFile> {
    checkText('path', A_PATH, path);
    checkCallOptions('readFile', options, REQUEST_OPTIONS);
    const file = await readSkillFile(this.#client, this.#wanted(path), options);
    if (!file.verified) this.#count(file);
    return file;
  }

  #wanted(given: string): WantedFile {
    const skill = this.entry.uri;
    const path = relativePath(given);
    const uri = path === undefined ? undefined : uriInSkill(this.#root, path);
    if (path === undefined || uri === undefined)
      throw unusableOption('path', A_PATH, `"${safeText(given, LONGEST_PATH)}"`);
    if (this.#files === undefined) return { skill, path, uri, listed: undefined };
    // Links in a text may be percent-encoded.
    for (const one of [path, pathInSkill(this.#root, `${this.#root}/${path}`)]) {
      const listed = one === undefined ? undefined : this.#files.get(one);
      if (one !== undefined && listed !== undefined) return { skill, path: one, uri: listed.uri, listed };
    }
    const problem = { path: 'resources', expected: 'a list with this file', received: 'a list without it' };
    throw this.#client.errors.of(skillFailure(skill, uri, problem, 'not-sent'));
  }

  #count({ uri, bytes }: SkillFile): void {
    const total = this.#bytes + bytes.length;
    if (total > MAX_SKILL_BYTES) throw this.#client.errors.of(tooLarge(this.entry.uri, uri, total));
    this.#bytes = total;
  }
}

function filesOf({ resources }: MCPSkill, root: string): Map<string, SkillResource> | undefined {
  if (resources === 'dynamic') return undefined;
  return new Map(resources.map((resource) => [pathInSkill(root, resource.uri) as string, { ...resource }]));
}
