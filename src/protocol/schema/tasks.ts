import type { ResultFields } from './base.js';

/** Asks to run a request as a task. Only in 2025-11-25, like everything in this file. 2025-11-25 basic/utilities/tasks. */
export interface TaskMetadata {
  /** How long to keep the task, in milliseconds from its creation. */
  ttl?: number;
}

/** Names the task that a message belongs to, under `_meta["io.modelcontextprotocol/related-task"]`. */
export interface RelatedTaskMetadata {
  taskId: string;
}

/** How far a task is. The last three are final. */
export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** A request that runs while nobody waits for it. */
export interface Task {
  taskId: string;
  status: TaskStatus;
  statusMessage?: string;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601. */
  lastUpdatedAt: string;
  /** How long the task is kept, in milliseconds from its creation; `null` is for ever. */
  ttl: number | null;
  /** How long to wait between two questions about it, in milliseconds. */
  pollInterval?: number;
}

/** The answer to a request that became a task. */
export interface CreateTaskResult extends ResultFields {
  task: Task;
}
