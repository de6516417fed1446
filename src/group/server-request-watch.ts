import type { MCPConnectionOptions } from '../api/options/mcp-connection-options.js';

/** A function that handles server requests, or a value that is checked later. */
type Handler = (...args: never[]) => unknown;

/**
 * The options of a connection with handlers that report their begin and end, so that a server does not sleep while one of its requests is open.
 */
export function watchServerRequests(
  options: MCPConnectionOptions,
  count: (event: 'begin' | 'end') => void,
): MCPConnectionOptions {
  const watched = <Value>(value: Value): Value => {
    if (typeof value !== 'function') return value;
    const handler = value as unknown as Handler;
    const counted = async (...args: never[]): Promise<unknown> => {
      count('begin');
      try {
        return await handler(...args);
      } finally {
        count('end');
      }
    };
    return counted as unknown as Value;
  };
  const members = <Value>(value: Value, names: readonly string[]): Value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return watched(value);
    const given = value as Readonly<Record<string, unknown>>;
    const handlers = names.flatMap((name) => {
      const handler = given[name];
      return typeof handler === 'function' ? [[name, watched(handler.bind(value) as unknown)] as const] : [];
    });
    // An instance of a class has its handlers in its prototype.
    const isPlain = Object.getPrototypeOf(value) === Object.prototype;
    if (isPlain) return { ...value, ...Object.fromEntries(handlers) };
    const own = handlers.map(([name, handler]) => [name, { value: handler, enumerable: true }] as const);
    return Object.create(value, Object.fromEntries(own)) as Value;
  };
  const { sampling, elicitation, roots } = options;
  return {
    ...options,
    ...(sampling !== undefined && { sampling: members(sampling, ['createMessage']) }),
    ...(elicitation !== undefined && { elicitation: members(elicitation, ['form', 'url']) }),
    ...(roots !== undefined && { roots: watched(roots) }),
  };
}
