import { errors } from '../examples/errors.js';
import { quickStart } from '../examples/quick-start.js';
import { supervised } from '../examples/supervised.js';

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
});
