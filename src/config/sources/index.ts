import type { SourceName } from '../types.js';
import { claudeCode } from './claude-code.js';
import { cursor } from './cursor.js';
import { mcpActors } from './mcp-actors.js';
import type { Source } from './source.js';
import { vscode } from './vscode.js';

/** All sources, in the order of their precedence within a folder. */
export const SOURCES: readonly Source[] = [mcpActors, claudeCode, vscode, cursor];

/** The source with a name. */
export function sourceNamed(name: SourceName): Source | undefined {
  return SOURCES.find((source) => source.name === name);
}
