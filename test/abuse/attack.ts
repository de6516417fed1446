import type { MCPClient, MCPClientOptions } from '../../src/index.js';

/** What the process of the client may cost while it is attacked. */
export interface Bounds {
  /** `--max-old-space-size` of the process, in MiB: beyond it Node ends the process. */
  readonly heap: number;
  /** The longest time that the event loop may be blocked, in ms. */
  readonly loop: number;
  /** File descriptors open at the same time. */
  readonly descriptors: number;
  /** Resident memory at its highest, in MiB. */
  readonly memory: number;
  /** Time from connecting until everything is closed, in seconds. */
  readonly seconds: number;
}

export const USUAL_BOUNDS: Bounds = { heap: 128, loop: 200, descriptors: 100, memory: 512, seconds: 60 };

/**
 * For attacks by a single message: it is parsed and checked in one piece, and most of that is V8 parsing it and collecting garbage. The limit
 * is that of the message, `maxMessageBytes`.
 */
export const ONE_MESSAGE: Partial<Bounds> = { loop: 400 };

/** What the program of an attack has. */
export interface Host {
  /** Connects a client to the hostile server; it is closed when the program ends. */
  readonly connect: (options?: MCPClientOptions) => Promise<MCPClient>;
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /**
   * Awaits a promise and says how it ended: `ok`, or the code of the `MCPError`. Throws when it rejects with anything else, and when it does
   * not settle in time.
   */
  readonly outcome: (promise: Promise<unknown>) => Promise<string>;
  /** Makes the attack fail when `met` is false. */
  readonly check: (met: boolean, what: string) => void;
}

/** A hostile server, and a program that uses it through a client. Each runs in a process of its own. */
export interface Attack {
  /** What the server does, as a sentence. The table shows it; it identifies the attack. */
  readonly name: string;
  readonly over: 'stdio' | 'http' | 'sse' | 'websocket';
  /** Starts the server, in its process. Resolves with its URL; with nothing over stdio. */
  readonly serve: () => Promise<string | undefined>;
  /** Uses the client, in the other process. What it returns is shown in the table. */
  readonly program: (host: Host) => Promise<string | undefined>;
  /** Bounds that differ from the usual ones. */
  readonly bounds?: Partial<Bounds>;
}

/** What the process of the client found. */
export interface Report {
  readonly said: string | undefined;
  readonly failure: string | undefined;
  readonly loop: number;
  readonly descriptors: number;
  readonly memory: number;
  readonly seconds: number;
}
