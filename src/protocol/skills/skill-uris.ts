/** The end of the URI of a skill. */
const MAIN_FILE = '/SKILL.md';

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** Characters that separate names or are invisible. */
// eslint-disable-next-line no-control-regex -- a name must not contain them
const UNSAFE = /[/\\\u0000-\u001f\u007f]/;

/** `./` at the beginning of a relative path. */
const CURRENT_FOLDER = /^(?:\.\/)+/;

/**
 * The root of a skill: the URI of its `SKILL.md` without `/SKILL.md`; undefined if the URI cannot be that of a skill. All schemes count alike.
 * SEP-2640, "Resource Mapping".
 */
export function skillRoot(uri: string): string | undefined {
  const scheme = SCHEME.exec(uri)?.[0];
  if (scheme === undefined || !uri.endsWith(MAIN_FILE)) return undefined;
  const root = uri.slice(0, -MAIN_FILE.length);
  // The authority of `file:///skills/a/SKILL.md` is empty.
  return decodedPath(root.slice(scheme.length).replace(/^\//, '')) === undefined ? undefined : root;
}

/** The name that the root of a skill ends with. */
export function nameInRoot(root: string): string {
  return root.slice(root.lastIndexOf('/') + 1);
}

/** The path of a file below the root of its skill, without percent-encoding; undefined if the URI is not inside of the skill. */
export function pathInSkill(root: string, uri: string): string | undefined {
  return uri.startsWith(`${root}/`) ? decodedPath(uri.slice(root.length + 1)) : undefined;
}

/** A relative path without `./` at its beginning; undefined if it is absolute or leads out of its folder. SEP-2640, "Relative References". */
export function relativePath(given: string): string | undefined {
  const path = given.replace(CURRENT_FOLDER, '');
  return !SCHEME.test(path) && path.split('/').every(isName) ? path : undefined;
}

/** The URI of the file with this path, which is not percent-encoded; undefined if the path contains half a surrogate pair. */
export function uriInSkill(root: string, path: string): string | undefined {
  try {
    return `${root}/${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`;
  } catch {
    return undefined;
  }
}

/** The decoded path; undefined if it has an empty segment, one that leads out of its folder, a query or a fragment. */
function decodedPath(path: string): string | undefined {
  const segments = /[?#]/.test(path) ? [] : path.split('/').map(decoded);
  return segments.length > 0 && segments.every(isName) ? segments.join('/') : undefined;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Whether a text is the name of one file or folder. */
function isName(segment: string | undefined): boolean {
  return segment !== undefined && segment !== '' && segment !== '.' && segment !== '..' && !UNSAFE.test(segment);
}
