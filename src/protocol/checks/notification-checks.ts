import { decimalNumber } from '../../util/decimal-text.js';
import { isRequestId } from '../messages/json-rpc.js';
import type { Check, CheckProblem } from './problem.js';
import {
  isObject,
  isOptionalBoolean,
  isOptionalNumber,
  isOptionalObject,
  isOptionalString,
  leavingOut,
  optionalArrayProblem,
  optionalProblem,
  problem,
  stringProblem,
} from './problem.js';
import { subscriptionIdProblem } from './result-checks.js';
import type {
  CancelledNotificationParams,
  ElicitationCompleteNotificationParams,
  LoggingLevel,
  LoggingMessageNotificationParams,
  NotificationParams,
  ProgressNotificationParams,
  ResourceUpdatedNotificationParams,
  SubscriptionsAcknowledgedNotificationParams,
} from '../schema/index.js';

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
  const { progress, total } = value;
  if (typeof progress !== 'number') return asDecimal(problem('progress', 'a number', progress), 'progress', progress);
  if (!isOptionalNumber(total)) return asDecimal(optionalProblem('total', 'a number', total), 'total', total);
  if (!isOptionalString(value.message)) return optionalProblem('message', 'a string', value.message);
  return metaProblem(value._meta);
};

/** The same problem, cured by the number where the field has the decimal text of one. */
function asDecimal(found: CheckProblem, field: string, given: unknown): CheckProblem {
  const number = decimalNumber(given);
  return number === undefined ? found : { ...found, repair: { at: [field], value: number } };
}

/** Checks the parameters of `notifications/cancelled`. 2026-07-28 basic/patterns/cancellation. */
export const checkCancelledParams: Check<CancelledNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (!isRequestId(value.requestId)) return problem('requestId', 'a string or an integer', value.requestId);
  if (!isOptionalString(value.reason)) return optionalProblem('reason', 'a string', value.reason);
  return metaProblem(value._meta);
};

/** Checks the parameters of `notifications/message`. 2026-07-28 server/utilities/logging. */
export const checkLoggingMessageParams: Check<LoggingMessageNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  const { level, data } = value;
  if (!isLoggingLevel(level)) {
    return { ...problem('level', 'a log level', level), repair: { at: ['level'], value: nearestLevel(level) } };
  }
  // `null` is a value like any other here.
  if (data === undefined) return { ...problem('data', 'a value', data), repair: { at: ['data'], value: null } };
  if (!isOptionalString(value.logger)) return optionalProblem('logger', 'a string', value.logger);
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
    return optionalProblem('notifications.toolsListChanged', 'a boolean', toolsListChanged);
  }
  if (!isOptionalBoolean(promptsListChanged)) {
    return optionalProblem('notifications.promptsListChanged', 'a boolean', promptsListChanged);
  }
  if (!isOptionalBoolean(resourcesListChanged)) {
    return optionalProblem('notifications.resourcesListChanged', 'a boolean', resourcesListChanged);
  }
  const found = optionalArrayProblem('notifications.resourceSubscriptions', resourceSubscriptions, stringProblem);
  return found === undefined ? metaProblem(value._meta) : leavingOut(found, 'notifications', 'resourceSubscriptions');
};

/** Checks the parameters of `notifications/elicitation/complete`. 2025-11-25 client/elicitation. */
export const checkElicitationCompleteParams: Check<ElicitationCompleteNotificationParams> = (value) => {
  if (!isObject(value)) return problem('', 'an object', value);
  if (typeof value.elicitationId !== 'string') return problem('elicitationId', 'a string', value.elicitationId);
  return metaProblem(value._meta);
};

function metaProblem(meta: unknown): CheckProblem | undefined {
  return isOptionalObject(meta) ? subscriptionIdProblem(meta) : optionalProblem('_meta', 'an object', meta);
}

/** Whether a value is one of the eight levels, which are those of RFC 5424. 2026-07-28 server/utilities/logging. */
export function isLoggingLevel(value: unknown): value is LoggingLevel {
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

/** The levels of other systems of logging, in their own words. */
const OTHER_LEVELS: ReadonlyMap<string, LoggingLevel> = new Map([
  ['trace', 'debug'],
  ['verbose', 'debug'],
  ['information', 'info'],
  ['warn', 'warning'],
  ['err', 'error'],
  ['crit', 'critical'],
  ['fatal', 'critical'],
  ['panic', 'emergency'],
  ['emerg', 'emergency'],
]);

/** The level that another word means. An unknown one is read as `info`. */
function nearestLevel(level: unknown): LoggingLevel {
  const word = typeof level === 'string' ? level.trim().toLowerCase() : '';
  return isLoggingLevel(word) ? word : (OTHER_LEVELS.get(word) ?? 'info');
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
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

/** The check of the parameters of a notification; undefined for unknown notifications, whose parameters may be anything. */
export function notificationCheck(method: string): Check | undefined {
  return CHECKS.get(method);
}
