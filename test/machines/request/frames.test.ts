import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { MCPClient } from '../../../src/index.js';
import { RequestRecord } from '../../../src/machines/request/request-record.js';
import type { StdioLink } from '../../../src/transports/stdio/stdio-link.js';
import { answer, legacyScript, ScriptedProcess } from '../../support/servers/scripts.js';

const SOURCES = `${path.join(__dirname, '../../../src')}${path.sep}`;

/** The stack frames that belong to files of `src`, the innermost first. */
function framesOfSources(): string[] {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  Error.captureStackTrace(holder, framesOfSources);
  const { stack = '' } = holder;
  Error.stackTraceLimit = stackTraceLimit;
  return stack
    .split('\n')
    .filter((line) => line.includes(SOURCES))
    .map((line) => line.trim().replace(SOURCES, ''));
}

describe('a tool call over stdio', () => {
  it('crosses at most 10 stack frames of this package on its way out, and 8 on its way back', async () => {
    using server = new ScriptedProcess(legacyScript('2025-11-25', { 'tools/call': answer({ content: [] }) }));
    const { transport } = server;
    await using client = new MCPClient(transport, { era: 'legacy' });
    await client.connect();
    // The end of the handshake is written in this tick.
    await setImmediate();
    const { stdin } = (transport['link'] as StdioLink).child;
    const write = stdin.write.bind(stdin) as (chunk: string) => boolean;
    // The way out has two stacks: `callTool` collects the lines of a tick, and the next tick writes them.
    const collected: string[][] = [];
    const written: string[][] = [];
    const settled: string[][] = [];
    const nextTick = process.nextTick.bind(process);
    process.nextTick = (callback: () => void, ...args: unknown[]) => {
      const frames = framesOfSources();
      if (frames.length > 0) collected.push(frames);
      nextTick(callback, ...args);
    };
    stdin.write = (chunk: string) => {
      written.push(framesOfSources());
      return write(chunk);
    };
    const start = Reflect.get(RequestRecord.prototype, 'start') as (...args: unknown[]) => void;
    jest.spyOn(RequestRecord.prototype, 'start').mockImplementation(function (this: RequestRecord, spec, resolve) {
      start.call(this, spec, (outcome: never) => {
        settled.push(framesOfSources());
        resolve(outcome);
      });
    });
    try {
      await client.callTool('x');
    } finally {
      process.nextTick = nextTick;
      jest.restoreAllMocks();
    }
    expect([collected.length, written.length, settled.length]).toEqual([1, 1, 1]);
    const out = [...written.flat(), ...collected.flat()];
    expect(out.at(0)).toContain('line-writer.ts');
    expect(out.at(-1)).toContain('MCPClient.callTool');
    expect(settled.flat().at(-1)).toContain('stdio-link.ts');
    expect(out.slice(10)).toEqual([]);
    expect(settled.flat().slice(8)).toEqual([]);
  });
});
