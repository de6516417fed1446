import { detailsOf } from '../../../protocol/checks/problem.js';
import type { MCPSkill } from '../../../protocol/schema/index.js';
import { skillEntryProblem } from '../../../protocol/skills/skill-entry.js';
import { failure } from '../../../util/failure.js';
import { safeText } from '../../../util/printable.js';
import type { Events } from '../../events.js';

/** The longest URI in a message, in characters; `details` has the whole URI. */
const LONGEST_URI = 200;

/** What {@link loadableSkills} uses of a client. */
export interface SkillFilter {
  readonly events: Pick<Events, 'warnOnce'>;
}

/** The skills that can be loaded. An invalid entry is left out, with a warning. SEP-2640, "Resources". */
export function loadableSkills(client: SkillFilter, skills: readonly MCPSkill[]): MCPSkill[] {
  return skills.filter((skill) => {
    const found = skillEntryProblem(skill);
    if (found === undefined) return true;
    const { path, expected, received } = found;
    const uri = safeText(skill.uri, LONGEST_URI);
    const message = `The skill ${uri} is left out of the list: ${path} must be ${expected}, got ${received}`;
    const details = { method: 'skills/list', skill: skill.uri, ...detailsOf(found) };
    client.events.warnOnce(failure('protocol', 'MCP_INVALID_RESULT', message, { details }));
    return false;
  });
}
