import { MemoryTransport } from '../../../src/transports/memory-transport.js';
import type { TransportHarness } from '../../transports/contract.js';

/** A transport to the contract's peer in this process, which serves one connection after the other until it is disposed of. */
export function servePeer(): TransportHarness {
  const [transport, peer] = MemoryTransport.pair();
  let stopped = false;
  const serving = (async () => {
    const { serve } = await import('../../fixtures/contract-peer.mjs');
    while (!stopped) {
      await peer.connect();
      for await (const message of peer) {
        serve(message, {
          send: (answer) =>
            void peer.sendMessage(answer as Parameters<typeof peer.sendMessage>[0]).catch(() => undefined),
          close: () => void peer.disconnect(),
        });
      }
      await peer.disconnect();
    }
  })();
  return {
    transport,
    dispose: async () => {
      stopped = true;
      await peer.disconnect();
      await serving;
    },
  };
}
