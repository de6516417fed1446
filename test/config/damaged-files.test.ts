import { inspect } from 'node:util';

import { allFixtures, FIXTURES, textOf } from './support/fixtures.js';
import { LINUX, load } from './support/machine.js';

/** A generator of numbers in [0, 1), so that each run makes the same files. Mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\n',
  '\0',
  '#',
  '&a',
  '*a',
  '=',
  'null',
  '-',
  '\ud800',
  '${',
  '__proto__',
  '1e999',
];

/** Damages a text in one to three places: cuts, deletes, doubles, inserts, or swaps values. */
function damage(text: string, next: () => number): string {
  const at = (length: number): number => Math.floor(next() * length);
  let damaged = text;
  for (let times = at(3); times >= 0; times -= 1) {
    const from = at(damaged.length);
    const to = Math.min(from + 1 + at(40), damaged.length);
    const piece = PIECES[at(PIECES.length)] ?? '';
    damaged =
      [
        () => damaged.slice(0, from),
        () => damaged.slice(0, from) + damaged.slice(to),
        () => damaged.slice(0, to) + damaged.slice(from),
        () => damaged.slice(0, from) + piece + damaged.slice(from),
        () => damaged.replace(/(:\s*)(?:"[^"]*"|\d+|true)/, `$1${piece === '"' ? '[]' : '{"x":[1]}'}`),
      ][at(5)]?.() ?? damaged;
  }
  return damaged;
}

it('1 000 damaged files of all programs never throw, and give entries or a problem with file and line', async () => {
  const next = random(14);
  let withProblems = 0;
  let withNothing = 0;
  for (let index = 0; index < 1_000; index += 1) {
    const fixture = FIXTURES[index % FIXTURES.length];
    if (fixture === undefined) throw new Error('no fixture');
    const text = damage(textOf(fixture.file), next);
    const env = { TOKEN: 'marker-token', MCP_INPUT_PERPLEXITY_KEY: 'marker-input' };
    const { servers, hidden, problems } = await load({ [fixture.linux]: text }, { env });
    // Some damage removes the servers and leaves a valid file, such as a rename of "mcpServers".
    if (servers.size === 0 && problems.length === 0) withNothing += 1;
    for (const { file, line, message, level } of problems) {
      expect(file).toMatch(/^\/home\/ada\//);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(text.split('\n').length + 1);
      expect(message).not.toBe('');
      if (level === 'error') withProblems += 1;
    }
    for (const server of [...servers.values(), ...hidden]) {
      const isBroken = server.problems.some(({ level }) => level === 'error');
      expect(server.target === undefined).toBe(isBroken);
    }
    expect(inspect([servers, hidden, problems], { depth: 9 }) + JSON.stringify([...servers.values()])).not.toContain(
      'marker-',
    );
  }
  expect(withProblems).toBeGreaterThan(300);
  expect(withNothing).toBeLessThan(60);
}, 300_000);

it.each([
  ['.mcp.json', '['.repeat(100_000)],
  ['.mcp.json', '{"mcpServers":'.repeat(50_000)],
  ['~/.config/goose/config.yaml', `extensions: ${'['.repeat(20_000)}`],
  [
    '~/.config/goose/config.yaml',
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n',
  ],
  ['~/.codex/config.toml', `a = ${'['.repeat(50_000)}`],
])('%s that is nested too deeply or grows without end is a problem', async (file, text) => {
  const { servers, problems } = await load({ [file]: text });
  expect(servers.size).toBe(0);
  expect(problems).toMatchObject([{ code: 'syntax', level: 'error' }]);
});

it('a file that cannot be read is a problem, and the others are read', async () => {
  const files = {
    read: async (file: string) => {
      if (file.endsWith('/.cursor/mcp.json')) throw Object.assign(new Error('denied'), { code: 'EACCES' });
      return file.endsWith('/.claude.json') ? '{ "mcpServers": { "a": { "command": "a" } } }' : undefined;
    },
    exists: async () => true,
  };
  const { servers, problems } = await load({}, { files });
  expect([...servers.keys()]).toEqual(['a']);
  expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    'file-unreadable: the file cannot be read (EACCES)',
    'file-unreadable: the file cannot be read (EACCES)',
  ]);
});

it('a server with the name __proto__ is only a server', async () => {
  const { servers } = await load({
    '.mcp.json': '{ "mcpServers": { "__proto__": { "command": "a", "env": { "__proto__": "x" } } } }',
  });
  expect(servers.get('__proto__')?.target).toMatchObject({ command: 'a' });
  expect(({} as { command?: unknown }).command).toBeUndefined();
  expect(Object.keys(allFixtures(LINUX)).length).toBeGreaterThan(10);
});
