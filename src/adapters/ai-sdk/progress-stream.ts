import type { Progress } from '../../api/options/call-options.js';

/** Progress of a tool, as a preliminary output. */
export interface AiProgress extends Progress {
  readonly type: 'progress';
}

/**
 * Yields the progress of a call, then its result. A slow reader gets only the newest progress, so nothing piles up. If the reader leaves, the call is
 * aborted.
 * @throws the error of the call
 */
export async function* progressThenResult<Result>(
  call: (onProgress: (progress: Progress) => void, left: AbortSignal) => Promise<Result>,
): AsyncGenerator<AiProgress | Result, void, undefined> {
  const left = new AbortController();
  let newest: Progress | undefined;
  let wake: (() => void) | undefined;
  let ended = false;
  const result = call((progress) => {
    newest = progress;
    wake?.();
  }, left.signal).finally(() => {
    ended = true;
    wake?.();
  });
  // It is awaited below, unless the reader leaves before.
  result.catch(() => undefined);
  try {
    for (;;) {
      const progress = newest;
      newest = undefined;
      if (progress !== undefined) yield { type: 'progress', ...progress };
      else if (isTrue(ended)) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    yield await result;
  } finally {
    left.abort();
  }
}

/** For the compiler, which does not know that callbacks change a variable. */
function isTrue(value: boolean): boolean {
  return value;
}
