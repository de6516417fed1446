import type { MCPClient, MCPClientEventName, MCPClientEvents } from '../../src/index.js';
import { Waiting } from './waiting.js';

type Recorded = { readonly [Name in MCPClientEventName]: MCPClientEvents[Name][0][] };

/**
 * Writes down what a client announces. Listening to `notification` or `toolsChanged` makes a client ask a modern server for changes, so
 * only what is named is listened to.
 */
export class ClientRecorder implements Recorded {
  readonly state: MCPClientEvents['state'][0][] = [];
  readonly notification: MCPClientEvents['notification'][0][] = [];
  readonly toolsChanged: MCPClientEvents['toolsChanged'][0][] = [];
  readonly log: MCPClientEvents['log'][0][] = [];
  readonly warning: MCPClientEvents['warning'][0][] = [];
  readonly error: MCPClientEvents['error'][0][] = [];
  readonly authorization: MCPClientEvents['authorization'][0][] = [];
  readonly #waiting = new Waiting();

  constructor(client: MCPClient, more: readonly MCPClientEventName[] = []) {
    for (const name of ['state', 'warning', 'error', ...more] as const) {
      client.on(name, (...args: readonly unknown[]) => {
        (this[name] as unknown[]).push(args[0]);
        this.#waiting.wake();
      });
    }
  }

  /** Resolves when `met` holds, which is asked again after each event. */
  until(met: () => boolean, patience?: number): Promise<void> {
    return this.#waiting.until(met, () => this.#summary(), patience);
  }

  /** The first `count` events of this name, when there are that many. */
  async first<Name extends MCPClientEventName>(name: Name, count = 1): Promise<Recorded[Name]> {
    await this.until(() => this[name].length >= count);
    return this[name];
  }

  #summary(): string {
    const { state, notification, log } = this;
    const problems = [...this.error, ...this.warning].map(String);
    return `heard ${JSON.stringify({ state, problems, notifications: notification.length, logs: log.length })}`;
  }
}
