import { chaosProxy } from '../../src/testing/index.js';
import type { ChaosProxy, ProxyFault, ProxyHit } from '../../src/testing/index.js';
import type { Schedule } from './schedule.js';

/** The network between a client and a server of a schedule: a proxy with faults. */
export class Network implements AsyncDisposable {
  readonly #hits: string[] = [];
  #proxy!: ChaosProxy;
  #calm = false;

  /** Puts itself in front of a server. */
  static async before(url: string, { network }: Schedule): Promise<Network> {
    const made = new Network();
    made.#proxy = await chaosProxy(url, { ...network, only: (hit) => made.#strike(hit) });
    return made;
  }

  /** Where the client finds the server. */
  get url(): string {
    return this.#proxy.url;
  }

  get faults(): readonly ProxyFault[] {
    return this.#proxy.faults;
  }

  /** Whether nothing happens any more. */
  get isCalm(): boolean {
    return this.#calm;
  }

  /** Nothing happens from now on. */
  calm(): void {
    this.#calm = true;
  }

  /** Faults happen again. */
  resume(): void {
    this.#calm = false;
  }

  /** How many requests were hit that have this text in them. */
  hits(text: string): number {
    return this.#hits.filter((one) => one.includes(text)).length;
  }

  /** Ends all connections; the server cannot be reached for so many milliseconds. Resolves when it can. */
  hangUp(pause: number): Promise<void> {
    return this.#proxy.hangUp(pause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
  }

  #strike({ message }: ProxyHit): boolean {
    if (this.#calm) return false;
    if (message !== undefined) this.#hits.push(JSON.stringify(message));
    return true;
  }
}
