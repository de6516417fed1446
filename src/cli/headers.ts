import { CommandError } from './exit-codes.js';
import type { CommandContext } from './command-context.js';

/** Names of headers whose values are secrets. */
const SECRET = /authorization|token|secret|api-?key|cookie|password/i;

/**
 * Reads `--header 'Name: value'`. `${env:NAME}` in a value is replaced here, so that the secret is neither in the history of the shell nor in
 * the list of processes. A literal secret is reported.
 * @throws CommandError for a malformed header or an unset variable; never with the value
 */
export function headersOf(
  lines: readonly string[],
  { env, terminal }: Pick<CommandContext, 'env' | 'terminal'>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, text] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\s\S]*)$/.exec(line) ?? [];
    if (name === undefined || text === undefined) {
      throw new CommandError('--header must be "Name: value", such as \'Authorization: Bearer ${env:TOKEN}\'.');
    }
    const value = withVariables(text, env, `--header ${name}`);
    if (SECRET.test(name) && value === text) {
      terminal.note(
        `warning: the value of --header ${name} stands in the history of your shell. Write \${env:NAME} instead.`,
      );
    }
    headers[name] = value;
  }
  return headers;
}

/** Replaces `${env:NAME}` and `${env:NAME:-default}`. */
export function withVariables(text: string, env: CommandContext['env'], where: string): string {
  return text.replace(/\$\{env:([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (_whole, name: string, fallback?: string) => {
    const value = env[name] ?? fallback;
    if (value === undefined)
      throw new CommandError(`${where} needs the environment variable ${name}, which is not set.`);
    return value;
  });
}

/** Reads `--env NAME=value`, and `--env NAME` for a variable of this process. */
export function variablesOf(lines: readonly string[], env: CommandContext['env']): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of lines) {
    const [, name, given] = /^([^=]+)(?:=([\s\S]*))?$/.exec(line) ?? [];
    if (name === undefined) throw new CommandError('--env must be NAME=value, or NAME for a variable of this process.');
    const value = given === undefined ? env[name] : withVariables(given, env, `--env ${name}`);
    if (value === undefined) throw new CommandError(`--env ${name}: the variable is not set.`);
    variables[name] = value;
  }
  return variables;
}
