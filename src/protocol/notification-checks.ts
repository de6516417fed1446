import { decimalNumber } from './decimal-text.js';
import { isRequestId } from './json-rpc.js';
import type { Params } from './json-rpc.js';
import type { Check, CheckProblem } from './checks/problem.js';
import {
  isObject,
  isOptionalBoolean,
  isOptionalNumber,
  isOptionalObject,
  isOptionalString,
  optionalArrayProblem,
  problem,
  stringProblem,
} from './checks/problem.js';
import { subscriptionIdProblem } from './result-checks.js';
import type {
  CancelledNotificationParams,
  ElicitationCompleteNotificationParams,
  LoggingMessageNotificationParams,
  NotificationParams,
  ProgressNotificationParams,
  ResourceUpdatedNotificationParams,
  SubscriptionsAcknowledgedNotificationParams,
} from './schema/index.js';

// Checks of the `params` of those notifications that a client acts on.

/** Checks the parameters of the three `list_changed` notifications, which may be missing. 2026-07-28 server/tools, server/prompts, server/resources. */
export const checkListChangedParams: Check<NotificationParams | undefined> = (value) => {
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? metaProblem(value._meta) : problem('', 'an object', value);
};

/** Checks the parameters of `notifications/progress`. 2026-07-28 basic/patterns/progress. */
export const checkProgressParams: Check<ProgressNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (!isRequestId(value.progressToken)) return problem('progressToken', 'a string or an integer', value.progressToken);
  if (typeof value.progress !== 'number') return problem('progress', 'a number', value.progress);
  if (!isOptionalNumber(value.total)) return problem('total', 'a number', value.total);
  if (!isOptionalString(value.message)) return problem('message', 'a string', value.message);
  return metaProblem(value._meta);
};

/** Checks the parameters of `notifications/cancelled`. 2026-07-28 basic/patterns/cancellation. */
export const checkCancelledParams: Check<CancelledNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (!isRequestId(value.requestId)) return problem('requestId', 'a string or an integer', value.requestId);
  if (!isOptionalString(value.reason)) return problem('reason', 'a string', value.reason);
  return metaProblem(value._meta);
};

/** Checks the parameters of `notifications/message`. 2026-07-28 server/utilities/logging. */
export const checkLoggingMessageParams: Check<LoggingMessageNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (!isLoggingLevel(value.level)) return problem('level', 'a log level', value.level);
  // `null` is a value like any other here.
  if (value.data === undefined) return problem('data', 'a value', value.data);
  if (!isOptionalString(value.logger)) return problem('logger', 'a string', value.logger);
  return metaProblem(value._meta);
};

/** Checks the parameters of `notifications/resources/updated`. 2026-07-28 server/resources. */
export const checkResourceUpdatedParams: Check<ResourceUpdatedNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.uri !== 'string') return problem('uri', 'a string', value.uri);
  return metaProblem(value._meta);
};

/** Checks the parameters of `notifications/subscriptions/acknowledged`. 2026-07-28 basic/patterns/subscriptions. */
export const checkSubscriptionsAcknowledgedParams: Check<SubscriptionsAcknowledgedNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const { notifications } = value;
  if (!isObject(notifications)) return problem('notifications', 'an object', notifications);
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions } = notifications;
  if (!isOptionalBoolean(toolsListChanged)) {
    return problem('notifications.toolsListChanged', 'a boolean', toolsListChanged);
  }
  if (!isOptionalBoolean(promptsListChanged)) {
    return problem('notifications.promptsListChanged', 'a boolean', promptsListChanged);
  }
  if (!isOptionalBoolean(resourcesListChanged)) {
    return problem('notifications.resourcesListChanged', 'a boolean', resourcesListChanged);
  }
  return (
    optionalArrayProblem('notifications.resourceSubscriptions', resourceSubscriptions, stringProblem) ??
    metaProblem(value._meta)
  );
};

/** Checks the parameters of `notifications/elicitation/complete`. 2025-11-25 client/elicitation. */
export const checkElicitationCompleteParams: Check<ElicitationCompleteNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.elicitationId !== 'string') return problem('elicitationId', 'a string', value.elicitationId);
  return metaProblem(value._meta);
};

function metaProblem(meta: unknown): CheckProblem | undefined {
  return isOptionalObject(meta) ? subscriptionIdProblem(meta) : problem('_meta', 'an object', meta);
}

/** Whether a value is one of the eight levels, which are those of RFC 5424. 2026-07-28 server/utilities/logging. */
export function isLoggingLevel(value: unknown): boolean {
  switch (value) {
    case 'debug':
    case 'info':
    case 'notice':
    case 'warning':
    case 'error':
    case 'critical':
    case 'alert':
    case 'emergency':
      return true;
    default:
      return false;
  }
}

const CHECKS: ReadonlyMap<string, (params: unknown) => CheckProblem | undefined> = new Map([
  ['notifications/progress', checkProgressParams],
  ['notifications/cancelled', checkCancelledParams],
  ['notifications/message', checkLoggingMessageParams],
  ['notifications/resources/updated', checkResourceUpdatedParams],
  ['notifications/subscriptions/acknowledged', checkSubscriptionsAcknowledgedParams],
  ['notifications/elicitation/complete', checkElicitationCompleteParams],
  ['notifications/tools/list_changed', checkListChangedParams],
  ['notifications/prompts/list_changed', checkListChangedParams],
  ['notifications/resources/list_changed', checkListChangedParams],
]);

/** What is wrong with the parameters of a notification; those of unknown notifications may be anything. */
export function notificationProblem(method: string, params: unknown): CheckProblem | undefined {
  return CHECKS.get(method)?.(params);
}

/**
 * The parameters of a notification without what the client does not act on and cannot read, and with numbers in place of their decimal text.
 * What is left may still be wrong.
 */
export function paramsReadLeniently(method: string, params: Params | undefined): Params | undefined {
  if (params === undefined) return undefined;
  const { _meta, ...others } = params;
  const read = _meta === undefined || isObject(_meta) ? params : others;
  const { progress, total, message, reason } = read;
  switch (method) {
    case 'notifications/progress':
      return {
        ...read,
        progress: decimalNumber(progress) ?? progress,
        total: decimalNumber(total),
        message: typeof message === 'string' ? message : undefined,
      };
    case 'notifications/cancelled':
      return { ...read, reason: typeof reason === 'string' ? reason : undefined };
    default:
      return read;
  }
}
