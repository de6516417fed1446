import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { SourceName } from '../../../src/config/index.js';
import type { Machine } from './machine.js';

/** A file of a program, and where it is on each platform, relative to the home folder or, without `~`, to the project. */
export interface Fixture {
  readonly source: SourceName;
  readonly file: string;
  readonly linux: string;
  readonly darwin: string;
  readonly win32: string;
}

const everywhere = (file: string, place: string): Omit<Fixture, 'source'> => ({
  file,
  linux: place,
  darwin: place,
  win32: place,
});
const CLINE = 'Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json';

/** One file of each program, written as its documentation does. */
export const FIXTURES: readonly Fixture[] = [
  { source: 'mcp-actors', ...inConfigFolder('mcp-actors.json', 'mcp-actors/mcp.json') },
  { source: 'claude-code', ...everywhere('claude-code.json', '~/.claude.json') },
  { source: 'claude-desktop', ...inConfigFolder('claude-desktop.json', 'Claude/claude_desktop_config.json') },
  { source: 'vscode', ...everywhere('vscode.json', '.vscode/mcp.json') },
  { source: 'copilot', ...everywhere('copilot.json', '~/.copilot/mcp-config.json') },
  { source: 'cursor', ...everywhere('cursor.json', '.cursor/mcp.json') },
  { source: 'windsurf', ...everywhere('windsurf.json', '~/.codeium/windsurf/mcp_config.json') },
  { source: 'cline', ...inConfigFolder('cline.json', CLINE) },
  {
    source: 'zed',
    file: 'zed.json',
    linux: '~/.config/zed/settings.json',
    darwin: '~/.config/zed/settings.json',
    win32: '~/AppData/Roaming/Zed/settings.json',
  },
  { source: 'codex', ...everywhere('codex.toml', '~/.codex/config.toml') },
  { source: 'gemini', ...everywhere('gemini.json', '.gemini/settings.json') },
  { source: 'opencode', ...everywhere('opencode.jsonc', '~/.config/opencode/opencode.jsonc') },
  { source: 'opencode', ...everywhere('agents.json', '.agents/mcp.json') },
  { source: 'continue', ...everywhere('continue.yaml', '~/.continue/config.yaml') },
  {
    source: 'goose',
    file: 'goose.yaml',
    linux: '~/.config/goose/config.yaml',
    darwin: '~/.config/goose/config.yaml',
    win32: '~/AppData/Roaming/Block/goose/config/config.yaml',
  },
  { source: 'mcporter', ...everywhere('mcporter.json', 'config/mcporter.json') },
  { source: 'inspector', ...everywhere('inspector.json', '~/.mcp-inspector/mcp.json') },
];

function inConfigFolder(file: string, place: string): Omit<Fixture, 'source'> {
  return {
    file,
    linux: `~/.config/${place}`,
    darwin: `~/Library/Application Support/${place}`,
    win32: `~/AppData/Roaming/${place}`,
  };
}

/** The text of a fixture. */
export function textOf(file: string): string {
  return readFileSync(path.join(__dirname, '../fixtures', file), 'utf8');
}

/** The files of a machine on which every program is installed. */
export function allFixtures(machine: Machine): Record<string, string> {
  const platform = machine.platform as 'linux' | 'darwin' | 'win32';
  const files = FIXTURES.map((fixture) => {
    // The paths of projects in `~/.claude.json`.
    const text = textOf(fixture.file).replace('"PROJECT"', JSON.stringify(machine.project));
    return [fixture[platform], text] as const;
  });
  return Object.fromEntries([
    ...files,
    ['.env', '# comment\nexport FROM_FILE="a b"\nTOKEN=from-file\n'],
    ['~/.config/opencode/token.txt', 'token-of-file\n'],
  ]);
}
