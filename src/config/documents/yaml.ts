import type { Document, Node } from 'yaml';

import { DEEPEST, LineIndex, MOST_VALUES } from './node.js';
import type { ConfigDocument, ConfigNode, DocumentProblem, Position } from './node.js';

/** The parser. It is loaded with the first file. */
const library = () => import('yaml');

type Library = Awaited<ReturnType<typeof library>>;

/** The most aliases of a file. Each is searched for in the whole file. */
const MOST_ALIASES = 200;

/** Reads the first document of a YAML file. Of text with errors it returns the parts that it understands. */
export async function readYaml(text: string): Promise<ConfigDocument> {
  const yaml = await library();
  const lines = new LineIndex(text);
  const [document] = yaml.parseAllDocuments(text, { version: '1.2', uniqueKeys: false, prettyErrors: false });
  if (document === undefined || !('contents' in document)) return { root: undefined, problems: [] };
  const problems = document.errors.map(({ pos }): DocumentProblem => ({
    code: 'syntax',
    message: 'it is not YAML',
    at: lines.at(pos[0]),
  }));
  const { contents } = document as Document.Parsed;
  const converter = new Converter(yaml, document, lines, problems);
  return { root: contents === null ? undefined : converter.convert(contents, undefined, 0), problems };
}

class Converter {
  readonly #yaml: Library;
  readonly #document: Document.Parsed;
  readonly #lines: LineIndex;
  readonly #problems: DocumentProblem[];
  #left = MOST_VALUES;
  #aliasesLeft = MOST_ALIASES;

  constructor(yaml: Library, document: Document.Parsed, lines: LineIndex, problems: DocumentProblem[]) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
    this.#problems = problems;
  }

  convert(node: unknown, key: Position | undefined, depth: number): ConfigNode {
    const yaml = this.#yaml;
    this.#left -= 1;
    // Aliases of aliases can stand for more values than fit into memory.
    if (depth > DEEPEST || this.#left < 0) throw new RangeError('nested too deeply, or too large');
    const at = key ?? this.#placeOf(node);
    if (yaml.isAlias(node)) {
      this.#aliasesLeft -= 1;
      if (this.#aliasesLeft < 0) throw new RangeError('too many aliases');
      const meant = node.resolve(this.#document);
      if (meant !== undefined) return this.convert(meant, at, depth + 1);
      return { kind: 'scalar', at, value: null };
    }
    if (yaml.isSeq(node)) {
      const items = node.items.map((one) => this.convert(one, undefined, depth + 1));
      return { kind: 'list', at, items };
    }
    if (yaml.isScalar(node)) return { kind: 'scalar', at, value: scalar(node.value) };
    const members = new Map<string, ConfigNode>();
    for (const { key: name, value } of yaml.isMap(node) ? node.items : []) {
      if (!yaml.isScalar(name)) continue;
      const text = String(name.value);
      const place = this.#placeOf(name);
      if (members.has(text)) this.#problems.push({ code: 'duplicate-key', message: text, at: place });
      members.set(text, this.convert(value, place, depth + 1));
    }
    if (yaml.isMap(node)) return { kind: 'object', at, members };
    return { kind: 'scalar', at, value: null };
  }

  #placeOf(node: unknown): Position {
    return this.#lines.at((node as Partial<Node> | null)?.range?.[0] ?? 0);
  }
}

function scalar(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : JSON.stringify(value);
}
