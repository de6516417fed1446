import { errors } from '../examples/errors.js';
import { ownInspector } from '../examples/own-inspector.js';
import { quickStart } from '../examples/quick-start.js';
import { serverRequests } from '../examples/server-requests.js';
import { supervised } from '../examples/supervised.js';
import { worker } from '../examples/worker.js';
import { freePort, HttpProcess } from './support/servers/http-process.js';

/** What an example prints. */
async function linesOf(example: (print: (line: string) => void) => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  await example((line) => lines.push(...line.split('\n')));
  return lines;
}

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
