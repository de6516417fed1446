import type { ToolFilter } from '../config/types.js';

/** Whether the entry of a server allows to use a tool. `exclude` wins. */
export function isAllowed(name: string, { include, exclude }: ToolFilter = {}): boolean {
  return (include === undefined || include.includes(name)) && exclude?.includes(name) !== true;
}
