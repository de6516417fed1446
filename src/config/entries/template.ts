/** A variable in a text of a config file. */
export interface Variable {
  /**
   * `env`: an environment variable. `file`: the text of a file. `input`: a value that VS Code asks for. `place`: a folder or separator.
   * `unsupported`: only the program that owns the file has it.
   */
  readonly kind: 'env' | 'file' | 'input' | 'place' | 'unsupported';
  readonly name: string;
  /** The value if the variable is not set. */
  readonly fallback?: string | undefined;
  /** Whether the text is left out if the variable is not set. */
  readonly optional?: boolean | undefined;
}

/** A text with variables. It is expanded once, and never its own result. */
export interface Template {
  /** The text as it is written in the file. */
  readonly written: string;
  readonly parts: readonly (string | Variable)[];
}

/** How a program writes variables. */
export interface VariableSyntax {
  readonly pattern: RegExp;
  /** The variable for a match; undefined to keep the text. */
  variable(match: RegExpExecArray): Variable | undefined;
}

/** Splits a text into its variables and the text between them. Without a syntax there are none. */
export function parseTemplate(written: string, syntax: VariableSyntax | undefined): Template {
  if (syntax === undefined) return literal(written);
  const parts: (string | Variable)[] = [];
  let end = 0;
  for (const match of written.matchAll(syntax.pattern)) {
    const variable = syntax.variable(match);
    if (variable === undefined) continue;
    if (match.index > end) parts.push(written.slice(end, match.index));
    parts.push(variable);
    end = match.index + match[0].length;
  }
  if (end < written.length || parts.length === 0) parts.push(written.slice(end));
  return { written, parts };
}

/** A text without variables. */
export function literal(written: string): Template {
  return { written, parts: [written] };
}

/** The value of an environment variable, after some text. */
export function fromEnvironment(name: string, before = '', optional = false): Template {
  const variable: Variable = { kind: 'env', name, optional };
  return { written: `${before}\${${name}}`, parts: before === '' ? [variable] : [before, variable] };
}

const fromName = (name: string | undefined, fallback?: string): Variable | undefined =>
  name === undefined ? undefined : { kind: 'env', name, fallback };

/** `${X}` and `${X:-default}`: Claude Code, Copilot CLI, and our own files. */
export const SHELL_SYNTAX: VariableSyntax = {
  pattern: /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
  variable: ([, name, fallback]) => fromName(name, fallback),
};

/** `$X`, `${X}` and `${X:-default}`: Gemini CLI. */
export const DOLLAR_SYNTAX: VariableSyntax = {
  pattern: /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$([A-Za-z_]\w*)/g,
  variable: ([, braced, fallback, bare]) => fromName(braced ?? bare, fallback),
};

/** The same, and `%X%` of Windows: the environment in files of Gemini CLI. */
export const PERCENT_SYNTAX: VariableSyntax = {
  pattern: /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$([A-Za-z_]\w*)|%([A-Za-z_]\w*)%/g,
  variable: ([, braced, fallback, bare, percent]) => fromName(braced ?? bare ?? percent, fallback),
};

/** `${X}`, `${X:-default}` and `$env:X`: mcporter. */
export const MCPORTER_SYNTAX: VariableSyntax = {
  pattern: /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$env:([A-Za-z_]\w*)/g,
  variable: ([, braced, fallback, bare]) => fromName(braced ?? bare, fallback),
};

/** The places that editors have variables for. */
const EDITOR_PLACES = new Set(['userHome', 'workspaceFolder', 'workspaceFolderBasename', 'pathSeparator', '/']);

/** `${env:X}`, `${userHome}` and others: Cursor and VS Code. */
export const EDITOR_SYNTAX: VariableSyntax = {
  pattern: /\$\{([^${}]+)\}/g,
  variable: ([, text = '']) => {
    if (EDITOR_PLACES.has(text)) return { kind: 'place', name: text };
    const [, prefix, name = ''] = /^([A-Za-z]+):(.+)$/.exec(text) ?? [];
    if (prefix === 'env' || prefix === 'input') return { kind: prefix, name };
    // A folder of a workspace with several folders: its only one here.
    if (prefix?.startsWith('workspaceFolder') === true) return { kind: 'place', name: prefix };
    return prefix === undefined ? undefined : { kind: 'unsupported', name: text };
  },
};

/** `${env:X}` and `${file:path}`: Windsurf. */
export const WINDSURF_SYNTAX: VariableSyntax = {
  pattern: /\$\{(env|file):([^${}]+)\}/g,
  variable: ([, kind, name = '']) => ({ kind: kind === 'file' ? 'file' : 'env', name }),
};

/** `${env:X}`: Cline. */
export const CLINE_SYNTAX: VariableSyntax = {
  pattern: /\$\{env:([^${}]+)\}/g,
  variable: ([, name]) => fromName(name),
};

/** `{env:X}` and `{file:path}`: opencode. */
export const OPENCODE_SYNTAX: VariableSyntax = {
  pattern: /\{(env|file):([^{}]+)\}/g,
  variable: ([, kind, name = '']) => ({ kind: kind === 'file' ? 'file' : 'env', name }),
};

/** `${{ secrets.X }}` and `${{ inputs.X }}`: Continue. They are environment variables here. */
export const CONTINUE_SYNTAX: VariableSyntax = {
  pattern: /\$\{\{\s*(?:secrets|inputs|env)\.([\w.-]+)\s*\}\}/g,
  variable: ([, name]) => fromName(name),
};

/** Variables of other programs, which are text in a file where they are not expanded. */
const FOREIGN = /\$\{(?:env:|input:|file:)?[A-Za-z_]\w*\}|\{env:\w+\}|\$\{\{\s*[\w.]+\s*\}\}/;

/** Something in the text of a template that looks like a variable of another program. */
export function foreignVariable({ parts }: Template): string | undefined {
  for (const part of parts) {
    const [found] = (typeof part === 'string' && FOREIGN.exec(part)) || [];
    if (found !== undefined && found.length < 80) return found;
  }
  return undefined;
}
