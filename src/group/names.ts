import { describeThrown } from '../util/failure.js';

/** Makes the name of a tool or prompt in a group. */
export type PrefixFunction = (server: string, name: string) => string;

/** Whether names have the name of their server as a prefix, or the function that makes them. */
export type PrefixOption = boolean | PrefixFunction;

/** An item of a server. */
export interface Owned<Member> {
  readonly member: Member;
  /** Its name at the server. */
  readonly name: string;
}

/** Two items with one name, or an item without one. */
export interface NameProblem {
  readonly fullName: string;
  readonly server: string;
  readonly message: string;
}

interface Named {
  readonly name: string;
}

/**
 * The names of the tools, or prompts, of a group. The way back from a name to its server is this map: names are never taken apart, because the
 * names of servers and tools may contain the separator themselves.
 */
export class GroupNames<Member extends Named> {
  readonly byName = new Map<string, Owned<Member>>();
  readonly problems: NameProblem[] = [];
  readonly #full = new Map<Member, ReadonlyMap<string, string>>();

  /** @param items the names of the items of each member, the member that was added first first */
  constructor(
    kind: string,
    prefix: PrefixOption,
    items: Iterable<readonly [member: Member, names: readonly string[]]>,
  ) {
    for (const [member, names] of items) {
      const full = new Map<string, string>();
      this.#full.set(member, full);
      for (const name of names) {
        const made = fullNameOf(prefix, member.name, name);
        const taken = made.fullName === undefined ? undefined : this.byName.get(made.fullName);
        if (made.fullName !== undefined && taken === undefined) {
          this.byName.set(made.fullName, { member, name });
          full.set(name, made.fullName);
          continue;
        }
        const why = taken === undefined ? made.why : `"${taken.member.name}" has a ${kind} with the same name`;
        const fullName = made.fullName ?? name;
        const message = `The ${kind} "${name}" of "${member.name}" is left out: in the group its name is "${fullName}", and ${why}`;
        this.problems.push({ fullName, server: member.name, message });
      }
    }
  }

  /** The name of an item in the group; undefined if it is left out. */
  of(member: Member, name: string): string | undefined {
    return this.#full.get(member)?.get(name);
  }
}

/** The longest name that a function may make, in characters. */
const LONGEST_NAME = 1_000;

function fullNameOf(
  prefix: PrefixOption,
  server: string,
  name: string,
): { readonly fullName: string | undefined; readonly why: string } {
  if (prefix === true) return { fullName: `${server}__${name}`, why: '' };
  if (prefix === false) return { fullName: name, why: '' };
  try {
    const made: unknown = prefix(server, name);
    if (typeof made === 'string' && made !== '' && made.length <= LONGEST_NAME) return { fullName: made, why: '' };
    return { fullName: undefined, why: `the function \`prefix\` did not return a name` };
  } catch (thrown) {
    return { fullName: undefined, why: `the function \`prefix\` failed: ${describeThrown(thrown)}` };
  }
}
