import { readJson } from './json.js';
import { START } from './node.js';
import type { ConfigDocument, DocumentFormat } from './node.js';
import { readToml } from './toml.js';
import { readYaml } from './yaml.js';

/** Reads a file. Never rejects: a text that defeats the parser has a problem in its first line. */
export async function readDocument(text: string, format: DocumentFormat): Promise<ConfigDocument> {
  try {
    if (format === 'json') return readJson(text);
    return await (format === 'toml' ? readToml(text) : readYaml(text));
  } catch (thrown) {
    const message = thrown instanceof RangeError ? 'it is nested too deeply, or too large' : 'it cannot be parsed';
    return { root: undefined, problems: [{ code: 'syntax', message, at: START }] };
  }
}

/** The syntax of a file with this name. */
export function formatOf(file: string): DocumentFormat {
  if (/\.toml$/i.test(file)) return 'toml';
  return /\.ya?ml$/i.test(file) ? 'yaml' : 'json';
}
