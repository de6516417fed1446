import { member, plain } from './documents/node.js';
import type { ConfigNode, ObjectNode } from './documents/node.js';
import { inputVariable } from './entries/resolve.js';
import { shown } from './entries/describe.js';
import { variable } from './place.js';
import type { Place } from './place.js';
import type { ConfigInput, LoadServersOptions } from './types.js';

/** The inputs of one file of VS Code. Each is asked for once. */
export class Inputs {
  readonly #inputs: ReadonlyMap<string, ConfigInput>;
  readonly #place: Place;
  readonly #ask: LoadServersOptions['input'];
  readonly #asked = new Map<string, Promise<string | undefined>>();

  constructor(root: ObjectNode, place: Place, ask: LoadServersOptions['input']) {
    const list = member(root, 'inputs');
    const inputs = list?.kind === 'list' ? list.items.flatMap((node) => inputOf(node) ?? []) : [];
    this.#inputs = new Map(inputs.map((input) => [input.id, input]));
    this.#place = place;
    this.#ask = ask;
  }

  /**
   * The value of an input; undefined for none.
   * @param mayAsk whether the user may be asked
   */
  async value(id: string, mayAsk: boolean): Promise<string | undefined> {
    const input = this.#inputs.get(id) ?? { id, password: true };
    const set = variable(this.#place, inputVariable(id));
    if (set !== undefined) return set;
    if (!mayAsk || this.#ask === undefined) return (await this.#asked.get(id)) ?? input.default;
    const asked = this.#asked.get(id) ?? this.#ask(input);
    this.#asked.set(id, asked);
    return asked;
  }
}

function inputOf(node: ConfigNode): ConfigInput[] | undefined {
  if (node.kind !== 'object') return undefined;
  const { id, description, password, default: preset, options } = plain(node) as Record<string, unknown>;
  if (typeof id !== 'string') return undefined;
  const texts = Array.isArray(options) ? options.flatMap((one: unknown) => optionOf(one) ?? []) : [];
  return [
    {
      id,
      password: password === true,
      ...(typeof description === 'string' && { description: shown(description) }),
      ...(typeof preset === 'string' && { default: preset }),
      ...(texts.length > 0 && { options: texts }),
    },
  ];
}

/** A text, or an object with a label and a value. */
function optionOf(option: unknown): string | undefined {
  if (typeof option === 'string') return option;
  const { value } = (option ?? {}) as { value?: unknown };
  return typeof value === 'string' ? value : undefined;
}
