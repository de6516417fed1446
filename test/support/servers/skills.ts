import { createHash } from 'node:crypto';

import type { MCPSkill, SkillResource } from '../../../src/index.js';
import { answer, discoverResult, initializeResult, legacyScript, modernScript, refuse } from './scripts.js';
import type { ReceivedMessage, Script, Step } from './scripts.js';

export const SKILLS = 'io.modelcontextprotocol/skills';

/** The capabilities of a server with skills. */
export const SKILL_CAPABILITIES = { resources: {}, extensions: { [SKILLS]: {} } };

/** The files of a skill by path. Texts are sent as text, bytes as base64. */
export type SkillFiles = Readonly<Record<string, string | Buffer>>;

/** A `SKILL.md` with this front matter. */
export function skillText(name: string, more = '', body = 'Do it.\n'): string {
  return `---\nname: ${name}\ndescription: Does ${name}\n${more}---\n\n${body}`;
}

/** The files of a skill with a reference and a picture. */
export const PDF_FILES = {
  'SKILL.md': skillText('pdf'),
  'references/FORMS.md': 'How to fill forms\n',
  'assets/logo.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff]),
};

export function skillResource(uri: string, content: string | Buffer): SkillResource {
  const bytes = Buffer.from(content);
  return { uri, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}

/** The correct entry of a skill with these files. */
export function skillEntry(root: string, files: SkillFiles = PDF_FILES, more: object = {}): MCPSkill {
  const name = root.slice(root.lastIndexOf('/') + 1);
  return {
    uri: `${root}/SKILL.md`,
    frontmatter: { name, description: `Does ${name}`, ...more },
    resources: Object.entries(files).map(([path, content]) => skillResource(`${root}/${path}`, content)),
  };
}

/** The entry of {@link PDF_FILES}. */
export const PDF = skillEntry('skill://pdf');

/** The contents that a server sends for a file. */
export function contentOf(uri: string, content: string | Buffer): object {
  return typeof content === 'string'
    ? { uri, mimeType: 'text/markdown', text: content }
    : { uri, mimeType: 'application/octet-stream', blob: content.toString('base64') };
}

const CACHEABLE = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

/** What a server with skills answers: the entries of these skills, and the contents of files by URI. */
export function skillAnswers(entries: readonly unknown[], contents: SkillFiles, common: object = {}): Script {
  const all = { ...CACHEABLE, ...common };
  return {
    'skills/list': answer({ ...all, skills: entries }),
    'skills/get': ({ params }: ReceivedMessage): Step[] => {
      const skill = entries.find((entry) => (entry as MCPSkill).uri === params?.['uri']);
      return skill === undefined ? refuse(-32602, 'No such skill') : answer({ ...all, skill });
    },
    'resources/read': ({ params }: ReceivedMessage): Step[] => {
      const uri = String(params?.['uri']);
      const content = contents[uri];
      return content === undefined
        ? refuse(-32602, 'No such resource', { uri })
        : answer({ ...all, contents: [contentOf(uri, content)] });
    },
  };
}

/** The same for a skill whose files are where its entry lists them. */
export function pdfAnswers(files: SkillFiles = PDF_FILES, entry: unknown = PDF): Script {
  const contents = Object.fromEntries(Object.entries(files).map(([path, content]) => [`skill://pdf/${path}`, content]));
  return skillAnswers([entry], contents);
}

/** A server of either era with skills. */
export function skillScript(
  era: 'legacy' | 'modern',
  answers: Script,
  capabilities: object = SKILL_CAPABILITIES,
): Script {
  return era === 'modern'
    ? modernScript({ 'server/discover': answer(discoverResult({ capabilities })), ...answers })
    : legacyScript('2025-11-25', { initialize: answer(initializeResult('2025-11-25', { capabilities })), ...answers });
}
