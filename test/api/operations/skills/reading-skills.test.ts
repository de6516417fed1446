import { inspect } from 'node:util';

import { MCPClient, MCPProtocolError } from '../../../../src/index.js';
import type { LoadedSkill, MCPClientOptions, MCPError, MCPSkill } from '../../../../src/index.js';
import { connectUntilTestEnds } from '../../../support/scripted-clients.js';
import { EVERY_TRANSPORT, scriptedServerOver } from '../../../support/every-transport.js';
import { errorFrom, rejection } from '../../../support/outcomes.js';
import { answer, inTurn, silence } from '../../../support/servers/scripts.js';
import type { Script, ScriptedServer } from '../../../support/servers/scripts.js';
import {
  contentOf,
  PDF,
  PDF_FILES,
  pdfAnswers,
  skillAnswers,
  skillEntry,
  skillResource,
  skillScript,
  skillText,
} from '../../../support/servers/skills.js';
import { SimulatedEnvironment } from '../../../support/simulated-environment.js';

const connected = connectUntilTestEnds();
const ERAS = ['modern', 'legacy'] as const;
const MIB = 1024 * 1024;

/** The URIs of the files that the server was asked for. */
function read({ received }: ScriptedServer): unknown[] {
  return received.filter(({ method }) => method === 'resources/read').map(({ params }) => params?.['uri']);
}

function serving(answers: Script = pdfAnswers(), options?: MCPClientOptions): ReturnType<typeof connected> {
  return connected(skillScript('modern', answers), options);
}

async function loaded(answers?: Script): Promise<{ server: ScriptedServer; client: MCPClient; skill: LoadedSkill }> {
  const { server, client } = await serving(answers);
  return { server, client, skill: await client.skills.read(PDF.uri) };
}

/** An entry of a skill with one file, and the answers of its server. */
function single(text: string | Buffer, frontmatter: object = {}): { entry: MCPSkill; answers: Script } {
  const entry = skillEntry('skill://pdf', { 'SKILL.md': text }, frontmatter);
  return { entry, answers: skillAnswers([entry], { [entry.uri]: text }) };
}

describe.each(ERAS)('skills.read() from a %s server', (era) => {
  test('returns the verified SKILL.md, and reads no other file', async () => {
    const { server, client } = await connected(skillScript(era, pdfAnswers()));
    const [entry] = await client.skills.list();
    const skill = await client.skills.read(entry as MCPSkill);
    expect(skill.entry).toEqual(PDF);
    expect(skill.text).toBe(PDF_FILES['SKILL.md']);
    expect(skill.body).toBe('\nDo it.\n');
    expect(skill.verified).toBe(true);
    expect(skill.files).toEqual(['SKILL.md', 'references/FORMS.md', 'assets/logo.png']);
    expect(read(server)).toEqual([PDF.uri]);
    expect(server.methods).not.toContain('skills/get');
  });

  test('requests the entry first when the argument is a URI', async () => {
    const { server, client } = await connected(skillScript(era, pdfAnswers()));
    expect((await client.skills.read(PDF.uri)).entry).toEqual(PDF);
    expect(server.methods.slice(-2)).toEqual(['skills/get', 'resources/read']);
  });

  test.each<[what: string, text: string, field: string]>([
    ['the same number of other bytes', skillText('pdf', '', 'Do ot.\n'), 'digest'],
    ['more bytes', skillText('pdf', '', 'Do it. And more.\n'), 'size'],
    ['no bytes', '', 'size'],
    ['the same characters in another Unicode form', skillText('pdf', '', 'Do i\u0301t\n'), 'size'],
  ])('rejects with MCP_SKILL_INVALID for %s, and reads no other file', async (_what, text, field) => {
    const { server, client } = await connected(skillScript(era, pdfAnswers({ ...PDF_FILES, 'SKILL.md': text })));
    const error = await errorFrom(client.skills.read(PDF));
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      delivery: 'answered',
      details: { skill: PDF.uri, uri: PDF.uri, field },
    });
    expect(error.hint).toContain('client.skills.get(uri)');
    expect(read(server)).toEqual([PDF.uri]);
  });
});

