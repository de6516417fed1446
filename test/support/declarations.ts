import path from 'node:path';
import ts from 'typescript';

import { declaredProgram, PACKAGE } from './declared-program.js';

/** The declarations that users get, as the compiler writes them: every type is spelt out in them, and what is internal is left out. */
export class Declarations {
  readonly #checker: ts.TypeChecker;
  readonly #entries: ReadonlyMap<string, ts.SourceFile>;

  private constructor(program: ts.Program, entries: ReadonlyMap<string, ts.SourceFile>) {
    this.#checker = program.getTypeChecker();
    this.#entries = entries;
  }

  /** Compiles the package as it is built, into memory. `entries`: files below src that users import. */
  static of(entries: readonly string[]): Declarations {
    const declarationOf = (entry: string): string => entry.replace(/\.ts$/, '.d.ts');
    const program = declaredProgram(entries.map(declarationOf));
    const fileOf = (entry: string): ts.SourceFile =>
      program.getSourceFile(path.join(PACKAGE, declarationOf(entry))) as ts.SourceFile;
    return new Declarations(program, new Map(entries.map((entry) => [entry, fileOf(entry)])));
  }

  /** What an entry exports, by name. */
  exportsOf(entry: string): Map<string, ts.Symbol> {
    const file = this.#entries.get(entry);
    const module = file && this.#checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    const found = this.#checker.getExportsOfModule(module).map((symbol) => [symbol.name, this.#meant(symbol)] as const);
    const lost = found.find(([, symbol]) => symbol.declarations === undefined);
    if (lost !== undefined) throw new Error(`${entry} exports ${lost[0]}, which is declared nowhere`);
    return new Map(found);
  }

  /** The symbol behind one that was imported. */
  #meant(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** What the declarations of a symbol mention that is declared in the package. */
  mentionedBy(symbol: ts.Symbol): ts.Symbol[] {
    return this.#namedIn(symbol).filter((one) => one !== symbol && (one.declarations ?? []).some(isOurs));
  }

  /** What they mention of other packages, as the paths of those. What comes with TypeScript and Node is no stranger. */
  strangersIn(symbol: ts.Symbol): string[] {
    const files = this.#namedIn(symbol).flatMap(({ declarations = [] }) =>
      declarations.map((node) => node.getSourceFile().fileName),
    );
    return files.filter(
      (file) => file.includes('/node_modules/') && !/\/(?:typescript\/lib|@types\/node)\//.test(file),
    );
  }

  #namedIn(symbol: ts.Symbol): ts.Symbol[] {
    const found = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      if (ts.isClassElement(node) && isPrivate(node)) return;
      const name = nameIn(node);
      const named = name && this.#checker.getSymbolAtLocation(name);
      if (named !== undefined) found.add(this.#meant(named));
      ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations ?? []) visit(declaration);
    return [...found].filter(({ flags }) => (flags & ts.SymbolFlags.TypeParameter) === 0);
  }

  /** Where a symbol is declared, for people. */
  placeOf(symbol: ts.Symbol): string {
    const [declaration] = symbol.declarations ?? [];
    const file = declaration === undefined ? '?' : path.relative(PACKAGE, declaration.getSourceFile().fileName);
    return `${symbol.name} (src/${file.replace(/\.d\.ts$/, '.ts')})`;
  }

  /** What is said about a symbol. */
  docOf(symbol: ts.Symbol): string {
    const tags = symbol
      .getJsDocTags(this.#checker)
      .map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`);
    return [ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)), ...tags].join('\n').trim();
  }

  /** What a class has that its users, or those who extend it, can name. */
  membersOf(symbol: ts.Symbol): ts.Symbol[] {
    const all = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])];
    return all.filter((member) => {
      const [declaration] = member.declarations ?? [];
      if (declaration === undefined || !ts.isClassElement(declaration)) return false;
      return !isPrivate(declaration) && !ts.isConstructorDeclaration(declaration);
    });
  }

  /** Whether a member, or an exported function, gives back a promise, or what is iterated like promises. */
  isAsynchronous(symbol: ts.Symbol): boolean {
    return (symbol.declarations ?? []).some(
      (node) =>
        (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) &&
        /^(?:Promise|Async\w+)</.test(node.type?.getText() ?? ''),
    );
  }

  isClass(symbol: ts.Symbol): boolean {
    return (symbol.flags & ts.SymbolFlags.Class) !== 0;
  }
}

function isOurs(node: ts.Node): boolean {
  return node.getSourceFile().fileName.includes('/.build/types/');
}

function isPrivate(node: ts.ClassElement): boolean {
  return (
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
    (node.name !== undefined && ts.isPrivateIdentifier(node.name))
  );
}

/** The name of something else in a node, if it has one. */
function nameIn(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  if (ts.isTypeQueryNode(node)) return node.exprName;
  return ts.isImportTypeNode(node) ? node.qualifier : undefined;
}
