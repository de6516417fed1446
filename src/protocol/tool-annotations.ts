import type { ToolAnnotations } from './schema/index.js';

/** Whether a repeated call of the tool with the same arguments has no further effect, by its annotations. 2026-07-28 server/tools. */
export function isRepeatable(annotations: ToolAnnotations | undefined): boolean {
  return annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
}

/** Whether the tool may delete or overwrite data, by its annotations. Without annotations it may. 2026-07-28 server/tools. */
export function isDestructive(annotations: ToolAnnotations | undefined): boolean {
  return annotations?.readOnlyHint !== true && annotations?.destructiveHint !== false;
}