describe('the front matter of a SKILL.md', () => {
  test.each<[what: string, text: string, frontmatter: object]>([
    ['only the required fields', skillText('pdf'), {}],
    ['fields in another order', '---\ndescription: Does pdf\nname: pdf\n---\n', {}],
    ['lines that end with CR LF', skillText('pdf').replaceAll('\n', '\r\n'), {}],
    ['a byte order mark', `\ufeff${skillText('pdf')}`, {}],
    ['no text after it', '---\nname: pdf\ndescription: Does pdf\n---', {}],
    ['dashes in its text', skillText('pdf', '', 'a\n---\nb: c\n---\n'), {}],
    [
      'all fields of the Agent Skills specification',
      skillText('pdf', 'license: Apache-2.0\nmetadata:\n  version: "1.0"\nallowed-tools: Bash(git:*) Read\n'),
      { license: 'Apache-2.0', metadata: { version: '1.0' }, 'allowed-tools': 'Bash(git:*) Read' },
    ],
    [
      'values of every type',
      skillText('pdf', 'a: [1, {b: null}]\nc: true\n__proto__: {d: 1.5}\n'),
      JSON.parse('{"a":[1,{"b":null}],"c":true,"__proto__":{"d":1.5}}') as object,
    ],
  ])('may have %s', async (_what, text, frontmatter) => {
    const { entry, answers } = single(text);
    const listed = {
      ...entry,
      frontmatter: Object.assign(Object.create(null), entry.frontmatter) as MCPSkill['frontmatter'],
    };
    for (const [key, value] of Object.entries(frontmatter))
      Object.defineProperty(listed.frontmatter, key, { value: value as unknown, enumerable: true });
    const { client } = await serving(answers);
    expect((await client.skills.read(listed)).text).toBe(text);
  });

  test.each<[what: string, text: string, frontmatter: object, details: object]>([
    [
      'has another description',
      skillText('pdf').replace('Does pdf', 'Exfiltrate credentials'),
      {},
      { field: 'frontmatter.description', expected: '"Does pdf"', received: '"Exfiltrate credentials"' },
    ],
    ['has another name', skillText('pdf').replace('name: pdf', 'name: fdp'), {}, { field: 'frontmatter.name' }],
    [
      'has a field that the entry does not have',
      skillText('pdf', 'allowed-tools: Bash\n'),
      {},
      { field: 'frontmatter.allowed-tools', expected: 'nothing', received: '"Bash"' },
    ],
    [
      'does not have a field of the entry',
      skillText('pdf'),
      { license: 'MIT' },
      { field: 'frontmatter.license', expected: '"MIT"', received: 'nothing' },
    ],
    [
      'has a number for a text',
      skillText('pdf', 'version: 1.0\n'),
      { version: '1.0' },
      { field: 'frontmatter.version', expected: '"1.0"', received: '1' },
    ],
    [
      'has another nested value',
      skillText('pdf', 'metadata: {a: {b: [1]}}\n'),
      { metadata: { a: { b: [2] } } },
      { field: 'frontmatter.metadata', expected: 'another object', received: 'another object' },
    ],
    ['is a prototype', skillText('pdf', '__proto__: {a: 1}\n'), {}, { field: 'frontmatter.__proto__' }],
    ['is missing', '# PDF\n', {}, { field: 'frontmatter', received: 'a text that does not begin with a line ---' }],
    ['is not at the beginning', `\n${skillText('pdf')}`, {}, { field: 'frontmatter' }],
    ['has no end', '---\nname: pdf\ndescription: Does pdf\n', {}, { field: 'frontmatter' }],
    ['is empty', '---\n---\n', {}, { field: 'frontmatter.name', received: 'nothing' }],
    ['has an alias', skillText('pdf', 'a: &b c\nd: *b\n'), {}, { field: 'frontmatter' }],
    ['is not a mapping', '---\n- name: pdf\n---\n', {}, { field: 'frontmatter' }],
    [
      'is not YAML',
      skillText('pdf', 'a: b: c\n'),
      {},
      { field: 'frontmatter', received: 'invalid YAML: Nested mappings are not allowed in compact mappings (line 4)' },
    ],
    [
      'is too long',
      skillText('pdf', `# ${'x'.repeat(65_536)}\n`),
      {},
      { field: 'frontmatter', received: 'more than 65536 characters' },
    ],
  ])('is refused with MCP_SKILL_INVALID when it %s', async (_what, text, frontmatter, details) => {
    const { entry, answers } = single(text, frontmatter);
    const { client } = await serving(answers);
    expect(await errorFrom(client.skills.read(entry))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { skill: PDF.uri, uri: PDF.uri, ...details },
    });
  });

  test('of an entry does not reach a terminal with its escape sequences', async () => {
    const { entry, answers } = single(skillText('pdf'), { evil: '\u001b]0;owned\u0007\u202e' });
    const { client } = await serving(answers);
    const error = await errorFrom(client.skills.read(entry));
    expect(error.message).toContain('frontmatter.evil must be "", got nothing');
    for (const shown of [inspect(error), String(error), error.explain(), JSON.stringify(error)])
      for (const hidden of ['owned', '\u001b', '\u202e']) expect(shown).not.toContain(hidden);
  });

  test('of an entry may be nested to any depth', async () => {
    const { entry, answers } = single(skillText('pdf'));
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    const listed = { ...entry, frontmatter: { ...entry.frontmatter, deep } };
    const { client } = await serving({
      ...answers,
      'skills/list': answer({ resultType: 'complete', skills: [listed, listed] }),
    });
    const [first, ...others] = await client.skills.list();
    expect(others).toEqual([]);
    expect(await errorFrom(client.skills.read(first as MCPSkill))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { field: 'frontmatter.deep', expected: 'another array', received: 'nothing' },
    });
  });

  test('of any size and nesting ends in an error', async () => {
    for (const more of [
      `a: ${'['.repeat(30_000)}`,
      `${'a: {'.repeat(1)}${'b: {'.repeat(10_000)}`,
      '- '.repeat(30_000),
      Array.from({ length: 250 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
      `a: "${'\n'.repeat(60_000)}`,
      `a: "${'x\n '.repeat(20_000)}`,
      `a: ${'x\n '.repeat(20_000)}: `,
      `? ${'a'.repeat(60_000)}`,
      `${'a'.repeat(60_000)}`,
      `a: |\n${'\t\n'.repeat(30_000)}`,
      `a: ${'#'.repeat(60_000)}`,
      `a:${' '.repeat(60_000)}*`,
    ]) {
      const { entry, answers } = single(skillText('pdf', `${more}\n`));
      const { client } = await serving(answers);
      expect(await errorFrom(client.skills.read(entry))).toMatchObject({ code: 'MCP_SKILL_INVALID' });
    }
  });
});

