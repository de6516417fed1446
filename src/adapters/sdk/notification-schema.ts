import type { ResultSchema } from '../../api/options/call-options.js';
import { invalidOption } from '../../option-checks.js';
import { isObject } from '../../protocol/checks/problem.js';

/** A notification, as handlers of the official client receive it. */
export interface SdkNotification {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** A schema of version 1 of the official client, such as `ToolListChangedNotificationSchema`: an object with a literal `method`. */
export interface SdkNotificationSchema<Notification> extends ResultSchema<Notification> {
  /** The properties of the object, of which `method` is a literal. */
  readonly shape: object;
}

/** The method of a notification, from its name or from a schema of zod 3 or 4. */
export function methodOf(schemaOrMethod: unknown): string {
  if (typeof schemaOrMethod === 'string') return schemaOrMethod;
  const shape = isObject(schemaOrMethod) ? schemaOrMethod.shape : undefined;
  const literal = isObject(shape) && isObject(shape.method) ? shape.method.value : undefined;
  if (typeof literal === 'string') return literal;
  throw invalidOption('notificationSchema', 'a method, or a schema with a literal `method`', schemaOrMethod);
}
