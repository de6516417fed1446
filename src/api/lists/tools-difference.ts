import { isSameJson } from '../../util/json-values.js';
import type { MCPTool } from '../../protocol/schema/index.js';

/** The difference between two lists of tools. */
export interface ToolsDifference {
  /** The new tools. */
  readonly tools: readonly MCPTool[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The names of tools whose definitions have changed. */
  readonly changed: readonly string[];
}

/** Compares two lists of tools by name and definition. */
export function differenceOf(before: readonly MCPTool[], now: readonly MCPTool[]): ToolsDifference {
  const old = new Map(before.map((tool) => [tool.name, tool]));
  const names = new Set(now.map(({ name }) => name));
  return {
    tools: now,
    added: now.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removed: before.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    changed: now.filter((tool) => old.has(tool.name) && !isSameJson(old.get(tool.name), tool)).map(({ name }) => name),
  };
}

/** Whether anything differs. */
export function isDifferent({ added, removed, changed }: ToolsDifference): boolean {
  return added.length + removed.length + changed.length > 0;
}