describe('the content of a SKILL.md', () => {
  test('may be base64', async () => {
    const text = skillText('pdf', '', 'Naïve 😀\n');
    const { entry, answers } = single(Buffer.from(text));
    const { client } = await serving(answers);
    const skill = await client.skills.read(entry);
    expect(skill.text).toBe(text);
    expect(skill.body).toBe('\nNaïve 😀\n');
  });

  test.each<[what: string, bytes: Buffer]>([
    ['a byte that UTF-8 does not have', Buffer.concat([Buffer.from(skillText('pdf')), Buffer.from([0xff])])],
    ['UTF-16', Buffer.from(`\ufeff${skillText('pdf')}`, 'utf16le')],
  ])('is refused when it has %s', async (_what, bytes) => {
    const { entry, answers } = single(bytes);
    const { client } = await serving(answers);
    expect(await errorFrom(client.skills.read(entry))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { field: 'content', expected: 'UTF-8' },
    });
  });

  test.each([['a$b='], ['YQ'], ['YQ==YQ=='], ['Y Q==']])('is refused when its base64 is %j', async (blob) => {
    const { client } = await serving({
      ...pdfAnswers(),
      'resources/read': answer({ resultType: 'complete', contents: [{ uri: PDF.uri, blob }] }),
    });
    expect(await errorFrom(client.skills.read(PDF))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { field: 'content', expected: 'base64' },
    });
  });

  test.each<[what: string, contents: readonly object[]]>([
    ['no content', []],
    ['two contents', [contentOf(PDF.uri, PDF_FILES['SKILL.md']), contentOf(PDF.uri, 'x')]],
  ])('is refused with MCP_INVALID_RESULT when the result has %s', async (_what, contents) => {
    const { client } = await serving({
      ...pdfAnswers(),
      'resources/read': answer({ resultType: 'complete', contents }),
    });
    expect(await errorFrom(client.skills.read(PDF))).toMatchObject({
      code: 'MCP_INVALID_RESULT',
      details: { method: 'resources/read', path: 'contents' },
    });
  });

  test('is missing when the server does not have the resource', async () => {
    const { client } = await serving(pdfAnswers({}));
    expect(await errorFrom(client.skills.read(PDF))).toMatchObject({
      code: 'MCP_RESOURCE_NOT_FOUND',
      details: { uri: PDF.uri },
    });
  });
});

