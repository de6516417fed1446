import type { GetSkillResult, ListSkillsResult } from '../schema/index.js';
import { arrayProblem, isObject, problem, within } from './problem.js';
import type { Check, CheckProblem } from './problem.js';
import { cacheableProblem, pageProblem } from './result-checks.js';

// These checks look at types only, so that a redacted recording passes them, too. `skills/skill-entry.ts` has the rules of the extension.

/** Checks the answer to `skills/list`. SEP-2640, "Listing Skills". */
export const checkListSkillsResult: Check<ListSkillsResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  return arrayProblem('skills', value.skills, skillShapeProblem) ?? pageProblem(value);
};

/** Checks the answer to `skills/get`. SEP-2640, "Getting a Skill". */
export const checkGetSkillResult: Check<GetSkillResult> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const found = skillShapeProblem(value.skill);
  return found === undefined ? cacheableProblem(value) : within('skill', found);
};

/** The first problem in the types of an `MCPSkill`. Any text passes for `resources` that are not an array. */
export function skillShapeProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const { uri, frontmatter, resources } = value;
  if (typeof uri !== 'string') return problem('uri', 'a string', uri);
  if (!isObject(frontmatter)) return problem('frontmatter', 'an object', frontmatter);
  const { name, description } = frontmatter;
  if (typeof name !== 'string') return problem('frontmatter.name', 'a string', name);
  if (typeof description !== 'string') return problem('frontmatter.description', 'a string', description);
  if (typeof resources === 'string') return undefined;
  if (!Array.isArray(resources)) return problem('resources', 'an array, or "dynamic"', resources);
  return arrayProblem('resources', resources, skillResourceShapeProblem);
}

function skillResourceShapeProblem(value: unknown): CheckProblem | undefined {
  if (!isObject(value)) return problem('', 'an object', value);
  const { uri, digest, size } = value;
  if (typeof uri !== 'string') return problem('uri', 'a string', uri);
  if (typeof digest !== 'string') return problem('digest', 'a string', digest);
  return typeof size === 'number' ? undefined : problem('size', 'a number', size);
}
