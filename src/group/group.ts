import type { MCPClient } from '../api/client.js';
import { inspectionFor } from '../api/inspection.js';
import type { ConnectOptions, ListOptions, RequestOptions } from '../api/options/call-options.js';
import { checkCallOptions, CONNECT_OPTIONS, LIST_OPTIONS } from '../api/options/call-options.js';
import { raise, toError } from '../errors.js';
import { inspectorOf } from '../machines/connection/observers.js';
import { invalidOption } from '../option-checks.js';
import type { GetPromptResult, MCPPrompt, MCPTool, ReadResourceResult } from '../protocol/schema/index.js';
import { didYouMean } from '../util/did-you-mean.js';
import { safeText } from '../util/printable.js';
import { CallSlots } from './call-slots.js';
import {
  connectMember,
  explainGroup,
  groupClosed,
  notStartedMessage,
  reportOfExcluded,
  unstarted,
} from './group-report.js';
import { GroupClient } from './group-client.js';
import { GroupEvents } from './group-events.js';
import type { GroupServerStatus, MCPClientGroupEvents } from './group-events.js';
import { GroupLists } from './group-lists.js';
import type {
  GroupConnectOptions,
  GroupReport,
  GroupResource,
  GroupResourceTemplate,
  GroupServerReport,
  GroupTool,
} from './group-types.js';
import { groupOptions } from './group-options.js';
import type { GroupOptions, MCPClientGroupOptions } from './group-options.js';
import { cacheKeyOf } from './identity.js';
import { Member } from './member.js';
import type { MemberSurroundings } from './member.js';
import { MemberConnection } from './member-connection.js';
import { MemberLists } from './member-lists.js';
import { entriesOf, memberSettings } from './member-settings.js';
import type { ExcludedServer, GroupServerInput, GroupServers } from './member-settings.js';
import { watchServerRequests } from './server-request-watch.js';
import { callMember, toolCall } from './tool-call.js';
import type { CallArguments } from './tool-call.js';
import { StartSlots } from './start-slots.js';
import { WaitingRoom } from './waiting-room.js';

/** The longest name in an error, in characters. */
const LONGEST_NAME = 128;

/** Describes the option `required`. */
const NAMES_OF_SERVERS = 'an array of names of servers of the group';

/**
 * Many servers as one: it starts them when they are needed, lets them sleep when they are idle, and offers their tools under names that do not
 * depend on which servers are running. A server that is down affects no other server, and its tools stay listed.
 *
 * @example
 * const { servers } = await loadServers();
 * await using group = new MCPClientGroup(servers, { lazy: true, listCache: fileListCache() });
 * await group.connect({ required: ['github'] });
 * await group.callTool('github__create_issue', { title: 'Hello' });
 */
export class MCPClientGroup {
  readonly #options: GroupOptions;
  readonly #events = new GroupEvents();
  readonly #members = new Map<string, Member>();
  readonly #excluded = new Map<string, ExcludedServer>();
  /** The subscriptions of each server, with the functions that let it sleep again. */
  readonly #subscriptions = new WeakMap<Member, Map<string, () => void>>();
  readonly #lists: GroupLists;
  readonly #surroundings: MemberSurroundings;
  /** Servers that were removed, until everything of them is released. */
  readonly #leaving = new Set<Promise<void>>();
  #closed = false;

