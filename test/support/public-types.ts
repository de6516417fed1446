import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');
/** Where the declarations of the package seem to be. */
const PACKAGE = path.join(ROOT, 'declarations');

/** What a program that uses the package costs the compiler. */
export interface TypeCosts {
  /** How many times it had to fill in a generic type. It gives up at 5 000 000 for one expression. */
  readonly instantiations: number;
  /** The packages whose types it had to read, but for its own. */
  readonly packages: readonly string[];
  readonly complaints: readonly string[];
}

/** Compiles a program against the declarations that users of the package get. `./index.js` is the package. */
export function typeCosts(program: string): TypeCosts {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, { incremental: false });
  const files = new Map([[path.join(PACKAGE, 'program.ts'), program]]);
  const src = path.join(ROOT, 'src');
  const emitting = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: PACKAGE, rootDir: src };
  ts.createProgram([path.join(src, 'index.ts')], { ...options, ...emitting }).emit(undefined, (file, text) => {
    files.set(file, text);
  });

  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.directoryExists = (directory) => directory.startsWith(PACKAGE) || ts.sys.directoryExists(directory);
  const using = ts.createProgram([path.join(PACKAGE, 'program.ts')], { ...options, types: ['node'] }, host);
  const complaints = ts.getPreEmitDiagnostics(using);
  return {
    instantiations: using.getInstantiationCount(),
    packages: [...new Set(using.getSourceFiles().flatMap(({ fileName }) => packageOf(fileName) ?? []))].sort(),
    complaints: complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  };
}

function packageOf(file: string): string | undefined {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
  return name === 'typescript' ? undefined : name;
}
