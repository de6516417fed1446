import type { CacheableResult, JSONValue, PaginatedResult } from './base.js';
import type { PaginatedRequestParams, RequestParams } from './request-meta.js';

/** A file of a skill. Extension io.modelcontextprotocol/skills (SEP-2640), "Skill Entries". */
export interface SkillResource {
  /** The URI of the file, for `resources/read`. */
  uri: string;
  /** The SHA-256 digest of the bytes of the file: `sha256:` and 64 lowercase hexadecimal digits. */
  digest: string;
  /** The length of the file, in bytes. */
  size: number;
}

/**
 * The front matter of a `SKILL.md` as JSON, with every field that its author wrote. The server sends it, so it is untrusted. Agent Skills
 * specification, "Frontmatter".
 */
export interface SkillFrontmatter {
  /** A label: two skills of a server may have the same name. A skill is identified by its server and its URI. */
  name: string;
  description: string;
  [field: string]: JSONValue;
}

/** The entry of a skill: the schema's `Skill`. Extension io.modelcontextprotocol/skills (SEP-2640), "Skill Entries". */
export interface MCPSkill {
  /** The URI of the `SKILL.md`. */
  uri: string;
  frontmatter: SkillFrontmatter;
  /** All files of the skill, with its `SKILL.md`; `"dynamic"` if the server generates the content, so that there are no digests. */
  resources: SkillResource[] | 'dynamic';
}

/** Requests a page of the list of skills. */
export interface ListSkillsRequest {
  method: 'skills/list';
  params?: PaginatedRequestParams;
}

/** A page of the list of skills. The list may be incomplete, or empty although the server has skills. */
export interface ListSkillsResult extends PaginatedResult, CacheableResult {
  skills: MCPSkill[];
}

/** The skill to get. */
export interface GetSkillRequestParams extends RequestParams {
  /** The URI of its `SKILL.md`. */
  uri: string;
}

/** Requests the entry of one skill, listed or not. */
export interface GetSkillRequest {
  method: 'skills/get';
  params: GetSkillRequestParams;
}

/** The entry of one skill. */
export interface GetSkillResult extends CacheableResult {
  skill: MCPSkill;
}
