import type { ResultFields } from './base.js';

/** Requests to run a request as a task. Only in 2025-11-25, like everything in this file. 2025-11-25 basic/utilities/tasks. */
export interface TaskMetadata {
  /** How long to keep the task after its creation, in ms. */
  ttl?: number;
}

/** The task that a message belongs to, under `_meta["io.modelcontextprotocol/related-task"]`. */
export interface RelatedTaskMetadata {
  taskId: string;
}

/** The state of a task. The last three are final. */
export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** A request that runs in the background. */
export interface Task {
  taskId: string;
  status: TaskStatus;
  statusMessage?: string;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601. */
  lastUpdatedAt: string;
  /** How long the task is kept after its creation, in ms; `null` for unlimited. */
  ttl: number | null;
  /** The interval for polling the task, in ms. */
  pollInterval?: number;
}

/** The result of a request that runs as a task. */
export interface CreateTaskResult extends ResultFields {
  task: Task;
}
