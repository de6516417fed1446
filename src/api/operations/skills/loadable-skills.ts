import { detailsOf } from '../../../protocol/checks/problem.js';
import type { CheckProblem } from '../../../protocol/checks/problem.js';
import type { MCPSkill } from '../../../protocol/schema/index.js';
import { skillEntryProblem } from '../../../protocol/skills/skill-entry.js';
import { failure } from '../../../util/failure.js';
import { isSameJson } from '../../../util/json-values.js';
import { safeText } from '../../../util/printable.js';
import type { Events } from '../../events.js';

/** The longest URI in a message, in characters; `details` has the whole URI. */
const LONGEST_URI = 200;

/** What the filters use of a client. */
export interface SkillFilter {
  readonly events: Pick<Events, 'warnOnce'>;
}

/** The skills that can be loaded. An invalid entry is left out, with a warning. SEP-2640, "Resources". */
export function loadableSkills(client: SkillFilter, skills: readonly MCPSkill[]): MCPSkill[] {
  return skills.filter((skill) => {
    const found = skillEntryProblem(skill);
    if (found !== undefined) warnOf(client, skill.uri, found);
    return found === undefined;
  });
}

/**
 * The skills, each URI once. If two entries of one URI differ, both are left out, with a warning: a URI identifies a skill, so a user who approves
 * one of them could get the other. SEP-2640, "Skill URIs".
 */
export function identifiedSkills(client: SkillFilter, skills: readonly MCPSkill[]): MCPSkill[] {
  const byUri = new Map<string, MCPSkill | undefined>();
  for (const skill of skills) {
    const { uri } = skill;
    const known = byUri.get(uri);
    if (!byUri.has(uri)) {
      byUri.set(uri, skill);
    } else if (known !== undefined && !isSameJson(known, skill)) {
      byUri.set(uri, undefined);
      warnOf(client, uri, { path: 'uri', expected: 'the URI of one entry', received: 'that of two different entries' });
    }
  }
  return [...byUri.values()].filter((skill) => skill !== undefined);
}

function warnOf({ events }: SkillFilter, skill: string, found: CheckProblem): void {
  const { path, expected, received } = found;
  const uri = safeText(skill, LONGEST_URI);
  const message = `The skill ${uri} is left out of the list: ${path} must be ${expected}, got ${received}`;
  const details = { method: 'skills/list', skill, ...detailsOf(found) };
  events.warnOnce(failure('protocol', 'MCP_INVALID_RESULT', message, { details }));
}
