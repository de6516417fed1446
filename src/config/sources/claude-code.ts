import { member } from '../documents/node.js';
import type { ObjectNode } from '../documents/node.js';
import { folderIn } from '../place.js';
import type { Place } from '../place.js';
import { CLAUDE_CODE_FORMAT } from './mcp-actors.js';
import { entriesAt } from './source.js';
import type { FileContext, Source } from './source.js';

/** Claude Code: https://code.claude.com/docs/en/mcp, as of November 2026. */
export const claudeCode: Source = {
  name: 'claude-code',
  title: 'Claude Code',
  projectFiles: ['.mcp.json'],
  userFiles: (place) => [place.path.join(folderIn(place, 'CLAUDE_CONFIG_DIR') ?? place.home, '.claude.json')],
  format: CLAUDE_CODE_FORMAT,
  keys: ['mcpServers', 'projects'],
  entries: (root, context) => [...ofProject(root, context), ...entriesAt(root, context, 'mcpServers')],
};

/** The entries of the user for the project that `cwd` is in: those of the nearest folder first. */
function ofProject(root: ObjectNode, context: FileContext) {
  const projects = member(root, 'projects');
  if (projects?.kind !== 'object') return [];
  const { place, cwd } = context;
  const folders = [...projects.members.keys()].filter((folder) => isInside(place, cwd, folder));
  folders.sort((one, other) => other.length - one.length);
  return folders.flatMap((folder) => entriesAt(root, context, 'projects', folder, 'mcpServers'));
}

function isInside({ path }: Place, cwd: string, folder: string): boolean {
  // On Windows, too, Claude Code writes the paths with slashes.
  const relative = path.relative(folder, cwd);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}
