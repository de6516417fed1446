import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');
const SRC = path.join(ROOT, 'src');
const OUTPUT = path.join(ROOT, '.build/compiled');

const COMPILER_OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
};

interface Source {
  readonly name: string;
  readonly text: string;
}

/** Where the output for the source as it is now belongs: a path below .build that is named after a hash of the source. */
export function outputPath(sources: readonly Source[] = readSources()): string {
  const hash = createHash('sha1').update(ts.version);
  for (const name of ['tsconfig.base.json', 'tsconfig.types.json']) hash.update(readFileSync(path.join(ROOT, name)));
  for (const { name, text } of sources) hash.update(`${name}\0${text}\0`);
  return path.join(OUTPUT, hash.digest('hex'));
}

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(SRC, name), 'utf8') }));
}

/**
 * Compiles src to CommonJS, without checking types, so that another Node process can load it without a build. The output is shared by all
 * tests. Returns the path of a module, which is named as below src, without its ending.
 */
export function compiled(module: string): string {
  const sources = readSources();
  const directory = outputPath(sources);
  if (!existsSync(directory)) write(sources, directory);
  return path.join(directory, `${module}.js`);
}

function write(sources: readonly Source[], directory: string): void {
  mkdirSync(OUTPUT, { recursive: true });
  // The output for older sources. A newer one may belong to a run that goes on.
  for (const name of readdirSync(OUTPUT)) {
    const old = path.join(OUTPUT, name);
    if (statSync(old).mtimeMs < Date.now() - 86_400_000) rmSync(old, { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(path.join(OUTPUT, 'unfinished-'));
  for (const { name, text } of sources) {
    const target = path.join(unfinished, name.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(text, { compilerOptions: COMPILER_OPTIONS }).outputText);
  }
  try {
    renameSync(unfinished, directory);
  } catch (thrown) {
    // Another worker may have been faster.
    rmSync(unfinished, { recursive: true });
    if (!existsSync(directory)) throw thrown;
  }
}
