import type { ServerMessage } from '../../src/inspect/records.js';

/** The delay between two attempts to reconnect to the server, in ms. */
const RETRY = 1_000;

/** Receives the messages of the server. When the program ends, the page tries to reconnect to the same URL. */
export class Feed {
  readonly #take: (message: ServerMessage) => void;
  readonly #changed: (connected: boolean) => void;
  /** The difference between the clocks of server and browser, in ms. */
  skew = 0;

  constructor(take: (message: ServerMessage) => void, changed: (connected: boolean) => void) {
    this.#take = take;
    this.#changed = changed;
    this.#open();
  }

  /** The server's time. */
  now(): number {
    return Date.now() + this.skew;
  }

  #open(): void {
    const address = new URL('live', location.href);
    address.protocol = 'ws:';
    const socket = new WebSocket(address);
    socket.addEventListener('open', () => {
      this.#changed(true);
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      this.skew = message.now - Date.now();
      this.#take(message);
    });
    socket.addEventListener('close', () => {
      this.#changed(false);
      setTimeout(() => {
        this.#open();
      }, RETRY);
    });
  }
}