describe('the limits of a skill', () => {
  const file = skillResource(PDF.uri, PDF_FILES['SKILL.md']);
  const others = (count: number, size: number): MCPSkill => ({
    ...PDF,
    resources: [
      file,
      ...Array.from({ length: count }, (_, index) => ({ ...skillResource(`skill://pdf/${index}`, 'x'), size })),
    ],
  });

  test.each<[what: string, entry: MCPSkill]>([
    ['512 files', others(511, 1)],
    ['16 MiB', others(1, 16 * MIB - file.size)],
  ])('allow a skill with %s', async (_what, entry) => {
    const { client } = await serving();
    expect((await client.skills.read(entry)).entry).toBe(entry);
  });

  test.each<[what: string, entry: MCPSkill, limit: number, received: string]>([
    ['513 files', others(512, 1), 512, '513 files'],
    ['one byte more than 16 MiB', others(1, 16 * MIB - file.size + 1), 16 * MIB, `${16 * MIB + 1} bytes`],
    ['sizes that are too large for an exact sum', others(511, Number.MAX_SAFE_INTEGER), 16 * MIB, ''],
  ])('refuse a skill with %s before anything is requested', async (_what, entry, limit, received) => {
    const { server, client } = await serving();
    const error = await errorFrom(client.skills.read(entry));
    expect(error).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      delivery: 'not-sent',
      details: { skill: PDF.uri, limit },
    });
    expect(error.details['received']).toContain(received);
    expect(error.message).toContain(String(limit));
    expect(read(server)).toEqual([]);
  });
});

describe('a dynamic skill', () => {
  const DYNAMIC: MCPSkill = { ...PDF, resources: 'dynamic' };

  test('is refused without allowDynamic before a file is requested', async () => {
    const { server, client } = await serving(pdfAnswers(PDF_FILES, DYNAMIC));
    for (const argument of [DYNAMIC, DYNAMIC.uri]) {
      const error = await errorFrom(client.skills.read(argument));
      expect(error).toMatchObject({
        code: 'MCP_SKILL_INVALID',
        delivery: 'not-sent',
        details: { skill: PDF.uri, field: 'resources', received: '"dynamic"' },
      });
      expect(error.hint).toContain('allowDynamic: true');
    }
    expect(read(server)).toEqual([]);
  });

  test('is read without verification of digests with allowDynamic, but its front matter is compared', async () => {
    const { server, client } = await serving(pdfAnswers({ ...PDF_FILES, 'a b/c#?%20.md': 'x' }, DYNAMIC));
    const skill = await client.skills.read(DYNAMIC, { allowDynamic: true });
    expect([skill.verified, skill.files]).toEqual([false, undefined]);
    expect(await skill.readFile('./references/FORMS.md')).toMatchObject({
      path: 'references/FORMS.md',
      text: PDF_FILES['references/FORMS.md'],
      verified: false,
    });
    expect((await errorFrom(skill.readFile('a b/c#?%20.md'))).code).toBe('MCP_RESOURCE_NOT_FOUND');
    expect(read(server).at(-1)).toBe('skill://pdf/a%20b/c%23%3F%2520.md');

    const other = await serving(pdfAnswers({ 'SKILL.md': skillText('pdf', 'license: MIT\n') }, DYNAMIC));
    expect(await errorFrom(other.client.skills.read(DYNAMIC, { allowDynamic: true }))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { field: 'frontmatter.license' },
    });
  });

  test.each([
    ['../x'],
    ['a/../../x'],
    ['/x'],
    ['skill://other/x'],
    ['https://example.com/x'],
    ['a\\..\\x'],
    [''],
    ['a//b'],
  ])('refuses the path %j without a request', async (path) => {
    const { server, client } = await serving(pdfAnswers(PDF_FILES, DYNAMIC));
    const skill = await client.skills.read(DYNAMIC, { allowDynamic: true });
    expect(await errorFrom(skill.readFile(path))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'path' },
    });
    expect(read(server)).toEqual([PDF.uri]);
  });

  test('is refused above 16 MiB in all', async () => {
    const half = 'x'.repeat(8 * MIB);
    const { client } = await serving(pdfAnswers({ ...PDF_FILES, half }, DYNAMIC));
    const skill = await client.skills.read(DYNAMIC, { allowDynamic: true });
    expect((await skill.readFile('half')).bytes).toHaveLength(8 * MIB);
    expect(await errorFrom(skill.readFile('half'))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { skill: PDF.uri, uri: 'skill://pdf/half', field: 'size', limit: 16 * MIB },
    });
    // What was refused does not count.
    expect((await skill.readFile('references/FORMS.md')).text).toBe(PDF_FILES['references/FORMS.md']);
  });

  test('is refused when its SKILL.md alone has more than 16 MiB', async () => {
    const text = skillText('pdf', '', 'x'.repeat(16 * MIB));
    const { client } = await serving(pdfAnswers({ 'SKILL.md': text }, DYNAMIC));
    expect(await errorFrom(client.skills.read(DYNAMIC, { allowDynamic: true }))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      details: { field: 'size', limit: 16 * MIB },
    });
  });
});

