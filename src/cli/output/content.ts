import { constants } from 'node:fs';
import { access, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { CallToolResult, ContentBlock } from '../../protocol/schema/index.js';
import { byteSize } from '../../util/byte-size.js';
import { printable } from '../../util/printable.js';
import { CommandError } from '../exit-codes.js';
import { oneLine } from '../terminal.js';

/** A block as text, or what to say in its place when it has none. */
export interface ShownBlock {
  /** The text of the block; undefined for bytes. */
  readonly text: string | undefined;
  /** What it is, such as `image/png, 12 kB`. */
  readonly note: string | undefined;
  /** The bytes of an image, a sound or a file. */
  readonly bytes: Buffer | undefined;
  readonly mimeType: string | undefined;
}

/** The contents of a resource, or an embedded resource. */
export interface Contents {
  readonly uri?: unknown;
  readonly mimeType?: unknown;
  readonly text?: unknown;
  readonly blob?: unknown;
}

/** A block of a result as text or bytes. Blocks of unknown kinds become JSON. */
export function shownBlock(block: ContentBlock): ShownBlock {
  switch (block.type) {
    case 'text':
      return textOnly(typeof block.text === 'string' ? block.text : JSON.stringify(block.text));
    case 'image':
    case 'audio':
      return bytesBlock(block.data, block.mimeType);
    case 'resource':
      return shownContents(block.resource);
    case 'resource_link': {
      const { name, uri, mimeType } = block;
      return textOnly(
        [oneLine(String(name)), oneLine(String(uri)), mimeType && oneLine(mimeType)].filter(Boolean).join('  '),
      );
    }
    default:
      return textOnly(JSON.stringify(block));
  }
}

/** The contents of a resource as text or bytes. */
export function shownContents(contents: Contents): ShownBlock {
  const { text, blob, mimeType } = contents;
  if (typeof text === 'string') return textOnly(text);
  return typeof blob === 'string' ? bytesBlock(blob, mimeType) : textOnly(JSON.stringify(contents));
}

function textOnly(text: string): ShownBlock {
  return { text: printable(text), note: undefined, bytes: undefined, mimeType: undefined };
}

function bytesBlock(data: unknown, mimeType: unknown): ShownBlock {
  const bytes = Buffer.from(typeof data === 'string' ? data : '', 'base64');
  const type = typeof mimeType === 'string' ? oneLine(mimeType, 100) : 'application/octet-stream';
  return { text: undefined, note: `${type}, ${byteSize(bytes.length)}`, bytes, mimeType: type };
}

/** The value of a result for `--select`: the structured content, or the JSON that its only text is. */
export function dataOf({ content, structuredContent }: CallToolResult): unknown {
  if (structuredContent !== undefined) return structuredContent;
  const [first, ...others] = content;
  if (first?.type !== 'text' || others.length > 0) return undefined;
  try {
    return JSON.parse(first.text) as unknown;
  } catch {
    return undefined;
  }
}

const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'jpg'],
  ['image/svg+xml', 'svg'],
  ['audio/mpeg', 'mp3'],
  ['audio/x-wav', 'wav'],
  ['text/plain', 'txt'],
  ['application/octet-stream', 'bin'],
]);

/**
 * Checks that files can be saved in a folder, before anything is sent.
 * @throws CommandError if it is no folder, or is not writable. A folder that does not exist is created with the first file
 */
export async function checkFolder(directory: string | undefined): Promise<void> {
  if (directory === undefined) return;
  try {
    if (!(await stat(directory)).isDirectory()) throw new CommandError(`--save ${oneLine(directory)} is not a folder.`);
    await access(directory, constants.W_OK);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new CommandError(`--save ${oneLine(directory)}: the folder cannot be used (${code}).`);
  }
}

/** Writes the bytes of a block into a new file of a folder, and returns its path. */
export async function save({ bytes, mimeType = '' }: ShownBlock, directory: string, stem: string): Promise<string> {
  const [, subtype = ''] = mimeType.split('/');
  const extension = EXTENSIONS.get(mimeType) ?? (/^[a-z0-9]{1,8}$/.test(subtype) ? subtype : 'bin');
  const name = stem.replace(/[^\w-]+/g, '_').slice(0, 60) || 'block';
  try {
    await mkdir(directory, { recursive: true });
    return await writeNew(bytes ?? Buffer.of(), (number) => path.join(directory, `${name}-${number}.${extension}`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`Nothing can be saved in ${oneLine(directory)} (${code ?? 'unknown error'}).`);
  }
}

/** Writes a file that does not exist yet. */
async function writeNew(bytes: Uint8Array, nameOf: (number: number) => string): Promise<string> {
  for (let number = 1; ; number++) {
    const file = nameOf(number);
    try {
      await writeFile(file, bytes, { flag: 'wx' });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
