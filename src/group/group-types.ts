import type { ConnectOptions } from '../api/options/call-options.js';
import type { MCPError } from '../errors.js';
import type { MCPResource, MCPResourceTemplate, MCPTool } from '../protocol/schema/index.js';
import type { GroupServerStatus } from './group-events.js';

/** Options of {@link MCPClientGroup.connect}. */
export interface GroupConnectOptions extends ConnectOptions {
  /** The names of servers that must be connected: `connect()` rejects as soon as one of them cannot be. Default: none. */
  readonly required?: readonly string[] | undefined;
}

/** How one server of a group was connected. */
export interface GroupServerReport {
  /** `awake` if it is connected, `asleep` if it is lazy, `waking` if the time has passed. */
  readonly status: GroupServerStatus;
  /** Why it is not connected, or its tools could not be listed. */
  readonly error: MCPError | undefined;
  /** How long it took to connect and to list the tools, or to fail, in ms. */
  readonly took: number;
}

/** The result of {@link MCPClientGroup.connect}, by name of the server. */
export type GroupReport = Readonly<Record<string, GroupServerReport>>;

/** A tool of a group. */
export interface GroupTool {
  /** Its name in the group. */
  readonly name: string;
  /** Its server. */
  readonly server: string;
  /** Whether a call is expected to reach the server: false while it is down, or its connection is lost. A server that sleeps is available. */
  readonly available: boolean;
  /** The definition of the server, with its own name. */
  readonly definition: MCPTool;
}

/** A resource of a group: it can be passed to {@link MCPClientGroup.readResource}. */
export type GroupResource = MCPResource & {
  /** The name of its server. */
  readonly server: string;
};

/** A resource template of a group. */
export type GroupResourceTemplate = MCPResourceTemplate & {
  /** The name of its server. */
  readonly server: string;
};