describe('readFile()', () => {
  test('returns the verified text or bytes of a file', async () => {
    const { server, skill } = await loaded();
    const uri = 'skill://pdf/references/FORMS.md';
    const bytes = Buffer.from(PDF_FILES['references/FORMS.md']);
    expect(await skill.readFile('references/FORMS.md')).toEqual({
      ...{ path: 'references/FORMS.md', uri, mimeType: 'text/markdown' },
      ...{ bytes, text: PDF_FILES['references/FORMS.md'], verified: true },
    });
    const logo = await skill.readFile('assets/logo.png');
    expect(logo.text).toBeUndefined();
    expect(logo.mimeType).toBe('application/octet-stream');
    expect(Buffer.from(logo.bytes)).toEqual(PDF_FILES['assets/logo.png']);
    expect(read(server)).toEqual([PDF.uri, uri, 'skill://pdf/assets/logo.png']);
  });

  test.each<[path: string, uri: string]>([
    ['./references/FORMS.md', 'skill://pdf/references/FORMS.md'],
    ['SKILL.md', PDF.uri],
    ['with space.md', 'skill://pdf/with%20space.md'],
    ['with%20space.md', 'skill://pdf/with%20space.md'],
    ['C%23.md', 'skill://pdf/C%23.md'],
    ['C#.md', 'skill://pdf/C%23.md'],
    ['100%.md', 'skill://pdf/100%25.md'],
    ['über.md', 'skill://pdf/über.md'],
    ['%C3%BCber.md', 'skill://pdf/über.md'],
  ])('finds %s however the server spells it, and requests the URI of the entry', async (path, uri) => {
    const files = { ...PDF_FILES, 'with%20space.md': 'a', 'C%23.md': 'b', '100%25.md': 'c', 'über.md': 'd' };
    const { server, skill } = await loaded(pdfAnswers(files, skillEntry('skill://pdf', files)));
    expect((await skill.readFile(path)).uri).toBe(uri);
    expect(read(server).at(-1)).toBe(uri);
  });

  test.each([
    ['other.md'],
    ['references'],
    ['references/forms.md'],
    ['%2e%2e/x'],
    ['references%2FFORMS.md'],
    ['SKILL.md#part'],
  ])('rejects with MCP_SKILL_INVALID, and sends nothing, for %j, which the entry does not list', async (path) => {
    const { server, skill } = await loaded();
    expect(await errorFrom(skill.readFile(path))).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      delivery: 'not-sent',
      details: { skill: PDF.uri, field: 'resources' },
    });
    expect(read(server)).toEqual([PDF.uri]);
  });

  test.each([
    ['../pdf/SKILL.md'],
    ['references/../SKILL.md'],
    ['/SKILL.md'],
    [PDF.uri],
    ['a\\b'],
    ['a\0b'],
    ['.'],
    [''],
  ])('rejects with MCP_INVALID_PARAMS, and sends nothing, for the path %j', async (path) => {
    const { server, skill } = await loaded();
    const error = await errorFrom(skill.readFile(path));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'path' } });
    expect(read(server)).toEqual([PDF.uri]);
  });

  test.each<[what: string, files: Record<string, string | Buffer>, path: string, field: string]>([
    [
      'another text of the same length',
      { 'references/FORMS.md': 'How to fell forms\n' },
      'references/FORMS.md',
      'digest',
    ],
    ['another length', { 'references/FORMS.md': 'How to fill forms' }, 'references/FORMS.md', 'size'],
    ['other bytes', { 'assets/logo.png': Buffer.alloc(6) }, 'assets/logo.png', 'digest'],
    ['a huge text', { 'references/FORMS.md': 'x'.repeat(20 * MIB) }, 'references/FORMS.md', 'size'],
  ])('rejects with MCP_SKILL_INVALID for %s, and later reads still work', async (_what, files, path, field) => {
    const { skill } = await loaded(pdfAnswers({ ...PDF_FILES, ...files }));
    const error = await errorFrom(skill.readFile(path));
    expect(error).toMatchObject({
      code: 'MCP_SKILL_INVALID',
      delivery: 'answered',
      details: { skill: PDF.uri, uri: `skill://pdf/${path}`, field },
    });
    expect(inspect(error)).not.toContain('fell forms');
    expect((await skill.readFile('SKILL.md')).text).toBe(PDF_FILES['SKILL.md']);
  });

  test('verifies files by the entry that it holds, whatever happens to the object', async () => {
    const entry = structuredClone(PDF);
    const { client } = await serving(pdfAnswers({ ...PDF_FILES, 'references/FORMS.md': 'New' }));
    const skill = await client.skills.read(entry);
    for (const resource of entry.resources as { digest: string; size: number }[])
      Object.assign(resource, skillResource('skill://pdf/references/FORMS.md', 'New'));
    expect(await errorFrom(skill.readFile('references/FORMS.md'))).toMatchObject({ code: 'MCP_SKILL_INVALID' });
  });

  test('reads a file of a nested skill as an ordinary file', async () => {
    const files = { ...PDF_FILES, 'inner/SKILL.md': skillText('another') };
    const { skill } = await loaded(pdfAnswers(files, skillEntry('skill://pdf', files)));
    expect((await skill.readFile('inner/SKILL.md')).text).toBe(skillText('another'));
  });

  test('passes its options to the request', async () => {
    const environment = new SimulatedEnvironment({ seed: 1 });
    let silent = false;
    const answers = pdfAnswers();
    const reading = answers['resources/read'] as (message: unknown) => [];
    const { client } = await serving(
      { ...answers, 'resources/read': (message) => (silent ? silence : reading(message)) },
      { environment },
    );
    const skill = await client.skills.read(PDF.uri);
    silent = true;
    const calling = errorFrom(skill.readFile('references/FORMS.md', { timeout: 5_000 }));
    await environment.advance(5_000);
    expect(await calling).toMatchObject({ code: 'MCP_TIMEOUT' });
    const controller = new AbortController();
    const aborted = rejection(skill.readFile('references/FORMS.md', { signal: controller.signal }));
    controller.abort('enough');
    expect(await aborted).toBe('enough');
    expect(await errorFrom(skill.readFile('references/FORMS.md', { allowDynamic: true } as object))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
    });
  });
});

