import type { ProgressNotificationParams } from './schema/index.js';

/** Progress of a request, as the server reported it, and which attempt it belongs to. 2026-07-28 basic/patterns/progress. */
export type Progress = Pick<ProgressNotificationParams, 'progress' | 'total' | 'message'> & {
  readonly attempt: number;
};
