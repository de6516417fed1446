import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';

const SRC = path.resolve(__dirname, '../../src');

/** Modules of src that another node process can load. */
export interface Compiled {
  /** The path of the CommonJS module made of a file below src, which is named without its ending. */
  path(module: string): string;
  /** Deletes them. */
  dispose(): void;
}

/**
 * Compiles a module of src and what it imports into a directory of its own, without checking types: a test that needs a process of its
 * own does not have to wait for a build, nor can it meet an old one.
 */
export function compile(entry: string): Compiled {
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-'));
  const seen = new Set<string>();
  const visit = (module: string): void => {
    if (seen.has(module)) return;
    seen.add(module);
    const source = readFileSync(path.join(SRC, `${module}.ts`), 'utf8');
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
    const target = path.join(directory, `${module}.js`);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(source, { compilerOptions }).outputText);
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) visit(path.join(path.dirname(module), fileName).replace(/\.js$/, ''));
    }
  };
  visit(entry);
  return {
    path: (module) => path.join(directory, `${module}.js`),
    dispose: () => {
      rmSync(directory, { recursive: true });
    },
  };
}