describe('the arguments of skills.read()', () => {
  test.each<[what: string, entry: unknown, field: string]>([
    ['no entry', undefined, 'skill'],
    ['a number', 7, 'skill'],
    [
      'an entry with another name',
      { ...PDF, frontmatter: { ...PDF.frontmatter, name: 'x' } },
      'skill.frontmatter.name',
    ],
    [
      'an entry with a file of another skill',
      { ...PDF, resources: [skillResource('skill://x/SKILL.md', 'x')] },
      'skill.resources[0].uri',
    ],
  ])('are refused when there is %s', async (_what, entry, field) => {
    const { server, client } = await serving();
    expect(await errorFrom(client.skills.read(entry as MCPSkill))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field },
    });
    expect(server.methods).toEqual(['server/discover']);
  });

  test('are refused when an option is unknown or invalid', async () => {
    const { client } = await serving();
    const unknown: MCPError = await errorFrom(client.skills.read(PDF, { allowdynamic: true } as object));
    expect(unknown.message).toContain('Did you mean "allowDynamic"?');
    expect(await errorFrom(client.skills.read(PDF, { allowDynamic: 'yes' } as object))).toMatchObject({
      details: { field: 'allowDynamic' },
    });
  });

  test('set one maxTotalTimeout for the entry and the file', async () => {
    const environment = new SimulatedEnvironment({ seed: 1 });
    const { client } = await serving(
      {
        ...pdfAnswers(),
        'skills/get': [{ wait: 6_000 }, { answer: { resultType: 'complete', skill: PDF } }],
        'resources/read': silence,
      },
      { environment },
    );
    const started = environment.now();
    const calling = errorFrom(client.skills.read(PDF.uri, { maxTotalTimeout: 10_000 }));
    await environment.advance(6_000);
    await environment.advance(4_000);
    expect(await calling).toMatchObject({ code: 'MCP_TIMEOUT', details: { operation: 'resources/read' } });
    expect(environment.now() - started).toBe(10_000);
  });
});

