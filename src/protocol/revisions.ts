/** A revision of the Model Context Protocol that this client supports. */
export type MCPProtocolVersion = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28';

/** Revisions with the `initialize` handshake, oldest first. */
export const LEGACY_REVISIONS = [
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
] as const satisfies readonly MCPProtocolVersion[];

/** Revisions in which every request carries its metadata, oldest first. */
export const MODERN_REVISIONS = ['2026-07-28'] as const satisfies readonly MCPProtocolVersion[];

/**
 * `modern`: revision 2026-07-28 and later, no handshake. `legacy`: 2025-11-25 and before, `initialize` first.
 * 2026-07-28 basic/versioning.
 */
export type Era = 'modern' | 'legacy';

/** The revision that is offered first in the handshake. */
export const LATEST_LEGACY: MCPProtocolVersion = '2025-11-25';

/** The era of a revision, or undefined when this client does not know it. An unknown later date is not supported. */
export function eraOf(version: string): Era | undefined {
  if ((MODERN_REVISIONS as readonly string[]).includes(version)) return 'modern';
  return (LEGACY_REVISIONS as readonly string[]).includes(version) ? 'legacy' : undefined;
}

/** The newest of `candidates` that is in `ours`, or undefined. Both are lists of revisions, which sort by date. */
export function newestShared(ours: readonly string[], candidates: readonly unknown[]): MCPProtocolVersion | undefined {
  return ours.filter((version) => candidates.includes(version)).at(-1) as MCPProtocolVersion | undefined;
}
