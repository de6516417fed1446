import ts from 'typescript';

import { declaredProgram } from './declared-program.js';

/** What a program that uses the package costs the compiler. */
export interface TypeCosts {
  /** How many times it had to fill in a generic type. It gives up at 5 000 000 for one expression. */
  readonly instantiations: number;
  /** The packages whose types it had to read, but for this one. */
  readonly packages: readonly string[];
  readonly complaints: readonly string[];
}

/** Compiles a program against the declarations that users get. In it `./index.js` is the package. */
export function typeCosts(text: string): TypeCosts {
  const program = declaredProgram(['program.ts'], { 'program.ts': text });
  const root = program.getSourceFiles().find(({ fileName }) => fileName.endsWith('/program.ts'));
  const complaints = [...program.getSyntacticDiagnostics(root), ...program.getSemanticDiagnostics(root)];
  return {
    instantiations: program.getInstantiationCount(),
    packages: [...new Set(program.getSourceFiles().flatMap(({ fileName }) => packageOf(fileName) ?? []))].sort(),
    complaints: complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  };
}

function packageOf(file: string): string | undefined {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
  return name === 'typescript' ? undefined : name;
}
