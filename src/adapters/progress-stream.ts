import type { Progress } from '../api/options/call-options.js';

/** Progress of a tool, as an output of it before its result. */
export interface ToolProgress extends Progress {
  readonly type: 'progress';
}

/**
 * Yields the progress of a call, and returns its result. A slow reader gets only the newest progress, so nothing piles up. If the reader leaves, the
 * call is aborted.
 * @param signal aborts the call
 * @throws the error of the call
 */
export async function* progressOf<Result>(
  call: (options: {
    readonly onProgress: (progress: Progress) => void;
    readonly signal: AbortSignal;
  }) => Promise<Result>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ToolProgress, Result, undefined> {
  const left = new AbortController();
  const state: { newest?: Progress | undefined; wake?: () => void; ended: boolean } = { ended: false };
  const onProgress = (progress: Progress): void => {
    state.newest = progress;
    state.wake?.();
  };
  const either = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const result = call({ onProgress, signal: either }).finally(() => {
    state.ended = true;
    state.wake?.();
  });
  // It is awaited below, unless the reader leaves before.
  result.catch(() => undefined);
  try {
    while (!state.ended || state.newest !== undefined) {
      const { newest } = state;
      state.newest = undefined;
      if (newest !== undefined) yield { type: 'progress', ...newest };
      else
        await new Promise<void>((resolve) => {
          state.wake = resolve;
        });
    }
    return await result;
  } finally {
    left.abort();
  }
}
