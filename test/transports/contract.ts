import type { JSONRPCMessage, JSONRPCRequest } from '../../src/protocol/messages/json-rpc.js';
import { MCPConnectionError } from '../../src/errors.js';
import type { Link } from '../../src/transports/link.js';
import type { MCPTransport } from '../../src/transports/transport.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { LONG } from '../support/long-form.js';

/** A transport whose other end runs `serve` of test/fixtures/contract-peer.mjs. */
export interface TransportHarness {
  readonly transport: MCPTransport;
  /** Ends the other end, after the transport is closed. */
  dispose?(): Promise<void>;
}

/** What differs between transports that all keep the contract. */
export interface ContractOptions {
  /** Whether the server can end the connection. Default true. */
  readonly serverCanClose?: boolean;
  /** Whether what is sent in one tick arrives in that order. Default true. */
  readonly ordered?: boolean;
}

function request(id: number | string, method: string, params: Record<string, unknown> = {}): JSONRPCRequest {
  return { jsonrpc: '2.0', id, method, params };
}

function answer(id: number | string, result: Record<string, unknown>): JSONRPCMessage {
  return { jsonrpc: '2.0', id, result };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

/** What every transport owes to its owner, whether that is a client or a person. Call it once in a test file per transport. */
export function transportContract(
  name: string,
  makeHarness: () => Promise<TransportHarness> | TransportHarness,
  options: ContractOptions = {},
): void {
  describe(`${name} keeps the contract of transports`, () => {
    let harness: TransportHarness;
    let transport: MCPTransport;

    beforeEach(async () => {
      harness = await makeHarness();
      transport = harness.transport;
    });

    afterEach(async () => {
      await transport.disconnect();
      await transport.closeLink();
      await harness.dispose?.();
    });

    async function open(recorder = new LinkRecorder()): Promise<{ link: Link; recorder: LinkRecorder }> {
      const link = await transport.openLink(recorder.events, new AbortController().signal);
      return { link, recorder };
    }

    describe('driven by hand', () => {
      test('it is connected from connect() to disconnect()', async () => {
        expect(transport.connected).toBe(false);
        await transport.connect();
        expect(transport.connected).toBe(true);
        await transport.disconnect();
        expect(transport.connected).toBe(false);
      });

      test('connecting twice, one after the other or at once, is connecting once', async () => {
        await Promise.all([transport.connect(), transport.connect()]);
        await transport.connect();
        await transport.sendMessage(request(1, 'echo', { once: true }));
        expect(await transport.receiveMessage()).toEqual(answer(1, { params: { once: true } }));
      });

      test('disconnecting twice, at once, or without a connection is harmless', async () => {
        await transport.disconnect();
        await transport.connect();
        await Promise.all([transport.disconnect(), transport.disconnect()]);
        await transport.disconnect();
        expect(transport.connected).toBe(false);
      });

      test('it connects again after disconnect()', async () => {
        for (const id of [1, 2, 3]) {
          await transport.connect();
          await transport.sendMessage(request(id, 'echo'));
          expect(await transport.receiveMessage()).toEqual(answer(id, { params: {} }));
          await transport.disconnect();
        }
      });

      test('connect() during disconnect() gives a connection of its own', async () => {
        await transport.connect();
        const gone = transport.disconnect();
        const back = transport.connect();
        await Promise.all([gone, back]);
        expect(transport.connected).toBe(true);
        await transport.sendMessage(request(1, 'echo'));
        expect(await transport.receiveMessage()).toEqual(answer(1, { params: {} }));
      });

      test('disconnect() while it connects makes connect() reject, and it can connect afterwards', async () => {
        const connecting = transport.connect();
        const outcome = expect(connecting).rejects.toMatchObject({
          code: 'MCP_CONNECTION_CLOSED',
          delivery: 'not-sent',
        });
        await transport.disconnect();
        await outcome;
        expect(transport.connected).toBe(false);
        await transport.connect();
        expect(transport.connected).toBe(true);
      });

      test('a message keeps every character of every language on its way there and back', async () => {
        const params = {
          text: 'é 漢字 🎉 \u2028\u2029 \u0000 \u001b "quoted" \\ \r\n line two \ud83d',
          kéy: [1.5, 0, 1e21, true, null, [], {}],
          empty: '',
        };
        await transport.connect();
        await transport.sendMessage(request('ïd', 'echo', params));
        expect(await transport.receiveMessage()).toEqual(answer('ïd', { params: JSON.parse(JSON.stringify(params)) }));
      });

      test('an id of 0 and an empty string come back as they were sent', async () => {
        await transport.connect();
        await transport.sendMessage(request(0, 'echo'));
        expect(await transport.receiveMessage()).toEqual(answer(0, { params: {} }));
        await transport.sendMessage(request('', 'echo'));
        expect(await transport.receiveMessage()).toEqual(answer('', { params: {} }));
      });

      test('a message of several megabytes arrives whole', async () => {
        const text = 'ünïcödé '.repeat(500_000);
        await transport.connect();
        await transport.sendMessage(request(1, 'echo', { text }));
        const received = (await transport.receiveMessage()) as { result?: { params?: { text?: string } } };
        expect(received.result?.params?.text === text).toBe(true);
      });

      test('the async iterator gives the messages in order and ends with the connection', async () => {
        await transport.connect();
        await transport.sendMessage(request(1, 'burst', { count: 3 }));
        const seen: JSONRPCMessage[] = [];
        for await (const message of transport) {
          seen.push(message);
          if ('id' in message) await transport.disconnect();
        }
        expect(seen).toEqual([
          ...[0, 1, 2].map((index) => ({ jsonrpc: '2.0', method: 'notifications/burst', params: { index } })),
          answer(1, {}),
        ]);
      });

      test('receiveMessage() waits for the next message, and each message goes to one receiver', async () => {
        await transport.connect();
        const both = Promise.all([transport.receiveMessage(), transport.receiveMessage()]);
        await transport.sendMessage(request(1, 'echo'));
        await transport.sendMessage(request(2, 'echo'));
        expect(await both).toEqual([answer(1, { params: {} }), answer(2, { params: {} })]);
      });

      test('a receiver that waits is rejected when the connection ends', async () => {
        await transport.connect();
        const waiting = transport.receiveMessage();
        const outcome = expect(waiting).rejects.toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
        await transport.disconnect();
        await outcome;
        await expect(transport.receiveMessage()).rejects.toBeInstanceOf(MCPConnectionError);
      });

      test('sending and receiving without a connection reject, and the message was not sent', async () => {
        await expect(transport.sendMessage(request(1, 'echo'))).rejects.toMatchObject({
          code: 'MCP_NOT_CONNECTED',
          delivery: 'not-sent',
        });
        await expect(transport.receiveMessage()).rejects.toMatchObject({ code: 'MCP_NOT_CONNECTED' });
        await transport.connect();
        await transport.disconnect();
        await expect(transport.sendMessage(request(1, 'echo'))).rejects.toMatchObject({
          code: 'MCP_CONNECTION_CLOSED',
          delivery: 'not-sent',
        });
      });

      test('looking for a message after disconnect() does not keep the transport from others', async () => {
        await transport.connect();
        await transport.disconnect();
        await expect(transport.receiveMessage()).rejects.toBeInstanceOf(MCPConnectionError);
        const owner = {};
        transport.claim(owner);
        transport.unclaim(owner);
      });

      test('`await using` closes it', async () => {
        {
          await using scoped = transport;
          await scoped.connect();
          expect(transport.connected).toBe(true);
        }
        expect(transport.connected).toBe(false);
      });

      if (options.serverCanClose !== false) {
        test('what arrived before the server closed can still be read, and then it can connect again', async () => {
          await transport.connect();
          await transport.sendMessage(request(1, 'echo'));
          const first = await transport.receiveMessage();
          await transport.sendMessage(request(2, 'echo'));
          await transport.sendMessage(request(3, 'close'));
          const seen: JSONRPCMessage[] = [first];
          for await (const message of transport) seen.push(message);
          expect(seen).toEqual([answer(1, { params: {} }), answer(2, { params: {} })]);
          expect(transport.connected).toBe(false);
          await transport.connect();
          await transport.sendMessage(request(4, 'echo'));
          expect(await transport.receiveMessage()).toEqual(answer(4, { params: {} }));
        });
      }
    });

    describe('owned by a client', () => {
      test('refuses a second owner as busy until the first one releases the link', async () => {
        const owner = {};
        const busy = { code: 'MCP_TRANSPORT_BUSY', delivery: 'not-sent' };
        const busyError = expect.objectContaining(busy) as Error;
        transport.claim(owner);
        transport.claim(owner);
        expect(() => {
          transport.claim({});
        }).toThrow(busyError);
        await expect(transport.connect()).rejects.toMatchObject(busy);
        await expect(transport.sendMessage(request(1, 'echo'))).rejects.toMatchObject(busy);
        await expect(transport.receiveMessage()).rejects.toMatchObject(busy);
        await expect(transport.disconnect()).rejects.toMatchObject(busy);
        transport.unclaim({});
        await expect(transport.connect()).rejects.toMatchObject(busy);
        transport.unclaim(owner);
        await transport.connect();
        expect(() => {
          transport.claim(owner);
        }).toThrow(busyError);
      });

      const inOrder = options.ordered === false ? '' : ' and in order';
      test(`many messages sent in one tick come back, each once${inOrder}`, async () => {
        const { link, recorder } = await open();
        const count = LONG ? 3_000 : 1_000;
        const sent = Array.from({ length: count }, async (_, id) => link.send(request(id, 'echo', { id })));
        await Promise.all(sent);
        await recorder.until(() => recorder.log.length >= count);
        const heard = [...recorder.messages] as { id: number }[];
        if (options.ordered === false) heard.sort((one, other) => one.id - other.id);
        expect(heard).toEqual(Array.from({ length: count }, (_, id) => answer(id, { params: { id } })));
        expect(recorder.log).toHaveLength(count);
      });

      test('thousands of messages from the server come in order', async () => {
        const { link, recorder } = await open();
        const count = LONG ? 5_000 : 2_000;
        await link.send(request('b', 'burst', { count }));
        await recorder.until(() => recorder.log.length > count);
        expect(recorder.messages).toEqual([
          ...Array.from({ length: count }, (_, index) => ({
            jsonrpc: '2.0',
            method: 'notifications/burst',
            params: { index },
          })),
          answer('b', {}),
        ]);
      });

      test('closing twice is the same as closing once: no message arrives and no timer is left afterwards', async () => {
        const { link, recorder } = await open();
        await link.send(request(1, 'burst', { count: 1_000 }));
        await recorder.until(() => recorder.log.length > 0);
        const closing = transport.closeLink();
        const heard = recorder.log.length;
        expect(transport.connected).toBe(false);
        await Promise.all([closing, transport.closeLink(), link.close()]);
        await turns(5);
        expect(recorder.log).toHaveLength(heard);
        expect(recorder.ends).toEqual([]);
        expect(recorder.timers.size).toBe(0);
      });

      test('an owner that closes the link while it receives a message receives no further message', async () => {
        const recorder = new LinkRecorder();
        let closing: Promise<void> | undefined;
        const message = (value: unknown): void => {
          recorder.events.message(value);
          closing = transport.closeLink();
        };
        const link = await transport.openLink({ ...recorder.events, message }, new AbortController().signal);
        // Where each request has an exchange of its own, closing the link ends this one.
        const sending = Promise.resolve(link.send(request(1, 'burst', { count: 100 }))).catch(() => undefined);
        await recorder.until(() => recorder.log.length > 0);
        await closing;
        await sending;
        await turns(5);
        expect(recorder.log).toHaveLength(1);
      });

      test('a message for a closed link is rejected as not sent', async () => {
        const { link } = await open();
        await transport.closeLink();
        await expect(link.send(request(1, 'echo'))).rejects.toMatchObject({ delivery: 'not-sent' });
      });

      test('an abort while it opens rejects with the reason, leaves nothing, and does not harm the next attempt', async () => {
        const recorder = new LinkRecorder();
        const controller = new AbortController();
        const reason = new Error('changed my mind');
        const opening = transport.openLink(recorder.events, controller.signal);
        const outcome = expect(opening).rejects.toBe(reason);
        controller.abort(reason);
        await outcome;
        expect(transport.connected).toBe(false);
        const { link, recorder: second } = await open();
        await link.send(request(1, 'echo'));
        await second.until(() => second.messages.length > 0);
        expect(recorder.log).toEqual([]);
        expect(recorder.timers.size).toBe(0);
      });

      test('a signal that was aborted before opens nothing', async () => {
        const reason = new Error('too late');
        const recorder = new LinkRecorder();
        await expect(transport.openLink(recorder.events, AbortSignal.abort(reason))).rejects.toBe(reason);
        expect(transport.connected).toBe(false);
      });

      test('messages of one link do not reach the owner of the next', async () => {
        const first = await open();
        await first.link.send(request('old', 'burst', { count: 500 }));
        const closing = transport.closeLink();
        const second = await open();
        await closing;
        await second.link.send(request('new', 'echo'));
        await second.recorder.until(() => second.recorder.messages.length > 0);
        expect(second.recorder.log).toEqual([{ type: 'message', message: answer('new', { params: {} }) }]);
        expect(first.recorder.ends).toEqual([]);
      });

      if (options.serverCanClose !== false) {
        test('reports the close of the server once, after the last message', async () => {
          const { link, recorder } = await open();
          await link.send(request(1, 'echo'));
          await link.send(request(2, 'close'));
          await recorder.untilClosed();
          expect(transport.connected).toBe(false);
          expect(recorder.log.map(({ type }) => type)).toEqual(['message', 'closed']);
          await transport.closeLink();
          await turns(5);
          expect(recorder.ends).toHaveLength(1);
          expect(recorder.timers.size).toBe(0);
          await expect(link.send(request(3, 'echo'))).rejects.toMatchObject({ delivery: 'not-sent' });
        });
      }
    });
  });
}
