import type { RequestId } from '../messages/json-rpc.js';
import type { LoggingLevel, NotificationMetaObject, ProgressToken } from './base.js';
import type { SubscriptionsAcknowledgedNotification } from './subscriptions.js';
import type { Task } from './tasks.js';

/** The parameters that every notification may have. */
export interface NotificationParams {
  _meta?: NotificationMetaObject;
}

/** Which request is called off. */
export interface CancelledNotificationParams extends NotificationParams {
  requestId: RequestId;
  reason?: string;
}

/**
 * Calls a request off. In 2026-07-28 clients send it on stdio only, and servers only to end a `subscriptions/listen`; before that
 * either side may call off any request but `initialize`. 2026-07-28 basic/patterns/cancellation.
 */
export interface CancelledNotification {
  method: 'notifications/cancelled';
  params: CancelledNotificationParams;
}

/** How far a request is. */
export interface ProgressNotificationParams extends NotificationParams {
  progressToken: ProgressToken;
  /** It grows from one notification to the next. */
  progress: number;
  /** Where it ends, when that is known. */
  total?: number;
  /** Since 2025-03-26. */
  message?: string;
}

/** Tells how far a request is. 2026-07-28 basic/patterns/progress. */
export interface ProgressNotification {
  method: 'notifications/progress';
  params: ProgressNotificationParams;
}

/** A line in a server's log. */
export interface LoggingMessageNotificationParams extends NotificationParams {
  level: LoggingLevel;
  /** The part of the server that speaks. */
  logger?: string;
  /** A text or any other JSON value. */
  data: unknown;
}

/** A server logs something. 2026-07-28 server/utilities/logging. */
export interface LoggingMessageNotification {
  method: 'notifications/message';
  params: LoggingMessageNotificationParams;
}

/** Which resource changed. */
export interface ResourceUpdatedNotificationParams extends NotificationParams {
  /** The resource that was subscribed to, or one below it. */
  uri: string;
}

/** A resource changed that was subscribed to. 2026-07-28 server/resources. */
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

/** Which question to the user has been answered outside of the protocol. */
export interface ElicitationCompleteNotificationParams extends NotificationParams {
  elicitationId: string;
}

/** The user has finished what a URL elicitation sent them to. Only in 2025-11-25. 2025-11-25 client/elicitation. */
export interface ElicitationCompleteNotification {
  method: 'notifications/elicitation/complete';
  params: ElicitationCompleteNotificationParams;
}

/** The state that a task is in now. */
export type TaskStatusNotificationParams = NotificationParams & Task;

/** A task went on. Only in 2025-11-25. 2025-11-25 basic/utilities/tasks. */
export interface TaskStatusNotification {
  method: 'notifications/tasks/status';
  params: TaskStatusNotificationParams;
}

/** The client has read the answer to `initialize`. Only up to 2025-11-25. */
export interface InitializedNotification {
  method: 'notifications/initialized';
  params?: NotificationParams;
}

/** The list of the client's roots changed. Only up to 2025-11-25. */
export interface RootsListChangedNotification {
  method: 'notifications/roots/list_changed';
  params?: NotificationParams;
}

/** What a client may tell a server. */
export type ClientNotification =
  CancelledNotification | ProgressNotification | InitializedNotification | RootsListChangedNotification;

/** What a server may tell a client. `method` says which it is. */
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
