import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { MCPClient } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { scratchDirectory, textOf } from '../support/servers/fixture-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { referenceServer } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

const scratch = scratchDirectory();
const root = scratch('root');
mkdirSync(root);
const directory = realpathSync(root);

const transport = referenceServer('filesystem', [directory]);
const client = new MCPClient(transport);
const announced = new ClientRecorder(client);

beforeAll(async () => {
  await client.connect();
});

afterAll(async () => {
  const { pid } = transport;
  await client.disconnect();
  expect(isAlive(pid as number)).toBe(false);
  expect([...announced.error, ...announced.warning]).toEqual([]);
});

describe('server-filesystem', () => {
  test('is a legacy server with tools only', async () => {
    expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    expect(await client.getCapabilities()).toEqual(['tools', 'tools.listChanged']);
    await expect(client.listResources()).rejects.toMatchObject({ name: 'MCPCapabilityError', delivery: 'not-sent' });
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['read_text_file', 'write_file', 'move_file']),
    );
    expect(tools.find(({ name }) => name === 'read_text_file')?.annotations).toMatchObject({ readOnlyHint: true });
    for await (const { inputSchema } of client.tools()) expect(inputSchema.type).toBe('object');
  });

  test('writes, reads, lists and moves files, and what it gives fits the schemas of its tools', async () => {
    const file = path.join(directory, 'grüße.txt');
    const content = 'Erste Zeile\nzweite 漢字 🎉\n';
    await client.callTool('write_file', { path: file, content });
    expect(readFileSync(file, 'utf8')).toBe(content);
    const read = await client.callTool('read_text_file', { path: file });
    expect(textOf(read)).toBe(content);
    expect(read.structuredContent).toEqual({ content });
    const listed = await client.callTool('list_directory', { path: directory });
    expect(textOf(listed)).toContain('[FILE] grüße.txt');
    await client.callTool('move_file', { source: file, destination: path.join(directory, 'moved.txt') });
    expect(readFileSync(path.join(directory, 'moved.txt'), 'utf8')).toBe(content);
  });

  test('gives a file of a megabyte whole', async () => {
    const content = 'ünïcödé '.repeat(100_000);
    const file = path.join(directory, 'large.txt');
    await client.callTool('write_file', { path: file, content });
    expect(textOf(await client.callTool('read_text_file', { path: file })) === content).toBe(true);
  });

  test('reports what it will not do as an error of the tool, or as its result', async () => {
    const outside = { path: '/etc/hostname' };
    await expect(client.callTool('read_text_file', outside)).rejects.toMatchObject({
      name: 'MCPToolError',
      delivery: 'answered',
      message: expect.stringContaining('Access denied') as string,
      result: { isError: true },
    });
    const result = await client.callTool('read_text_file', outside, { onToolError: 'return' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('Access denied');
  });
});
