import { styleText } from 'node:util';

import { printable } from '../util/printable.js';
import { CommandError, EXIT } from './exit-codes.js';

/** The colours of the command line, by meaning. */
const STYLES = {
  heading: 'bold',
  faint: 'dim',
  good: 'green',
  bad: 'red',
  attention: 'yellow',
  name: 'cyan',
} as const satisfies Record<string, Parameters<typeof styleText>[0]>;

export type Style = keyof typeof STYLES;

/** Returns to the begin of the line and clears it. ECMA-48. */
const CLEAR_LINE = '\r\u001b[2K';

/** Settings of the terminal that flags change. */
export interface TerminalFlags {
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  /** False with `--no-input`. */
  readonly input?: boolean | undefined;
  /** False with `--no-color`. */
  readonly color?: boolean | undefined;
}

/**
 * Where a command writes: results to stdout, everything else to stderr. Colour and motion appear only in a terminal, by the rules of NO_COLOR,
 * FORCE_COLOR and TERM=dumb.
 */
export class Terminal {
  readonly #streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #flags: TerminalFlags = {};
  /** Why stdout does not take the output; undefined as long as it does. */
  #failure: NodeJS.ErrnoException | undefined;
  #stop: () => void = () => undefined;
  /** Resolves when the reader of stdout is gone, which shows when something is written. */
  readonly readerGone = new Promise<void>((resolve) => (this.#stop = resolve));
  #prompting = false;

  constructor(
    streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#streams = streams;
    this.#environment = environment;
    // A reader that has seen enough (`| head -1`) closes the pipe. This ends the output, not the command.
    streams.stderr.on('error', () => undefined);
    streams.stdout.on('error', (error) => {
      this.#failure ??= error;
      this.#stop();
    });
  }

  configure(flags: TerminalFlags): void {
    this.#flags = flags;
  }

  /** Whether a person can answer a prompt: stdin and stderr are terminals, and neither `--no-input` nor CI is set. */
  get interactive(): boolean {
    const { stdin, stderr } = this.#streams;
    return stdin.isTTY && stderr.isTTY && this.#flags.input !== false && !this.#inCI;
  }

  /** Whether `--no-input` forbids to read standard input and to ask a person. */
  get inputRefused(): boolean {
    return this.#flags.input === false;
  }

  /** Whether stderr shows motion: progress bars and spinners. */
  get moving(): boolean {
    return this.#streams.stderr.isTTY && this.#environment.TERM !== 'dumb' && !this.#inCI && !this.quiet;
  }

  /** Whether a prompt is on the screen: nothing else may be drawn then. */
  get prompting(): boolean {
    return this.#prompting;
  }

  /** Shows a prompt, in place of the bar that may be on the last line. */
  async whilePrompting<Result>(prompt: () => Promise<Result>): Promise<Result> {
    this.clearBar();
    this.#prompting = true;
    try {
      return await prompt();
    } finally {
      this.#prompting = false;
    }
  }

  /** Removes what stands on the last line of stderr. */
  clearBar(): void {
    if (this.moving) this.#streams.stderr.write(CLEAR_LINE);
  }

  /** Draws a bar on the last line of stderr, in place of what stands there. */
  drawBar(line: string): void {
    if (this.moving && !this.#prompting) this.#streams.stderr.write(`${CLEAR_LINE}${line}`);
  }

  /** Whether stdout is a terminal. Otherwise a program reads the results. */
  get shown(): boolean {
    return this.#streams.stdout.isTTY;
  }

  get quiet(): boolean {
    return this.#flags.quiet === true;
  }

  get verbose(): boolean {
    return this.#flags.verbose === true;
  }

  get columns(): number {
    return this.#streams.stdout.columns || Number(this.#environment.COLUMNS) || 100;
  }

  get stdin(): NodeJS.Process['stdin'] {
    return this.#streams.stdin;
  }

  get stderr(): NodeJS.Process['stderr'] {
    return this.#streams.stderr;
  }

  get #inCI(): boolean {
    const { CI } = this.#environment;
    return CI !== undefined && CI !== '' && CI !== 'false' && CI !== '0';
  }

  /** Writes a line of the result to stdout. */
  line(text = ''): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** Writes to stdout without a newline: text, or the bytes of a block. */
  raw(data: string | Uint8Array): void {
    this.#streams.stdout.write(data);
  }

  /** Writes a line to stderr, unless `--quiet` is set. */
  note(text: string): void {
    if (!this.quiet) this.#streams.stderr.write(`${text}\n`);
  }

  /** Writes a line about an error to stderr. */
  problem(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** Colours a text for stdout. */
  style(style: Style, text: string): string {
    return this.#styled(style, text, this.#streams.stdout);
  }

  /** Colours a text for stderr. */
  styleNote(style: Style, text: string): string {
    return this.#styled(style, text, this.#streams.stderr);
  }

  #styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
    return this.#colours(stream) ? styleText(STYLES[style], text, { validateStream: false }) : text;
  }

  #colours(stream: NodeJS.WriteStream): boolean {
    const { NO_COLOR, FORCE_COLOR, TERM } = this.#environment;
    if (this.#flags.color === false) return false;
    if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
    if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
    return stream.isTTY && TERM !== 'dumb';
  }

  /**
   * Resolves when stdout has taken everything that was written.
   * @throws CommandError if it did not, such as a file on a full disk. A reader that closed the pipe has seen enough.
   */
  async written(): Promise<void> {
    await this.drained();
    const { code } = this.#failure ?? {};
    if (this.#failure === undefined || code === 'EPIPE') return;
    throw new CommandError(
      `The output cannot be written (${code ?? 'unknown error'}).`,
      EXIT.unexpected,
      'Check the file or disk to which stdout leads.',
      'CLI_OUTPUT_FAILED',
    );
  }

  /** Resolves when everything that was written has left the process. */
  async drained(): Promise<void> {
    const { stdout, stderr } = this.#streams;
    await Promise.all(
      [stdout, stderr].map(
        (stream) =>
          new Promise<void>((resolve) => {
            if (stream.destroyed || stream.writableEnded) resolve();
            else stream.write('', () => resolve());
          }),
      ),
    );
  }
}

/** A text of a server in one line: without control characters, and cut to a length. */
export function oneLine(text: string, longest = Infinity): string {
  const line = printable(text).replace(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, Math.max(0, longest - 1))}…`;
}