  /**
   * @param servers what `loadServers` of `mcp-actors/config` returns as `servers`, or targets by name, with or without settings. Nothing is
   * started. Entries of config files that are switched off, not trusted or invalid are reported by `connect()` and `status`.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if a server or an option is invalid
   */
  constructor(servers: GroupServers, options: MCPClientGroupOptions = {}) {
    this.#options = groupOptions(options);
    const { environment, maxQueued, concurrency, startLimit, prefix, inspect } = this.#options;
    const room = new WaitingRoom(environment, maxQueued);
    this.#lists = new GroupLists(this.#members, prefix, this.#events);
    this.#surroundings = {
      environment,
      room,
      slots: new CallSlots(concurrency, room),
      starts: new StartSlots(startLimit, environment),
      inspection: (name, { transport }) => {
        const about = { name, transport: 'group member', hide: (text: string) => transport.secrets.hide(text) };
        const { inspect: look } = inspectionFor(inspect, about);
        const report = this.#events.report.bind(this.#events, 'error', name);
        return look === undefined ? {} : { inspect: inspectorOf(look, report) };
      },
      moved: (member, status, why) => {
        this.#events.emit('status', { server: member.name, status, reason: why && toError(why) });
      },
      report: (name, server, problem) => {
        this.#events.report(name, server, problem);
      },
    };
    for (const [name, server] of entriesOf(servers)) this.#add(name, server);
  }

  #add(name: string, server: GroupServerInput): Member | ExcludedServer {
    const settings = memberSettings(name, server, this.#options);
    if ('status' in settings) {
      this.#excluded.set(name, settings);
      return settings;
    }
    const { listCache } = this.#options;
    const member = new Member(
      {
        name,
        settings,
        connect: (count) => {
          const options = watchServerRequests(settings.options, count);
          return new MemberConnection(name, settings.target, options);
        },
        lists: (own) =>
          new MemberLists(cacheKeyOf(name, settings, own.connection.transport), listCache, settings.tools, {
            environment: this.#options.environment,
            changed: (difference) => {
              if (difference === undefined) this.#lists.changed();
              else this.#lists.emitDifference(own, difference);
            },
            report: (problem) => {
              this.#events.report('warning', name, problem);
            },
          }),
      },
      this.#surroundings,
    );
    this.#members.set(name, member);
    this.#lists.changed();
    return member;
  }

  /**
   * Starts the servers in parallel, except lazy ones, and lists their tools. Calls to servers that are connected need not wait for it. Resolves
   * when each server is connected or has failed, or the timeout has passed; a server that is still being started then goes on.
   * `timeout` is in ms. Default: none besides the `connectTimeout` of each server.
   *
   * @example
   * const report = await group.connect({ required: ['github'], timeout: 10_000 });
   * for (const [server, { status, error, took }] of Object.entries(report)) console.log(server, status, took, error?.hint);
   * @throws the error of a required server, as soon as it fails. MCPError with code `MCP_INVALID_PARAMS` for an unknown option or server, and with
   * `prefix: false` if names are equal. The signal's reason when it is aborted.
   */
  async connect(options: GroupConnectOptions = {}): Promise<GroupReport> {
    const { required = [], ...limits } = options;
    checkCallOptions('connect', limits, CONNECT_OPTIONS);
    const names: unknown = required;
    if (!Array.isArray(names)) throw invalidOption('required', NAMES_OF_SERVERS, names);
    for (const name of required) if (!this.#excluded.has(name)) this.#member(name);
    limits.signal?.throwIfAborted();
    // In the order of the servers, although they are connected in another one.
    const report = new Map([...this.#members].map(([name, member]) => [name, unstarted(member)]));
    const needed = (name: string, result: GroupServerReport): void => {
      report.set(name, result);
      if (result.error !== undefined && result.status !== 'awake' && required.includes(name)) throw result.error;
    };
    for (const [name, excluded] of this.#excluded) needed(name, reportOfExcluded(name, excluded));
    await Promise.all(
      [...this.#members.values()].map(async (member) => {
        const { name, settings } = member;
        await member.lists.loaded;
        const starts = !settings.lazy || member.state === 'awake' || required.includes(name);
        needed(name, starts ? await connectMember(member, limits, this.#options.environment) : unstarted(member));
      }),
    );
    this.#lists.checkNames();
    return Object.fromEntries(report);
  }

  /**
   * Calls a tool by its name in the group, as {@link MCPClient.callTool} does. If its server is not running, the call starts it; the limits of the
   * call include this time. 2026-07-28 server/tools.
   *
   * @example
   * await group.callTool('github__create_issue', { title: 'Hello' }, { timeout: 20_000 });
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the group has no such tool; the errors of {@link GroupClient.callTool}.
   */
  readonly callTool: MCPClient['callTool'] = (async (...args: CallArguments) => {
    const began = this.#options.environment.now();
    const call = toolCall(args);
    const { member, name } = await this.#lists.find('tools', call.name, call.options);
    return callMember(member, call, name, began);
  }) as MCPClient['callTool'];

  /**
   * Gets a prompt by its name in the group, as {@link MCPClient.getPrompt} does. 2026-07-28 server/prompts.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the group has no such prompt; the errors of {@link GroupClient.request}.
   */
  async getPrompt(
    fullName: string,
    args?: Readonly<Record<string, string>>,
    options: RequestOptions = {},
  ): Promise<GetPromptResult> {
    const since = this.#options.environment.now();
    const { member, name } = await this.#lists.find('prompts', fullName, options);
    return member.use(
      `The reading of the prompt "${name}"`,
      options,
      (client, own) => client.getPrompt(name, args, own),
      { since },
    );
  }

  /**
   * Reads a resource of a server, as {@link MCPClient.readResource} does. It takes the items of {@link MCPClientGroup.listResources}. 2026-07-28
   * server/resources.
   *
   * @example
   * await group.readResource({ server: 'files', uri: 'file:///notes.md' });
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the group has no such server; the errors of {@link GroupClient.readResource}.
   */
  async readResource(
    { server, uri }: Pick<GroupResource, 'server' | 'uri'>,
    options?: RequestOptions,
  ): Promise<ReadResourceResult> {
    return this.client(server).readResource(uri, options);
  }

  /**
   * The known tools of all servers, at once: from the servers, or from the list cache for servers that have not been started. Sends nothing.
   * The list cache is read when the group is created; {@link MCPClientGroup.connect} and {@link MCPClientGroup.listTools} wait for it.
   */
  tools(): GroupTool[] {
    return this.#lists.tools();
  }

  /**
   * The tools of all servers, with their names in the group. Connected servers are asked, unless their list is fresh; a server without a known
   * list is started. Of a server that sleeps, is down or does not respond, the last known tools are listed. 2026-07-28 server/tools.
   * `useCache: false` asks all servers, and starts them if necessary.
   * @throws MCPError with code `MCP_INVALID_PARAMS` for an invalid option, and with `prefix: false` if names are equal. The signal's reason when it
   * is aborted.
   */
  async listTools(options: ListOptions = {}): Promise<MCPTool[]> {
    checkCallOptions('listTools', options, LIST_OPTIONS);
    return this.#lists.named('tools', options);
  }

  /**
   * The prompts of all servers, like {@link MCPClientGroup.listTools}. 2026-07-28 server/prompts.
   * @throws the errors of {@link MCPClientGroup.listTools}
   */
  async listPrompts(options: ListOptions = {}): Promise<MCPPrompt[]> {
    checkCallOptions('listPrompts', options, LIST_OPTIONS);
    return this.#lists.named('prompts', options);
  }

  /**
   * The resources of all servers, each with the name of its server, like {@link MCPClientGroup.listTools}. 2026-07-28 server/resources.
   * @throws the errors of {@link MCPClientGroup.listTools}
   */
  async listResources(options: ListOptions = {}): Promise<GroupResource[]> {
    checkCallOptions('listResources', options, LIST_OPTIONS);
    return this.#lists.owned('resources', options);
  }

  /**
   * The resource templates of all servers, each with the name of its server, like {@link MCPClientGroup.listTools}. 2026-07-28
   * server/resources.
   * @throws the errors of {@link MCPClientGroup.listTools}
   */
  async listResourceTemplates(options: ListOptions = {}): Promise<GroupResourceTemplate[]> {
    checkCallOptions('listResourceTemplates', options, LIST_OPTIONS);
    return this.#lists.owned('resourceTemplates', options);
  }

  /**
   * The operations of one server, with its own names. Its calls wake the server when necessary.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the group has no such server, or its entry cannot be used
   */
  client(server: string): GroupClient {
    const member = this.#member(server);
    const subscriptions = this.#subscriptions.get(member) ?? new Map<string, () => void>();
    this.#subscriptions.set(member, subscriptions);
    return new GroupClient(member, subscriptions);
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (member !== undefined) return member;
    const given: unknown = name;
    if (typeof given !== 'string') throw invalidOption('server', 'the name of a server', given);
    const excluded = this.#excluded.get(name);
    if (excluded !== undefined)
      raise(notStartedMessage(name, excluded), { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    raise(`The group has no server "${safeText(name, LONGEST_NAME)}".${didYouMean(name, this.#members.keys())}`, {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { field: 'server', expected: 'the name of a server of the group', received: 'another name' },
    });
  }

  /** The state of each server, by name. */
  get status(): Readonly<Record<string, GroupServerStatus>> {
    const members = [...this.#members].map(([name, { state }]) => [name, state] as const);
    const excluded = [...this.#excluded].map(([name, { status }]) => [name, status] as const);
    return Object.fromEntries<GroupServerStatus>([...members, ...excluded]);
  }

  /**
   * Explains the state of all servers for people, with the reason of each server that is down. {@link GroupClient.explain} explains one in detail.
   * Sends nothing.
   */
  explain(): string {
    return explainGroup([...this.#members.values()], this.#excluded);
  }

  /** Adds a listener of an event. Returns a function that removes it. */
  on<Name extends keyof MCPClientGroupEvents>(
    event: Name,
    listener: (...args: MCPClientGroupEvents[Name]) => unknown,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Adds a server, and connects it unless it is lazy. Resolves like {@link MCPClientGroup.connect}; the server stays if it could not be connected.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the name is in use, or the server or an option is invalid; MCPConnectionError if the group
   * is closed; the signal's reason when it is aborted.
   */
  async add(name: string, server: GroupServerInput, options: ConnectOptions = {}): Promise<GroupServerReport> {
    checkCallOptions('add', options, CONNECT_OPTIONS);
    options.signal?.throwIfAborted();
    if (this.#closed) throw toError(groupClosed());
    if (this.#members.has(name) || this.#excluded.has(name)) {
      throw invalidOption('name', 'a name that no server of the group has', name);
    }
    const added = this.#add(name, server);
    if ('status' in added) return reportOfExcluded(name, added);
    await added.lists.loaded;
    return added.settings.lazy ? unstarted(added) : connectMember(added, options, this.#options.environment);
  }

  /**
   * Removes a server. Its tools are not listed any more; its pending calls reject. Resolves when its process or session has ended.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the group has no such server
   */
  async remove(name: string): Promise<void> {
    if (this.#excluded.delete(name)) return;
    const member = this.#member(name);
    this.#members.delete(name);
    this.#lists.changed();
    await this.#release(member);
  }

  async #release(member: Member): Promise<void> {
    const gone = member.remove();
    this.#leaving.add(gone);
    await gone;
    this.#leaving.delete(gone);
  }

  /**
   * Closes all servers. Pending calls reject at once. Resolves when all processes, sockets and timers are released, and everything is written to
   * the list cache; never rejects. May be called twice.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const member of this.#members.values()) void this.#release(member);
    await Promise.all(this.#leaving);
  }

  /** Same as {@link MCPClientGroup.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
