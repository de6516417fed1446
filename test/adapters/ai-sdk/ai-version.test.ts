import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { CallToolResult } from '../../../src/index.js';
import { installedVersion } from '../../../src/adapters/ai-sdk/ai-version.js';
import { aiTools } from '../../../src/adapters/ai-sdk/index.js';
import type { AiToolsOptions } from '../../../src/adapters/ai-sdk/index.js';
import { rejection } from '../../support/outcomes.js';
import { scratchDirectory } from '../../support/servers/fixture-servers.js';

const scratch = scratchDirectory();
const image: CallToolResult = { content: [{ type: 'image', data: 'AA==', mimeType: 'image/png' }] };
const source = {
  listTools: () => Promise.resolve([{ name: 'a', inputSchema: { type: 'object' } as const }]),
  callTool: () => Promise.resolve(image),
};

/** A folder of a program with this version of `ai`. */
function program(name: string, version: string | undefined): string {
  const folder = scratch(name);
  mkdirSync(path.join(folder, 'node_modules/ai'), { recursive: true });
  if (version !== undefined)
    writeFileSync(path.join(folder, 'node_modules/ai/package.json'), JSON.stringify({ name: 'ai', version }));
  return folder;
}

test('installedVersion() reads the major version of the package ai of the program', () => {
  expect(installedVersion(program('six', '6.0.326'))).toBe(6);
  expect(installedVersion(program('beta', '8.0.0-beta.1'))).toBe(8);
  expect(installedVersion(program('broken', 'latest'))).toBeUndefined();
  expect(installedVersion(program('none', undefined))).toBeUndefined();
});

describe('aiTools() without the option version', () => {
  async function typeIn(folder: string, options: AiToolsOptions = {}): Promise<{ type: unknown; problems: string[] }> {
    const problems: string[] = [];
    const cwd = jest.spyOn(process, 'cwd').mockReturnValue(folder);
    try {
      const { a } = await aiTools(source, { onProblem: ({ message }) => problems.push(message), ...options });
      const output = a?.toModelOutput({ toolCallId: '1', input: {}, output: image });
      return { type: (output?.value as { type: string }[])[0]?.type, problems };
    } finally {
      cwd.mockRestore();
    }
  }

  test('uses the parts of the installed version', async () => {
    expect(await typeIn(program('p6', '6.1.0'))).toEqual({ type: 'image-data', problems: [] });
    expect(await typeIn(program('p7', '7.0.0'))).toEqual({ type: 'file', problems: [] });
  });

  test('uses the parts of 7 for an unknown version, and reports it', async () => {
    const { type, problems } = await typeIn(program('p9', '9.0.0'));
    expect(type).toBe('file');
    expect(problems).toEqual([
      'The package `ai` has the version 9. aiTools knows the versions 5, 6, 7 and uses the parts of 7: pass the option `version`',
    ]);
    const none = await typeIn(program('p0', undefined));
    expect(none.problems).toEqual([expect.stringMatching(/^No package `ai` was found\. /)]);
  });

  test('refuses approve without a version, because version 5 has no approval', async () => {
    const call = typeIn(program('p0a', undefined), { approve: 'destructive' });
    expect(await rejection(call)).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'version' } });
  });
});
