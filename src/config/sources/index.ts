import type { SourceName } from '../types.js';
import { claudeCode } from './claude-code.js';
import { claudeDesktop } from './claude-desktop.js';
import { cline } from './cline.js';
import { codex } from './codex.js';
import { continueSource } from './continue.js';
import { copilot } from './copilot.js';
import { cursor } from './cursor.js';
import { gemini } from './gemini.js';
import { goose } from './goose.js';
import { inspector } from './inspector.js';
import { mcpActors } from './mcp-actors.js';
import { mcporter } from './mcporter.js';
import { opencode } from './opencode.js';
import type { Source } from './source.js';
import { vscode } from './vscode.js';
import { windsurf } from './windsurf.js';
import { zed } from './zed.js';
import { SOURCE_NAMES } from '../types.js';

const BY_NAME: Readonly<Record<SourceName, Source>> = {
  'mcp-actors': mcpActors,
  'claude-code': claudeCode,
  'claude-desktop': claudeDesktop,
  vscode,
  copilot,
  cursor,
  windsurf,
  cline,
  zed,
  codex,
  gemini,
  opencode,
  continue: continueSource,
  goose,
  mcporter,
  inspector,
};

/** All sources, in the order of their precedence within a folder. */
export const SOURCES: readonly Source[] = SOURCE_NAMES.map((name) => BY_NAME[name]);

/** The source with a name. */
export function sourceNamed(name: SourceName): Source {
  return BY_NAME[name];
}
