/** What a Mermaid text declares. Written without a look at what wrote the text, from Mermaid's own grammar of state diagrams. */
export interface ReadDiagram {
  readonly states: ReadonlyMap<string, ReadState>;
  readonly arrows: readonly ReadArrow[];
}

export interface ReadState {
  readonly name: string;
  /** The id of the state around it. */
  readonly parent: string | undefined;
  /** Its further lines, joined by spaces. */
  readonly text: string;
}

export interface ReadArrow {
  readonly from: string;
  readonly to: string;
  /** The lines of its label. */
  readonly labels: readonly string[];
  /** The id of the state inside of which it is written. */
  readonly within: string | undefined;
}

const id = '[A-Za-z][A-Za-z0-9_]*';
/** The grammar ends a text at a colon, a semicolon or the line's end; braces, quotes, `#` and `%%` would mean something else. */
const text = '(?:<br/>|[^\\s:;"<>{}#%](?:[^:;"<>{}#%\\n]*[^\\s:;"<>{}#%])?)+';
const forms = {
  open: new RegExp(`^state "(${text})" as (${id}) \\{$`),
  state: new RegExp(`^state "(${text})" as (${id})$`),
  line: new RegExp(`^(${id}) : (${text})$`),
  arrow: new RegExp(`^(${id}|\\[\\*\\]) --> (${id}|\\[\\*\\])(?: : (${text}))?$`),
};

/**
 * Reads the part of `stateDiagram-v2` that is enough for charts.
 *
 * @throws Error with line and number for whatever is not valid: an unknown form, an id that is declared twice or never, a
 * brace without partner, a region outside of a state, lines of text in a state that has states inside
 */
export function readMermaid(source: string): ReadDiagram {
  const states = new Map<string, { name: string; parent: string | undefined; text: string }>();
  const arrows: ReadArrow[] = [];
  const around: string[] = [];
  const groups = new Set<string>();
  const [head, ...lines] = source.split('\n');
  if (head !== 'stateDiagram-v2') throw new Error(`line 1: ${head ?? ''}`);
  if (lines.pop() !== '') throw new Error('the last line has no end');

  lines.forEach((raw, index) => {
    const line = raw.trim();
    const within = around.at(-1);
    const fail = (why: string): never => {
      throw new Error(`line ${index + 2}: ${line}: ${why}`);
    };
    const declare = (name: string, state: string): void => {
      if (states.has(state)) fail('declared twice');
      states.set(state, { name, parent: within, text: '' });
    };
    const [, openName, openId] = forms.open.exec(line) ?? [];
    const [, name, stateId] = forms.state.exec(line) ?? [];
    const [, described, description] = forms.line.exec(line) ?? [];
    const [, from, to, label] = forms.arrow.exec(line) ?? [];
    if (openName !== undefined && openId !== undefined) {
      declare(openName, openId);
      groups.add(openId);
      around.push(openId);
    } else if (name !== undefined && stateId !== undefined) declare(name, stateId);
    else if (described !== undefined && description !== undefined) {
      const state = states.get(described) ?? fail('not declared before');
      if (groups.has(described)) fail('a state with states inside has no lines of its own');
      state.text = `${state.text} ${description}`.trim();
    } else if (from !== undefined && to !== undefined) {
      if (from === '[*]' && to === '[*]') fail('from nowhere to nowhere');
      arrows.push({ from, to, labels: label?.split('<br/>') ?? [], within });
    } else if (line === '}') {
      if (around.pop() === undefined) fail('closes nothing');
    } else if (line === '--') {
      if (within === undefined) fail('regions need a state around them');
    } else fail('not a form of a state diagram');
  });

  if (around.length > 0) throw new Error(`never closed: ${around.join(', ')}`);
  for (const { from, to } of arrows) {
    for (const end of [from, to])
      if (end !== '[*]' && !states.has(end)) throw new Error(`${from} --> ${to}: ${end} is not declared`);
  }
  return { states, arrows };
}
