import type { ChildProcess } from 'node:child_process';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../../protocol/messages/lines.js';
import type { EnvironmentVariables } from './child-environment.js';
import { launcherOf } from './launchers.js';
import type { Link, LinkEvents } from '../link.js';
import type { StdioLink } from './stdio-link.js';
import { copyOptions } from '../../option-checks.js';
import { argumentSecrets, environmentSecrets } from '../secret-values.js';
import { checkStdioOptions, environmentVariables, STDIO_OPTIONS } from './stdio-options.js';
import type { StdioTransportOptions } from './stdio-options.js';
import { MCPTransport } from '../transport.js';
import type { SilentServer } from '../transport.js';

export type { StdioTransportOptions } from './stdio-options.js';

/** Milliseconds that `connect()` waits by default for a server that may have to be downloaded. */
const FIRST_START = 60_000;

/**
 * Runs a server as a child process and speaks newline-delimited JSON with it over standard input and output (2026-07-28
 * basic/transports/stdio, and every revision before). Each link is a process of its own.
 *
 * There is no shell between: `args` reach the server as they are. On POSIX the server leads a process group, and what it starts ends
 * with it.
 */
export class StdioTransport extends MCPTransport {
  // Not visible to whoever prints the transport: arguments and variables hold secrets.
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #options: Omit<StdioTransportOptions, 'env'> & { readonly env?: EnvironmentVariables };
  readonly #launcher: string | undefined;
  #latest: StdioLink | undefined;

  /**
   * @param command the program: a path, or a name that is looked for on PATH
   * @param args its arguments
   * @throws MCPError with code `MCP_INVALID_PARAMS` when an argument or option is of the wrong type; `details.field` names it.
   */
  constructor(command: string, args: readonly string[] = [], options: StdioTransportOptions = {}) {
    checkStdioOptions(command, args, options);
    super(options);
    this.#command = command;
    this.#args = Object.freeze([...args]);
    this.#launcher = launcherOf(command, args);
    const { env, ...others } = copyOptions(options, STDIO_OPTIONS);
    this.#options = { ...others, ...(env && { env: environmentVariables(env) }) };
    this.secrets.show(command);
    // Of now: what is taken out of it later was sent all the same.
    const { inheritEnv = 'safe' } = others;
    const inherited = inheritEnv === 'safe' || inheritEnv === 'none' ? {} : { ...process.env };
    this.secrets.from(() => [
      ...environmentSecrets(this.#options.env, inheritEnv, inherited),
      ...argumentSecrets(this.#args),
    ]);
  }

  /** The program. */
  get command(): string {
    return this.#command;
  }

  /** Its arguments. */
  get args(): readonly string[] {
    return this.#args;
  }

  /** The variables that were given, without those that are inherited. */
  get env(): EnvironmentVariables | undefined {
    return this.#options.env;
  }

  /** The directory that was given. */
  get cwd(): string | undefined {
    return this.#options.cwd;
  }

  /** The server's process, while there is a connection. */
  get process(): ChildProcess | undefined {
    return this.connected ? this.#latest?.child : undefined;
  }

  /** The server's process id, while there is a connection. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** The last that the server wrote to standard error, up to 64 KiB: of the process that runs, or of the one that ran last. */
  get stderrTail(): string {
    return this.#latest?.stderrTail ?? '';
  }

  /** 60 000 for servers that something starts which may have to download them first, such as `npx`, `uvx` or `docker run`. */
  override get connectTimeout(): number | undefined {
    return this.#launcher === undefined ? undefined : FIRST_START;
  }

  /**
   * What the process that runs wrote to standard error.
   * @internal
   */
  override describeSilence(): SilentServer | undefined {
    const stderr = this.#latest?.stderrOfSilent;
    if (stderr === undefined) return undefined;
    const launcher = this.#launcher;
    return { command: this.#command, ...(launcher !== undefined && { launcher }), stderr };
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const { env, cwd, inheritEnv, maxMessageBytes, onStderr, handleSignals } = this.#options;
    // Loaded now: whoever uses other transports does not need processes.
    const { StdioLink } = await import('./stdio-link.js');
    const link = await StdioLink.start(
      {
        command: this.#command,
        args: this.#args,
        env,
        cwd,
        onStderr,
        secrets: this.secrets,
        inheritEnv: inheritEnv ?? 'safe',
        maxMessageBytes: maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
        handleSignals: handleSignals ?? false,
      },
      events,
      signal,
    );
    this.#latest = link;
    return link;
  }
}