test.each(EVERY_TRANSPORT)(
  'a skill is read and verified over %s, and a file that was changed is refused',
  async (name) => {
    const contents = (path: keyof typeof PDF_FILES, content: string): object => ({
      ...{ resultType: 'complete', ttlMs: 0, cacheScope: 'private' },
      contents: [contentOf(`skill://pdf/${path}`, content)],
    });
    const server = await scriptedServerOver(
      name,
      skillScript('modern', {
        'skills/get': answer({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', skill: PDF }),
        'resources/read': inTurn(
          answer(contents('SKILL.md', PDF_FILES['SKILL.md'])),
          answer(contents('references/FORMS.md', PDF_FILES['references/FORMS.md'])),
          answer(contents('references/FORMS.md', 'How to fell forms\n')),
        ),
      }),
    );
    const client = new MCPClient(server.transport);
    try {
      await client.connect();
      const skill = await client.skills.read(PDF.uri);
      expect((await skill.readFile('references/FORMS.md')).text).toBe(PDF_FILES['references/FORMS.md']);
      expect(await errorFrom(skill.readFile('references/FORMS.md'))).toMatchObject({
        code: 'MCP_SKILL_INVALID',
        details: { field: 'digest' },
      });
    } finally {
      await client.close();
      await server.close();
    }
  },
);

test('a server without the capability for resources gives the error of that capability', async () => {
  const { client } = await connected(
    skillScript('modern', pdfAnswers(), { extensions: { 'io.modelcontextprotocol/skills': {} } }),
  );
  expect(await errorFrom(client.skills.read(PDF))).toMatchObject({
    code: 'MCP_CAPABILITY_MISSING',
    details: { method: 'resources/read', required: 'resources' },
  });
});

test('a folder is read only if the server declares directoryRead', async () => {
  const answers = { 'resources/directory/read': answer({ resultType: 'complete', resources: [] }) };
  const uri = 'skill://pdf/references';
  const { client, server } = await connected(skillScript('modern', answers));
  expect(await errorFrom(client.request('resources/directory/read', { uri }))).toMatchObject({
    code: 'MCP_CAPABILITY_MISSING',
    details: { required: 'io.modelcontextprotocol/skills.directoryRead' },
  });
  expect(server.methods).not.toContain('resources/directory/read');
  const other = await connected(
    skillScript('modern', answers, { extensions: { 'io.modelcontextprotocol/skills': { directoryRead: true } } }),
  );
  expect(await other.client.request('resources/directory/read', { uri })).toMatchObject({ resources: [] });
});
