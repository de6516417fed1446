import type { RequestId } from '../messages/json-rpc.js';
import type { NotificationMetaObject, ResultFields, ResultMetaObject } from './base.js';
import type { RequestParams } from './request-meta.js';

/** The changes to subscribe to. Absent or false fields are not subscribed. 2026-07-28 basic/patterns/subscriptions. */
export interface SubscriptionFilter {
  toolsListChanged?: boolean;
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  /** URIs of the resources to watch. */
  resourceSubscriptions?: string[];
}

/** The parameters of `subscriptions/listen`. */
export interface SubscriptionsListenRequestParams extends RequestParams {
  notifications: SubscriptionFilter;
}

/** Opens a stream of change notifications that lasts until either side ends it. Since 2026-07-28. */
export interface SubscriptionsListenRequest {
  method: 'subscriptions/listen';
  params: SubscriptionsListenRequestParams;
}

/** The `_meta` of the result that ends a stream: it contains the id of the stream. */
export interface SubscriptionsListenResultMetaObject extends ResultMetaObject {
  'io.modelcontextprotocol/subscriptionId': RequestId;
}

/**
 * The result that ends a stream of change notifications. The specification requires `_meta`; without it the id of the response identifies the stream.
 */
export interface SubscriptionsListenResult extends ResultFields {
  _meta?: SubscriptionsListenResultMetaObject;
}

/** The changes that the server will send: a subset of the requested ones. */
export interface SubscriptionsAcknowledgedNotificationParams {
  notifications: SubscriptionFilter;
  _meta?: NotificationMetaObject;
}

/** The first notification of a stream. */
export interface SubscriptionsAcknowledgedNotification {
  method: 'notifications/subscriptions/acknowledged';
  params: SubscriptionsAcknowledgedNotificationParams;
}
