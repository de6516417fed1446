import type { ListOptions } from '../api/options/call-options.js';
import type { ToolsDifference } from '../api/lists/tools-difference.js';
import { raise } from '../errors.js';
import type { MCPPrompt, MCPTool } from '../protocol/schema/index.js';
import { failure } from '../util/failure.js';
import { didYouMean } from '../util/did-you-mean.js';
import { safeText } from '../util/printable.js';
import type { GroupEvents } from './group-events.js';
import type { GroupTool } from './group-types.js';
import type { Limits, Member } from './member.js';
import { errorOf, failureOf } from './member-errors.js';
import type { ListItem, ListKind } from './member-lists.js';
import { GroupNames } from './names.js';
import type { Owned, PrefixOption } from './names.js';
import type { WaitLimit } from './waiting-room.js';

/** The lists whose items have names. */
type NamedKind = 'tools' | 'prompts';

const SINGULAR = { tools: 'tool', prompts: 'prompt' } as const;
/** The longest name in an error, in characters. */
const LONGEST_SHOWN = 128;
/** The most left out names that are remembered, so that each has one warning. */
const MOST_WARNINGS = 1_000;

/** The lists of all servers of a group, and the names in them. */
export class GroupLists {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #prefix: PrefixOption;
  readonly #events: GroupEvents;
  readonly #names: { [Kind in NamedKind]?: GroupNames<Member> | undefined } = {};
  /** The names of tools that were made last, which a user may know. */
  #shown: GroupNames<Member> | undefined;
  readonly #warned = new Set<string>();
  /** Whether names without a prefix were found to be different. Later ones that are equal are left out. */
  #checked = false;

  constructor(members: ReadonlyMap<string, Member>, prefix: PrefixOption, events: GroupEvents) {
    this.#members = members;
    this.#prefix = prefix;
    this.#events = events;
  }

  /** The servers or the known lists have changed. */
  changed(): void {
    this.#names.tools = undefined;
    this.#names.prompts = undefined;
  }

