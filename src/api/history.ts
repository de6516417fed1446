import { LONGEST_METHOD } from '../diagnostics/frame-log.js';
import type { FrameLog } from '../diagnostics/frame-log.js';
import type { Problem, StateChange, Story } from '../diagnostics/story.js';

/** How many state changes are kept. */
const MAX_CHANGES = 20;
/** How many state changes and messages the story of an error contains. */
const STORY_CHANGES = 6;
const STORY_FRAMES = 8;

/** The last state changes and messages of a connection, for explanations. */
export class History {
  readonly #frames: () => FrameLog;
  readonly #hide: (text: string, cut: boolean) => string;
  readonly #changes: StateChange[] = [];
  #problem: Problem | undefined;
  /** The story of the last error. Calls that fail at once share it. */
  #lastStory: Story | undefined;
  #lastStoryFrames = 0;

  /**
   * @param frames called when a story is made, because the connection may report before it is assigned
   * @param hide removes secrets from a text; `cut` says that its end is missing
   */
  constructor(frames: () => FrameLog, hide: (text: string, cut: boolean) => string) {
    this.#frames = frames;
    this.#hide = hide;
  }

  /** Adds a state change. */
  add(change: StateChange): void {
    this.#lastStory = undefined;
    this.#changes.push(change);
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
  }

  /** The last state change. */
  get latest(): StateChange | undefined {
    return this.#changes.at(-1);
  }

  /** Sets the last problem that did not change the state. */
  note(problem: Problem): void {
    this.#lastStory = undefined;
    this.#problem = problem;
  }

  /** The story with all state changes. */
  everything(at: number, path: string): Story {
    return this.#story(at, path, MAX_CHANGES, STORY_FRAMES);
  }

  /** The story for an error that is made now. */
  upToHere(at: number, path: () => string): Story {
    if (this.#lastStory === undefined || this.#lastStoryFrames !== this.#frames().count) {
      this.#lastStory = this.#story(at, path(), STORY_CHANGES, STORY_FRAMES);
      this.#lastStoryFrames = this.#frames().count;
    }
    return this.#lastStory;
  }

  #story(at: number, path: string, changes: number, frames: number): Story {
    return {
      at,
      path,
      changes: this.#changes.slice(-changes),
      // A server chooses the names of its methods, so they may contain secrets.
      frames: this.#frames()
        .last(frames)
        .map((frame) => ({ ...frame, method: this.#hide(frame.method, frame.method.length >= LONGEST_METHOD) })),
      problem: this.#problem,
    };
  }
}
