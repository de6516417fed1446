import type { LoggingLevel } from '../../protocol/schema/index.js';

/** Levels of log messages. 2025-11-25 server/utilities/logging. */
export const LEVELS: readonly LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];