  /** Emits the difference between two lists of tools of a server, with the names of the group. */
  emitDifference(member: Member, { added, removed, changed }: ToolsDifference): void {
    const before = this.#shown;
    this.changed();
    const names = this.#namesOf('tools');
    const full = (list: readonly string[], from: GroupNames<Member> | undefined): string[] =>
      list.flatMap((name) => from?.of(member, name) ?? []);
    this.#events.emit('toolsChanged', {
      server: member.name,
      tools: this.#named('tools', member, member.lists.known('tools') ?? []),
      added: full(added, names),
      removed: full(removed, before),
      changed: full(changed, names),
    });
  }

  #namesOf(kind: NamedKind): GroupNames<Member> {
    const known = this.#names[kind];
    if (known !== undefined) return known;
    const items = [...this.#members.values()].map((member) => {
      const list: readonly { readonly name: string }[] = member.lists.known(kind) ?? [];
      return [member, list.map(({ name }) => name)] as const;
    });
    const names = new GroupNames(SINGULAR[kind], this.#prefix, items);
    this.#names[kind] = names;
    if (kind === 'tools') this.#shown = names;
    for (const { server, message } of names.problems) {
      if (this.#warned.has(message)) continue;
      if (this.#warned.size >= MOST_WARNINGS) this.#warned.clear();
      this.#warned.add(message);
      this.#events.report('warning', server, failure('protocol', 'MCP_INVALID_PARAMS', message));
    }
    return names;
  }

  /** The known tools of all servers. */
  tools(): GroupTool[] {
    const names = this.#namesOf('tools');
    return [...this.#members.values()].flatMap((member) => {
      const { available } = member;
      return (member.lists.known('tools') ?? []).flatMap((definition) => {
        const name = names.of(member, definition.name);
        return name === undefined ? [] : [{ name, server: member.name, available, definition }];
      });
    });
  }

  /**
   * Requests a list from the servers, and returns the items with their names in the group. The known list of a server stays if the server does
   * not respond.
   */
  async named<Kind extends NamedKind>(kind: Kind, options: ListOptions): Promise<ListItem[Kind][]> {
    await this.all(kind, options);
    this.checkNames();
    return [...this.#members.values()].flatMap((member) => this.#named(kind, member, member.lists.known(kind) ?? []));
  }

  /** Requests a list from the servers, like {@link GroupLists.named}, and returns the items with the names of their servers. */
  async owned<Kind extends 'resources' | 'resourceTemplates'>(
    kind: Kind,
    options: ListOptions,
  ): Promise<(ListItem[Kind] & { readonly server: string })[]> {
    await this.all(kind, options);
    return [...this.#members.values()].flatMap((member) =>
      (member.lists.known(kind) ?? []).map((item) => ({ ...item, server: member.name })),
    );
  }

  #named<Item extends MCPTool | MCPPrompt>(kind: NamedKind, member: Member, items: readonly Item[]): Item[] {
    const names = this.#namesOf(kind);
    return items.flatMap((item) => {
      const name = names.of(member, item.name);
      return name === undefined ? [] : [{ ...item, name }];
    });
  }

  /** Requests a list from each server that can be expected to respond, and keeps it. Rejects only with the reason of an aborted signal. */
  async all(kind: ListKind, options: ListOptions): Promise<void> {
    options.signal?.throwIfAborted();
    await Promise.all([...this.#members.values()].map((member) => this.#update(member, kind, options)));
    options.signal?.throwIfAborted();
  }

  async #update(member: Member, kind: ListKind, options: ListOptions): Promise<void> {
    await member.lists.loaded;
    const known = member.lists.known(kind) !== undefined;
    const connected = member.state === 'awake' && member.available;
    // A server that is down is started again by a call, so that a server that never answers does not delay each list.
    if (options.useCache !== false && !connected && (known || member.state === 'down')) return;
    try {
      await member.list(kind, options);
    } catch (thrown) {
      if (options.signal?.aborted !== true) this.#events.report('warning', member.name, failureOf(thrown));
    }
  }

  /**
   * Without prefixes, refuses names that two servers have, as long as all were different never before.
   * @throws MCPError with code `MCP_INVALID_PARAMS`
   */
  checkNames(): void {
    if (this.#prefix !== false || this.#checked) return;
    const [first] = [...this.#namesOf('tools').problems, ...this.#namesOf('prompts').problems];
    if (first !== undefined) {
      raise(`With prefix: false all names must be different. ${first.message}`, {
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
        details: {
          field: 'prefix',
          expected: 'true or a function, because servers have equal names',
          received: 'false',
        },
      });
    }
    this.#checked = true;
  }

  /**
   * Finds the server of a tool or prompt. If the name is unknown, servers that may have it are asked, within the limits of the call.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if no server has it
   */
  async find(kind: NamedKind, fullName: string, options: Limits): Promise<Owned<Member>> {
    const known = this.#namesOf(kind).byName.get(fullName);
    if (known !== undefined) return known;
    const { timeout, maxTotalTimeout, signal } = options;
    const searches = [...this.#members.values()].map(async (member) => {
      await member.lists.loaded;
      if (!this.#mayHave(member, fullName)) return undefined;
      const call = kind === 'tools' ? 'call of' : 'reading of the prompt';
      const limit: WaitLimit = member.limit(`The ${call} "${safeText(fullName, LONGEST_SHOWN)}"`, options);
      return member.list(kind, { timeout, maxTotalTimeout, signal }, limit).then(
        () => undefined,
        (thrown: unknown) => ({ thrown }),
      );
    });
    // The first list with the name is enough, so that a server that does not respond holds up no call of another one.
    const found = await Promise.any(
      searches.map(async (search) => {
        await search;
        return this.#namesOf(kind).byName.get(fullName) ?? Promise.reject(new Error('This list has no such name'));
      }),
    ).catch(() => undefined);
    signal?.throwIfAborted();
    if (found !== undefined) return found;
    const reasons = await Promise.all(searches);
    const [failed] = reasons.filter((reason) => reason !== undefined);
    if (failed !== undefined) throw errorOf(failed.thrown);
    return this.#unknown(kind, fullName);
  }

  /** Whether a server may have an item that its known list does not have. Only a prefix shows that it has not. */
  #mayHave({ name }: Member, fullName: string): boolean {
    return this.#prefix !== true || fullName.startsWith(`${name}__`);
  }

  #unknown(kind: NamedKind, fullName: string): never {
    const shown = safeText(fullName, LONGEST_SHOWN);
    const { byName } = this.#namesOf(kind);
    const [prefixed] = [...byName].filter(([, { name }]) => name === fullName);
    const hint = prefixed === undefined ? didYouMean(fullName, byName.keys()) : ` Did you mean "${prefixed[0]}"?`;
    raise(`The group has no ${SINGULAR[kind]} "${shown}".${hint}`, {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: {
        field: 'name',
        expected: `the name of a ${SINGULAR[kind]}, as in listTools()`,
        received: 'another name',
      },
    });
  }
}
