import { skillShapeProblem } from '../checks/skills.js';
import { problem, within } from '../checks/problem.js';
import type { CheckProblem } from '../checks/problem.js';
import type { MCPSkill, SkillResource } from '../schema/index.js';
import { safeText } from '../../util/printable.js';
import { nameInRoot, pathInSkill, skillRoot } from './skill-uris.js';

/** The most files of one skill, with its `SKILL.md`. SEP-2640, "Limits". */
export const MAX_SKILL_FILES = 512;

/** The most bytes of all files of one skill: 16 MiB. SEP-2640, "Limits". */
export const MAX_SKILL_BYTES = 16 * 1024 * 1024;

const DIGEST = /^sha256:[\da-f]{64}$/;

/** The longest text of a server in a problem, in characters. */
const LONGEST_SHOWN = 200;

/**
 * The first problem of a skill entry because of which the skill must not be loaded: its URI does not end in its name, its files cannot be
 * verified, or one of them is not inside of the skill. Limits are not checked. SEP-2640, "Skill Entries".
 */
export function skillEntryProblem(value: unknown): CheckProblem | undefined {
  const found = skillShapeProblem(value);
  if (found !== undefined) return found;
  const { uri, frontmatter, resources } = value as MCPSkill;
  const root = skillRoot(uri);
  if (root === undefined) return unexpected('uri', 'the URI of a SKILL.md in a folder', uri);
  const name = nameInRoot(root);
  if (frontmatter.name !== name)
    return unexpected('frontmatter.name', `"${shown(name)}", as in its URI`, frontmatter.name);
  if (!Array.isArray(resources)) {
    return resources === 'dynamic' ? undefined : unexpected('resources', 'an array, or "dynamic"', resources);
  }
  return filesProblem(uri, root, resources);
}

function filesProblem(uri: string, root: string, resources: readonly SkillResource[]): CheckProblem | undefined {
  const paths = new Set<string>();
  for (const [index, resource] of resources.entries()) {
    const path = pathInSkill(root, resource.uri);
    const found =
      path === undefined
        ? unexpected('uri', `the URI of a file below ${shown(root)}`, resource.uri)
        : paths.has(path)
          ? unexpected('uri', 'a file that is listed once', resource.uri)
          : resourceProblem(resource);
    if (found !== undefined) return within(`resources[${index}]`, found);
    paths.add(path as string);
  }
  return resources.some((resource) => resource.uri === uri)
    ? undefined
    : { path: 'resources', expected: 'a list with SKILL.md', received: 'a list without it' };
}

function resourceProblem({ digest, size }: SkillResource): CheckProblem | undefined {
  if (!DIGEST.test(digest)) return unexpected('digest', '"sha256:" and 64 lowercase hexadecimal digits', digest);
  if (Number.isSafeInteger(size) && size >= 0) return undefined;
  return { ...problem('size', 'a number of bytes', size), received: String(size) };
}

function unexpected(path: string, expected: string, received: string): CheckProblem {
  return { path, expected, received: `"${shown(received)}"` };
}

function shown(text: string): string {
  return safeText(text, LONGEST_SHOWN);
}
