import type { Progress } from '../../api/options/call-options.js';
import { oneLine } from '../terminal.js';
import type { Terminal } from '../terminal.js';

/** Shows the progress of a call on stderr. */
export interface ProgressView {
  report(progress: Progress): void;
  /** Removes the bar. */
  end(): void;
}

/** Shorter calls show no spinner: it would only flicker. In ms. */
const DELAY = 400;
/** With `--progress` in a log: one line in this time, in ms. */
const LINE_EVERY = 1_000;

/** A bar in a terminal, a line a second in a log with `--progress`, otherwise nothing. */
export function progressView(terminal: Terminal, title: string, lines: boolean): ProgressView {
  if (terminal.moving) return new MovingProgress(terminal, title);
  return lines ? new LoggedProgress(terminal) : NONE;
}

const NONE: ProgressView = { report: () => undefined, end: () => undefined };

function describe({ progress, total, message }: Progress): string {
  const count = total === undefined ? `${progress}` : `${progress}/${total}`;
  return message === undefined ? count : `${count} ${oneLine(message, 60)}`;
}

class LoggedProgress implements ProgressView {
  readonly #terminal: Terminal;
  #last = -Infinity;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  report(progress: Progress): void {
    const now = performance.now();
    if (now - this.#last < LINE_EVERY) return;
    this.#last = now;
    this.#terminal.problem(`progress: ${describe(progress)}`);
  }

  end(): void {
    // A line stays where it is.
  }
}

/** How often the spinner moves, in ms. */
const FRAME_EVERY = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;

/**
 * A spinner, and a bar as soon as the server sends a total. Not those of @clack/prompts: they read stdin, and end the process on
 * Ctrl+C before the call is cancelled.
 */
class MovingProgress implements ProgressView {
  readonly #terminal: Terminal;
  readonly #title: string;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #latest: Progress | undefined;
  #frame = 0;
  #drawn = false;

  constructor(terminal: Terminal, title: string) {
    this.#terminal = terminal;
    this.#title = oneLine(title, 60);
    this.#timer = setInterval(() => this.#draw(), FRAME_EVERY);
  }

  report(progress: Progress): void {
    this.#latest = progress;
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#drawn) this.#terminal.clearBar();
  }

  #draw(): void {
    const waited = performance.now() - this.#started;
    if (waited < DELAY || this.#terminal.prompting) return;
    const spinner = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    const { total, progress = 0, message } = this.#latest ?? {};
    const hasTotal = total !== undefined && total > 0;
    const text = `${hasTotal ? `${progress}/${total} ` : ''}${this.#title}${message === undefined ? '' : `: ${message}`}`;
    const seconds = ` ${Math.floor(waited / 1_000)} s`;
    const room = (this.#terminal.stderr.columns || 80) - seconds.length - 3;
    // In a narrow terminal the numbers say more than the bar.
    const hasBar = hasTotal && room >= 2 * BAR_WIDTH;
    const bar = hasBar ? `${this.#bar(progress / total)} ` : '';
    // Colours have no width, so only the text is cut.
    const line = room < 1 ? '' : oneLine(text, hasBar ? room - BAR_WIDTH - 1 : room);
    this.#terminal.drawBar(`${spinner} ${bar}${line}${this.#terminal.styleNote('faint', seconds)}`);
    this.#drawn = true;
  }

  #bar(part: number): string {
    const filled = Math.round(Math.min(Math.max(part, 0), 1) * BAR_WIDTH);
    return (
      this.#terminal.styleNote('name', '█'.repeat(filled)) +
      this.#terminal.styleNote('faint', '░'.repeat(BAR_WIDTH - filled))
    );
  }
}
