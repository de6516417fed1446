import { LONGEST_METHOD } from '../diagnostics/frame-log.js';
import type { FrameLog } from '../diagnostics/frame-log.js';
import type { Problem, StateChange, Story } from '../diagnostics/story.js';

/** How many changes of state are kept. */
const CHANGES_KEPT = 20;
/** How much of it goes into the story of an error. */
const CHANGES_TOLD = 6;
const FRAMES_TOLD = 8;

/** What a connection has been through, for explanations. */
export class History {
  readonly #frames: () => FrameLog;
  readonly #hide: (text: string, cut: boolean) => string;
  readonly #changes: StateChange[] = [];
  #problem: Problem | undefined;
  /** The story of the last error. When many calls fail at once it is that of all of them. */
  #told: Story | undefined;
  #framesTold = 0;

  /**
   * @param frames asked for when they are needed, since a connection may have something to report before it is there
   * @param hide takes secrets out of a text, which may have been cut off
   */
  constructor(frames: () => FrameLog, hide: (text: string, cut: boolean) => string) {
    this.#frames = frames;
    this.#hide = hide;
  }

  /** A state was entered. */
  add(change: StateChange): void {
    this.#told = undefined;
    this.#changes.push(change);
    if (this.#changes.length > CHANGES_KEPT) this.#changes.shift();
  }

  /** The last change of state. */
  get latest(): StateChange | undefined {
    return this.#changes.at(-1);
  }

  /** Something went wrong that ended nothing. */
  note(problem: Problem): void {
    this.#told = undefined;
    this.#problem = problem;
  }

  /** All that is kept, to be told now. */
  everything(at: number, path: string): Story {
    return this.#story(at, path, CHANGES_KEPT, FRAMES_TOLD);
  }

  /** What an error has to know when it is made. */
  upToHere(at: number, path: () => string): Story {
    if (this.#told === undefined || this.#framesTold !== this.#frames().count) {
      this.#told = this.#story(at, path(), CHANGES_TOLD, FRAMES_TOLD);
      this.#framesTold = this.#frames().count;
    }
    return this.#told;
  }

  #story(at: number, path: string, changes: number, frames: number): Story {
    return {
      at,
      path,
      changes: this.#changes.slice(-changes),
      // A server may call its methods what it likes.
      frames: this.#frames()
        .last(frames)
        .map((frame) => ({ ...frame, method: this.#hide(frame.method, frame.method.length >= LONGEST_METHOD) })),
      problem: this.#problem,
    };
  }
}
