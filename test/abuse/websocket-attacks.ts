import type { Socket } from 'node:net';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';
import type { WebSocketVisit } from '../support/servers/websocket-server.js';
import type { PostedMessage } from '../support/servers/http-server.js';
import { ONE_MESSAGE } from './attack.js';
import type { Attack } from './attack.js';
import { answerHonestly, nestedArrays } from './message-peer.js';
import type { Peer } from './message-peer.js';
import { callOnce } from './programs.js';

/** A WebSocket server that does something when a tool is called, and is honest otherwise. */
function webSocketServer(called: (visit: WebSocketVisit, id: unknown) => void, options?: object): Attack['serve'] {
  return async () => {
    const server = await ScriptedWebSocketServer.start({
      ...(options !== undefined && { options }),
      serve(text, visit) {
        const message = JSON.parse(text) as PostedMessage;
        if (message.method === 'tools/call') called(visit, message.id);
        else answerHonestly(message, peerOn(visit));
      },
    });
    return server.url;
  };
}

function peerOn({ socket }: WebSocketVisit): Peer {
  const write = (text: string | Buffer): Promise<void> =>
    new Promise((resolve) => {
      socket.send(text, () => resolve());
    });
  return { write, send: (message) => write(JSON.stringify(message)), stopReading: () => socket.pause() };
}

const done = (id: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } });

/** The socket below a WebSocket. */
function rawSocket({ request }: WebSocketVisit): Socket {
  return request.socket;
}

/** A frame of the server: not masked, and shorter than 126 bytes. RFC 6455, section 5.2. */
function frame(opcode: number, last: boolean, payload = ''): Buffer {
  return Buffer.concat([Buffer.from([(last ? 0x80 : 0) | opcode, payload.length]), Buffer.from(payload)]);
}

async function pour(socket: Socket, block: Buffer): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write(block))
      await new Promise<void>((resolve) => socket.once('drain', resolve).once('close', () => resolve()));
    await new Promise(setImmediate);
  }
}

function attack(
  name: string,
  called: (visit: WebSocketVisit, id: unknown) => void,
  options: Partial<Attack> = {},
): Attack {
  return { name, over: 'websocket', serve: webSocketServer(called), program: callOnce, ...options };
}

const PING = 9;
const TEXT = 1;
const CONTINUED = 0;

export const webSocketAttacks: readonly Attack[] = [
  attack('never reads and sends JSON-RPC pings', (visit) => {
    visit.socket.pause();
    const block = Buffer.concat(
      Array.from({ length: 1_000 }, (_, n) => frame(TEXT, true, `{"jsonrpc":"2.0","id":"p${n}","method":"ping"}`)),
    );
    void pour(rawSocket(visit), block);
  }),
  attack('never reads and sends ping frames', (visit) => {
    visit.socket.pause();
    void pour(rawSocket(visit), Buffer.concat(Array.from({ length: 1_000 }, () => frame(PING, true, 'x'.repeat(100)))));
  }),
  attack('answers 4 MiB in fragments of one byte', (visit, id) => {
    const text = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [], x: 'x'.repeat(4 << 20) } });
    const socket = rawSocket(visit);
    socket.write(frame(TEXT, false, text[0]));
    for (let at = 1; at < text.length; at += 65_536) {
      const piece = [...text.slice(at, at + 65_536)];
      socket.write(Buffer.concat(piece.map((byte, n) => frame(CONTINUED, at + n === text.length - 1, byte))));
    }
  }),
  attack('sends fragments that never end', (visit) => {
    const socket = rawSocket(visit);
    socket.write(frame(TEXT, false, 'x'));
    void pour(socket, Buffer.concat(Array.from({ length: 1_000 }, () => frame(CONTINUED, false, 'x'.repeat(100)))));
  }),
  attack('sends empty fragments that never end', (visit) => {
    const socket = rawSocket(visit);
    socket.write(frame(TEXT, false, 'x'));
    void pour(socket, Buffer.concat(Array.from({ length: 10_000 }, () => frame(CONTINUED, false))));
  }),
  attack('sends 1,000,000 messages of one byte before the answer', (visit, id) => {
    const block = Buffer.concat(Array.from({ length: 1_000 }, () => frame(TEXT, true, 'x')));
    for (let n = 0; n < 1_000; n += 1) rawSocket(visit).write(block);
    visit.socket.send(done(id));
  }),
  attack(
    'answers 500,000 levels deep',
    (visit, id) => {
      visit.socket.send(
        `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"_meta":{"a":${nestedArrays(500_000)}}}}`,
      );
    },
    { bounds: ONE_MESSAGE },
  ),
  attack('sends a message of 40 MiB', (visit, id) => {
    visit.socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [], x: 'x'.repeat(40 << 20) } }));
  }),
  attack('sends a frame that says it has 2^62 bytes', (visit) => {
    rawSocket(visit).write(Buffer.from([0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]));
  }),
  attack('never answers the closing handshake', (visit, id) => {
    visit.socket.send(done(id));
    setTimeout(() => rawSocket(visit).pause(), 50);
  }),
];
