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
  const members = <Value>(value: Value): Value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return watched(value);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, watched(one as unknown)])) as Value;
  };
  const { sampling, elicitation, roots } = options;
  return {
    ...options,
    ...(sampling !== undefined && { sampling: members(sampling) }),
    ...(elicitation !== undefined && { elicitation: members(elicitation) }),
    ...(roots !== undefined && { roots: watched(roots) }),
  };
}
