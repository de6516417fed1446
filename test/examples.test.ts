import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { errors } from '../examples/errors.js';
import { host } from '../examples/host.js';
import type { Model } from '../examples/host.js';
import { ownInspector } from '../examples/own-inspector.js';
import { quickStart } from '../examples/quick-start.js';
import { serverRequests } from '../examples/server-requests.js';
import { supervised } from '../examples/supervised.js';
import { worker } from '../examples/worker.js';
import { scratchDirectory } from './support/servers/fixture-servers.js';
import { freePort, HttpProcess } from './support/servers/http-process.js';
import { waitForExit } from './support/servers/processes.js';

/** What an example prints. */
async function linesOf(example: (print: (line: string) => void) => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  await example((line) => lines.push(...line.split('\n')));
  return lines;
}

const scratch = scratchDirectory();

describe('the examples', () => {
  it('connect, list, call and close', async () => {
    expect(await linesOf(quickStart)).toEqual([expect.stringMatching(/^\d+ tools, echo is the first$/), 'Echo: hello']);
  });

  it('show what errors say', async () => {
    const lines = await linesOf(errors);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^MCP_TOOL_ERROR: .*no-such-tool/),
        'aborted with my own reason',
        'exit code 3, stderr: no licence',
        expect.stringMatching(/^Hint: /),
      ]),
    );
  });

  it('watch the actors', async () => {
    const lines = await linesOf(ownInspector);
    expect(lines).toContain('request: idle');
    expect(lines.filter((line) => line.startsWith('request tools/call'))).toEqual([
      'request tools/call: queued',
      'request tools/call: inFlight.waiting',
      'request tools/call: succeeded',
    ]);
    expect(lines.filter((line) => line.startsWith('connection'))).toEqual(
      expect.arrayContaining(['connection: linked.established.ready', 'connection: closed.done']),
    );
  });

  it('survive the death of the server', async () => {
    expect(await linesOf(supervised)).toEqual([
      'ready → reconnecting',
      'reconnecting → connecting',
      'connecting → initializing',
      'initializing → ready',
      expect.stringMatching(/^\d+ tools after 2 connections; health score 1$/),
      'ready → closed',
    ]);
  });

  it('handle requests of the server', async () => {
    expect(await linesOf(serverRequests)).toEqual([
      'Everything Reference Server requests: Please provide inputs for the following fields:',
      '13 fields, required: name',
      '- Name: Ada',
      '- Favorite Integer: 42',
      'The model was sampled',
      'The handler refused',
    ]);
  });

  it('serve a model, also when a server is killed between two of its calls', async () => {
    const folder = scratch('host');
    mkdirSync(folder);
    const pidFile = path.join(folder, 'pid');
    const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
    const script = 'require("fs").writeFileSync(process.env.PID_FILE, String(process.pid)); import(process.env.SERVER)';
    const entry = { command: process.execPath, args: ['-e', script], env: { PID_FILE: pidFile, SERVER: everything } };
    const config = path.join(folder, 'mcp.json');
    writeFileSync(config, JSON.stringify({ mcpServers: { everything: entry } }));
    const echo = (id: string) => ({
      type: 'function_call',
      call_id: id,
      name: 'everything__echo',
      arguments: JSON.stringify({ message: id }),
    });
    const pids: number[] = [];
    const model: Model = async ({ input, tools }) => {
      expect(tools.map(({ name }) => name)).toContain('everything__echo');
      pids.push(Number(readFileSync(pidFile, 'utf8')));
      if (pids.length === 1) return { text: 'first', calls: [echo('one')] };
      if (pids.length === 2) {
        const [pid = 0] = pids;
        process.kill(pid, 'SIGKILL');
        await waitForExit(pid);
        return { text: 'second', calls: [echo('two')] };
      }
      const outputs = input.flatMap((item) => ('output' in item ? [String(item.output)] : []));
      return { text: outputs.join(', '), calls: [] };
    };
    expect(await linesOf((print) => host(config, model, print))).toEqual(['first', 'second', 'Echo: one, Echo: two']);
    expect(pids[2]).not.toBe(pids[0]);
  });

  it('go on in the session of another', async () => {
    const server = await HttpProcess.everything('streamableHttp', await freePort());
    try {
      const shelf: { left?: string } = {};
      expect(await worker(server.url, shelf, 'one')).toMatch(/^Echo: one, with \d+ tools$/);
      const { link } = JSON.parse(shelf.left ?? '') as { link: object };
      expect(await worker(server.url, shelf, 'two')).toMatch(/^Echo: two, with \d+ tools$/);
      expect(JSON.parse(shelf.left ?? '')).toMatchObject({ link });
    } finally {
      await server.kill();
    }
  }, 30_000);
});
