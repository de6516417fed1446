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

/** The default of `connectTimeout` for a server that may have to be downloaded, in ms. */
const FIRST_START = 60_000;

/**
 * Runs a server as a child process and exchanges newline-delimited JSON over stdin and stdout (2026-07-28 basic/transports/stdio, and every
 * revision before). Each link is a new process.
 *
 * No shell is used: the server gets `args` unchanged. On POSIX the server leads a process group, so that its child processes end with it.
 */
export class StdioTransport extends MCPTransport {
  // Private, so that printing the transport does not show them: arguments and variables may contain secrets.
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #options: Omit<StdioTransportOptions, 'env'> & { readonly env?: EnvironmentVariables };
  readonly #launcher: string | undefined;
  #latest: StdioLink | undefined;

  /**
   * @param command the program: a path, or a name on PATH
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
    // A copy of the current environment: the server still has variables that are removed later.
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

  /** The option `env`, without inherited variables. */
  get env(): EnvironmentVariables | undefined {
    return this.#options.env;
  }

  /** The option `cwd`. */
  get cwd(): string | undefined {
    return this.#options.cwd;
  }

  /** The process of the server while connected. */
  get process(): ChildProcess | undefined {
    return this.connected ? this.#latest?.child : undefined;
  }

  /** The process id of the server while connected. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** The last 64 KiB of stderr of the current or last process. */
  get stderrTail(): string {
    return this.#latest?.stderrTail ?? '';
  }

  /** 60 000 for servers that a launcher starts, such as `npx`, `uvx` or `docker run`, because it may have to download them. */
  override get connectTimeout(): number | undefined {
    return this.#launcher === undefined ? undefined : FIRST_START;
  }

  /**
   * The stderr of the running process, for the error of a timeout.
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
    // Loaded with the first link, because programs with other transports do not need it.
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
