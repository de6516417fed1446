import type { ConnectOptions } from '../api/options/call-options.js';
import { toError } from '../errors.js';
import { explainFailure } from '../diagnostics/explain.js';
import type { Environment } from '../util/environment.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { barred, printable } from '../util/printable.js';
import type { GroupServerReport } from './group-types.js';
import type { Member } from './member.js';
import { errorOf } from './member-errors.js';
import type { ExcludedServer } from './member-settings.js';

/** The report of a server that is not started. */
export function reportOfExcluded(name: string, { status, reason }: ExcludedServer): GroupServerReport {
  const why = failure('connection', 'MCP_NOT_CONNECTED', notStartedMessage(name, { status, reason }), {
    delivery: 'not-sent',
    details: { server: name, status },
  });
  return { status, error: toError(why), took: 0 };
}

/** Connects a server and lists its tools. Rejects only with the reason of an aborted signal. */
export async function connectMember(
  member: Member,
  { timeout = Infinity, signal }: ConnectOptions,
  environment: Environment,
): Promise<GroupServerReport> {
  const began = environment.now();
  const took = (): number => Math.round(environment.now() - began);
  const call = `The connecting of "${member.name}"`;
  try {
    await member.list(
      'tools',
      { signal, ...(timeout < Infinity && { timeout }) },
      {
        call,
        timeout,
        deadline: began + timeout,
        signal,
      },
    );
    return { status: member.state, error: undefined, took: took() };
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    return { status: member.state, error: errorOf(thrown), took: took() };
  }
}

/** The report of a server that is started later. */
export function unstarted({ state }: Member): GroupServerReport {
  return { status: state, error: undefined, took: 0 };
}

/** Why an entry of a config file is not used. */
export function notStartedMessage(name: string, { reason }: ExcludedServer): string {
  return `The server "${name}" is not started: ${reason}`;
}

/** The failure of a change of a closed group. */
export function groupClosed(): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The group is closed', { delivery: 'not-sent' });
}

/** Explains the state of a group for people. */
export function explainGroup(members: readonly Member[], excluded: ReadonlyMap<string, ExcludedServer>): string {
  const counts = new Map<string, number>();
  for (const { state } of members) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const lines = members.flatMap((member) => {
    const { name, state, failure: why } = member;
    const tools = member.lists.known('tools');
    const known = tools === undefined ? 'its tools are unknown' : `${tools.length} tools`;
    const head = `"${name}" is ${state}: ${known}.`;
    return why === undefined ? [head] : [head, barred(explainFailure(why), '  ')];
  });
  const others = [...excluded].map(([name, one]) => notStartedMessage(name, one));
  return printable([`A group of ${members.length} servers: ${summary || 'none'}.`, ...lines, ...others].join('\n'));
}
