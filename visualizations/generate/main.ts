import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { machines } from '../machines.js';
import { generatedFiles } from './files.js';

/** Writes the diagrams of all machines, and the charts in the documents. */
export async function main(): Promise<void> {
  const project = join(__dirname, '..', '..');
  for (const [path, text] of await generatedFiles(machines, project)) writeFileSync(join(project, path), text);
}
