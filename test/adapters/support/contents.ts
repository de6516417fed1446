import type { CallToolResult } from '../../../src/index.js';

/** Base64 data that a part of an SDK has to contain. */
export const DATA = { image: 'aW1hZ2U=', audio: 'YXVkaW8=', pdf: 'cGRm' } as const;

/** A result with all seven kinds of content, and blocks that no specification knows. */
export const ALL_KINDS: CallToolResult = {
  content: [
    { type: 'text', text: 'a text' },
    { type: 'image', data: DATA.image, mimeType: 'image/png' },
    { type: 'audio', data: DATA.audio, mimeType: 'audio/wav' },
    { type: 'resource', resource: { uri: 'file:///notes.txt', mimeType: 'text/plain', text: 'some notes' } },
    { type: 'resource', resource: { uri: 'file:///paper.pdf', mimeType: 'application/pdf', blob: DATA.pdf } },
    { type: 'resource_link', uri: 'file:///big.csv', name: 'big', mimeType: 'text/csv', size: 9_000 },
    { type: 'hologram', depth: 3 } as never,
  ],
  structuredContent: { temperature: 22.5 },
};

/** The texts that a model has to see of {@link ALL_KINDS}. */
export const SEEN = [
  'a text',
  'file:///notes.txt',
  'some notes',
  'file:///big.csv',
  'text/csv',
  '9000',
  'hologram',
  '{"temperature":22.5}',
];
