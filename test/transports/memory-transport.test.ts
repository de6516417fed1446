import { MemoryTransport } from '../../src/transports/memory-transport.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { servePeer } from '../support/servers/memory-peer.js';
import { transportContract } from './contract.js';

transportContract('MemoryTransport', servePeer);

describe('MemoryTransport', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' } as const;
  const { signal } = new AbortController();

  test('a message sent before the other end opened waits for it', async () => {
    const [left, right] = MemoryTransport.pair();
    await left.connect();
    await left.sendMessage(ping);
    await right.connect();
    expect(await right.receiveMessage()).toBe(ping);
    await left.disconnect();
  });

  test('a message of a link that closed does not reach the link that the other end opens later', async () => {
    const [left, right] = MemoryTransport.pair();
    await left.connect();
    await left.sendMessage(ping);
    await left.disconnect();
    const recorder = new LinkRecorder();
    await right.openLink(recorder.events, signal);
    await left.connect();
    await left.sendMessage({ ...ping, id: 2 });
    await recorder.until(() => recorder.log.length > 0);
    expect(recorder.messages).toEqual([{ ...ping, id: 2 }]);
    await left.disconnect();
  });

  test('the other end receives messages that were sent just before the close, and then the close', async () => {
    const [left, right] = MemoryTransport.pair();
    const recorder = new LinkRecorder();
    await right.openLink(recorder.events, signal);
    const link = await left.openLink(new LinkRecorder().events, signal);
    void link.send(ping);
    void left.closeLink();
    await recorder.untilClosed();
    expect(recorder.log).toEqual([
      { type: 'message', message: ping },
      { type: 'closed', failure: undefined },
    ]);
  });

  test('neither end runs inside the call of the other', async () => {
    const [left, right] = MemoryTransport.pair();
    const recorder = new LinkRecorder();
    await right.openLink(recorder.events, signal);
    const link = await left.openLink(new LinkRecorder().events, signal);
    void link.send(ping);
    expect(recorder.log).toEqual([]);
    await recorder.until(() => recorder.log.length > 0);
    await left.closeLink();
  });
});
