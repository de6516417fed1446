const LABEL = '[a-z](?:[a-z0-9-]*[a-z0-9])?';
const IDENTIFIER = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})*/[a-z0-9](?:[\w.-]*[a-z0-9])?$`, 'i');
/** Longer than any real name, and short enough for the pattern. */
const LONGEST_IDENTIFIER = 256;

/**
 * Whether a text may name an extension: labels with dots between them, a slash and a name, such as `io.modelcontextprotocol/ui`.
 * 2026-07-28 basic/versioning; the rules are those for keys of `_meta`, and the prefix is mandatory.
 */
export function isExtensionIdentifier(identifier: string): boolean {
  return identifier.length <= LONGEST_IDENTIFIER && IDENTIFIER.test(identifier);
}
