import type { Progress } from '../../../src/index.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import { rejection } from '../../support/outcomes.js';
import { legacyScript, modernScript, silence } from '../../support/servers/scripts.js';

/** A call that is under way, and what was heard of its progress. */
async function calling(signal?: AbortSignal) {
  const pair = await ClientAndServer.connect(modernScript({ 'tools/call': silence }), { timeout: 60_000 });
  const heard: Progress[] = [];
  const outcome = pair.client.callTool('work', {}, { signal, onProgress: (one) => heard.push(one) });
  const request = await pair.server.receive('tools/call');
  let last = 0;
  /** Reports progress so many times at once. */
  const report = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      pair.server.notify('notifications/progress', { progressToken: request.id, progress: (last += 1) });
    }
    await pair.clock.settle();
  };
  return { pair, heard, outcome, request, report, last: () => heard.at(-1)?.progress };
}

describe('progress of a call', () => {
  test('is reported as it arrives, a hundred times in a second', async () => {
    const { pair, heard, outcome, request, report } = await calling();
    for (let second = 1; second <= 3; second += 1) {
      await report(100);
      expect(heard).toHaveLength(second * 100);
      await pair.clock.advance(1_000);
    }
    expect(heard.map(({ progress }) => progress)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    pair.server.respond(request, { content: [] });
    await outcome;
    await pair[Symbol.asyncDispose]();
  });

  test('that arrives more often is reported with its last value at the end of the second', async () => {
    const { pair, heard, outcome, request, report, last } = await calling();
    await report(10_000);
    expect(heard).toHaveLength(100);
    await pair.clock.advance(999);
    expect(heard).toHaveLength(100);
    await pair.clock.advance(1);
    expect(heard).toHaveLength(101);
    expect(last()).toBe(10_000);
    await report(1);
    expect(last()).toBe(10_001);
    pair.server.respond(request, { content: [] });
    await outcome;
    await pair[Symbol.asyncDispose]();
  });

  test('is reported with its last value before the call ends', async () => {
    const { pair, heard, outcome, request, report, last } = await calling();
    await report(5_000);
    pair.server.respond(request, { content: [] });
    await outcome;
    expect(heard).toHaveLength(101);
    expect(last()).toBe(5_000);
    await pair[Symbol.asyncDispose]();
  });

  test('is not reported after the call was aborted', async () => {
    const controller = new AbortController();
    const { pair, heard, outcome, report } = await calling(controller.signal);
    await report(5_000);
    controller.abort(new Error('enough'));
    expect(await rejection(outcome)).toBe(controller.signal.reason);
    await pair.clock.advance(10_000);
    expect(heard).toHaveLength(100);
    await pair[Symbol.asyncDispose]();
  });

  test('restarts the timeout also when it is not reported', async () => {
    const { pair, heard, outcome, request, report } = await calling();
    await report(100);
    await pair.clock.advance(900);
    await report(1);
    expect(heard).toHaveLength(100);
    await pair.clock.advance(59_999);
    pair.server.respond(request, { content: [] });
    await outcome;
    await pair[Symbol.asyncDispose]();
  });
});

describe('the progress token of a request', () => {
  const MODERN_META = 'io.modelcontextprotocol/protocolVersion';

  test.each([
    ['legacy', legacyScript('2025-11-25', { 'tools/call': silence, 'prompts/get': silence })],
    ['modern', modernScript({ 'tools/call': silence, 'prompts/get': silence })],
  ])('goes with every tool call and with what has a listener, in the %s era', async (era, script) => {
    await using pair = await ClientAndServer.connect(script);
    const { client, server } = pair;
    const ended = [
      rejection(client.callTool('work')),
      rejection(client.protocol.request('tools/call', { name: 'work', _meta: { trace: 'a' } })),
      rejection(client.protocol.request('tools/call', { name: 'work', _meta: { progressToken: 'mine' } })),
      rejection(client.getPrompt('a')),
      rejection(client.getPrompt('a', {}, { onProgress: () => undefined })),
    ];
    const calls = [
      await server.receive('tools/call'),
      await server.receive('tools/call'),
      await server.receive('tools/call'),
    ];
    const prompts = [await server.receive('prompts/get'), await server.receive('prompts/get')];
    const metas = [...calls, ...prompts].map(({ params }) => params?.['_meta'] as Record<string, unknown> | undefined);
    expect(metas.map((meta) => meta?.['progressToken'])).toEqual([
      calls[0]?.id,
      calls[1]?.id,
      'mine',
      undefined,
      prompts[1]?.id,
    ]);
    expect(metas[1]).toMatchObject({ trace: 'a' });
    expect(metas.every((meta) => (meta?.[MODERN_META] !== undefined) === (era === 'modern'))).toBe(true);
    await client.close();
    await Promise.all(ended);
  });

  test('of a request that carries none extends nothing', async () => {
    await using pair = await ClientAndServer.connect(legacyScript('2025-11-25', { 'prompts/get': silence }), {
      timeout: 1_000,
    });
    const { client, server, clock } = pair;
    const ended = rejection(client.getPrompt('a'));
    const { id } = await server.receive('prompts/get');
    await clock.advance(900);
    server.notify('notifications/progress', { progressToken: id, progress: 1 });
    await clock.advance(100);
    expect(await ended).toMatchObject({ code: 'MCP_TIMEOUT' });
  });
});
