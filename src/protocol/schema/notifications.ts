import type { RequestId } from '../messages/json-rpc.js';
import type { LoggingLevel, NotificationMetaObject, ProgressToken } from './base.js';
import type { SubscriptionsAcknowledgedNotification } from './subscriptions.js';
import type { Task } from './tasks.js';

/** The parameters that every notification may have. */
export interface NotificationParams {
  _meta?: NotificationMetaObject;
}

/** The request to cancel. */
export interface CancelledNotificationParams extends NotificationParams {
  requestId: RequestId;
  reason?: string;
}

/**
 * Cancels a request. In 2026-07-28 clients send it on stdio only, and servers only to end a `subscriptions/listen`; before that either side may
 * cancel any request except `initialize`. 2026-07-28 basic/patterns/cancellation.
 */
export interface CancelledNotification {
  method: 'notifications/cancelled';
  params: CancelledNotificationParams;
}

/** The progress of a request. */
export interface ProgressNotificationParams extends NotificationParams {
  progressToken: ProgressToken;
  /** The current value; it increases with each notification. */
  progress: number;
  /** The final value, if known. */
  total?: number;
  /** Since 2025-03-26. */
  message?: string;
}

/** Reports the progress of a request. 2026-07-28 basic/patterns/progress. */
export interface ProgressNotification {
  method: 'notifications/progress';
  params: ProgressNotificationParams;
}

/** A log message of a server. */
export interface LoggingMessageNotificationParams extends NotificationParams {
  level: LoggingLevel;
  /** The part of the server that logs. */
  logger?: string;
  /** A text or any other JSON value. */
  data: unknown;
}

/** A log message from the server. 2026-07-28 server/utilities/logging. */
export interface LoggingMessageNotification {
  method: 'notifications/message';
  params: LoggingMessageNotificationParams;
}

/** The resource that changed. */
export interface ResourceUpdatedNotificationParams extends NotificationParams {
  /** The subscribed resource, or a resource below it. */
  uri: string;
}

/** A subscribed resource changed. 2026-07-28 server/resources. */
export interface ResourceUpdatedNotification {
  method: 'notifications/resources/updated';
  params: ResourceUpdatedNotificationParams;
}

/** The list of resources changed. */
export interface ResourceListChangedNotification {
  method: 'notifications/resources/list_changed';
  params?: NotificationParams;
}

/** The list of prompts changed. */
export interface PromptListChangedNotification {
  method: 'notifications/prompts/list_changed';
  params?: NotificationParams;
}

/** The list of tools changed. */
export interface ToolListChangedNotification {
  method: 'notifications/tools/list_changed';
  params?: NotificationParams;
}

/** The elicitation that the user has completed. */
export interface ElicitationCompleteNotificationParams extends NotificationParams {
  elicitationId: string;
}

/** The user has completed a URL elicitation. Only in 2025-11-25. 2025-11-25 client/elicitation. */
export interface ElicitationCompleteNotification {
  method: 'notifications/elicitation/complete';
  params: ElicitationCompleteNotificationParams;
}

/** The current state of a task. */
export type TaskStatusNotificationParams = NotificationParams & Task;

/** The state of a task changed. Only in 2025-11-25. 2025-11-25 basic/utilities/tasks. */
export interface TaskStatusNotification {
  method: 'notifications/tasks/status';
  params: TaskStatusNotificationParams;
}

/** The client has received the result of `initialize`. Only up to 2025-11-25. */
export interface InitializedNotification {
  method: 'notifications/initialized';
  params?: NotificationParams;
}

/** The list of the client's roots changed. Only up to 2025-11-25. */
export interface RootsListChangedNotification {
  method: 'notifications/roots/list_changed';
  params?: NotificationParams;
}

/** A notification from a client. */
export type ClientNotification =
  CancelledNotification | ProgressNotification | InitializedNotification | RootsListChangedNotification;

/** A notification from a server. `method` is the discriminant. */
export type ServerNotification =
  | CancelledNotification
  | ProgressNotification
  | LoggingMessageNotification
  | ResourceUpdatedNotification
  | ResourceListChangedNotification
  | PromptListChangedNotification
  | ToolListChangedNotification
  | SubscriptionsAcknowledgedNotification
  | ElicitationCompleteNotification
  | TaskStatusNotification;
