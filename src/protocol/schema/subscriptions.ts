import type { RequestId } from '../messages/json-rpc.js';
import type { NotificationMetaObject, ResultFields, ResultMetaObject } from './base.js';
import type { RequestParams } from './request-meta.js';

/** Which changes to be told of. What is absent or false is not sent. 2026-07-28 basic/patterns/subscriptions. */
export interface SubscriptionFilter {
  toolsListChanged?: boolean;
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  /** URIs of the resources to watch. */
  resourceSubscriptions?: string[];
}

/** Which changes a stream shall carry. */
export interface SubscriptionsListenRequestParams extends RequestParams {
  notifications: SubscriptionFilter;
}

/** Opens a stream of change notifications, which lasts until either side ends it. Since 2026-07-28. */
export interface SubscriptionsListenRequest {
  method: 'subscriptions/listen';
  params: SubscriptionsListenRequestParams;
}

/** The `_meta` of the answer that ends a stream: it names the stream. */
export interface SubscriptionsListenResultMetaObject extends ResultMetaObject {
  'io.modelcontextprotocol/subscriptionId': RequestId;
}

/**
 * The answer that ends a stream of changes in good order. The specification demands `_meta`; a server that leaves it out has
 * still ended its stream, since the answer's id says which.
 */
export interface SubscriptionsListenResult extends ResultFields {
  _meta?: SubscriptionsListenResultMetaObject;
}

/** What a server agreed to tell: a subset of what was asked for. */
export interface SubscriptionsAcknowledgedNotificationParams {
  notifications: SubscriptionFilter;
  _meta?: NotificationMetaObject;
}

/** The first notification of a stream. */
export interface SubscriptionsAcknowledgedNotification {
  method: 'notifications/subscriptions/acknowledged';
  params: SubscriptionsAcknowledgedNotificationParams;
}
