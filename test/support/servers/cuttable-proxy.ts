import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { Waiting } from '../waiting.js';

/** What a cut does: `reset` ends all connections, and those that are made then; `silence` lets nothing through, and ends nothing. */
export type Cut = 'reset' | 'silence';

/** A text in the bytes to the server at which the network is cut, before they are passed on or after that. */
export interface CutPlan {
  readonly cut: Cut;
  readonly at: string;
  readonly when: 'before' | 'after';
}

/** A network between clients and a server that listens on a Unix socket: it is on loopback, and can be cut and healed. */
export class CuttableProxy {
  readonly #server: Server;
  readonly #target: string;
  readonly #waiting = new Waiting();
  readonly #sockets = new Set<Socket>();
  /** What goes on when the network is healed. */
  #held: (() => void)[] = [];
  #plan: CutPlan | undefined;
  #cut: Cut | undefined;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((client) => {
      this.#accept(client);
    });
  }

  static async start(target: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts the network the next time that a client sends a text. */
  cutAt(plan: CutPlan): void {
    this.#plan = plan;
  }

  /** Resolves when the network is cut. */
  async untilCut(): Promise<void> {
    await this.#waiting.until(
      () => this.#cut !== undefined,
      () => `for ${this.#plan?.at ?? 'a cut'}`,
      20_000,
    );
  }

  heal(): void {
    this.#cut = undefined;
    const held = this.#held;
    this.#held = [];
    for (const goOn of held) goOn();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#destroyAll();
    await closed;
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    if (this.#cut === 'reset') {
      client.destroy();
      return;
    }
    const server = connect(this.#target);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      this.#sent(bytes, server);
    });
    server.on('data', (bytes) => {
      this.#pass(bytes, client);
    });
  }

  /** Bytes for the server. */
  #sent(bytes: Buffer, server: Socket): void {
    const plan = this.#plan;
    if (plan === undefined || !bytes.includes(plan.at)) {
      this.#pass(bytes, server);
      return;
    }
    this.#plan = undefined;
    if (plan.when === 'before') this.#begin(plan.cut);
    // It does not arrive if the network is cut already.
    const cutAfter = (): void => {
      if (plan.when === 'after') this.#begin(plan.cut);
    };
    if (this.#cut === undefined) server.write(bytes, cutAfter);
    else this.#pass(bytes, server);
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.#cut === undefined) to.write(bytes);
    else if (this.#cut === 'silence')
      this.#held.push(() => {
        to.write(bytes);
      });
  }

  #begin(cut: Cut): void {
    this.#cut = cut;
    if (cut === 'reset') this.#destroyAll();
    this.#waiting.wake();
  }
}
