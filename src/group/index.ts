// Many servers as one: `import { MCPClientGroup } from 'mcp-actors/group'`. The root of the package loads nothing of it.
export { MCPClientGroup } from './group.js';
export { GroupClient } from './group-client.js';
export { fileListCache } from './lists/file-list-cache.js';
export { memoryListCache } from './lists/memory-list-cache.js';
export type {
  GroupProblem,
  GroupServerStatus,
  GroupStatusEvent,
  GroupToolsChanged,
  MCPClientGroupEvents,
} from './group-events.js';
export type {
  GroupConnectOptions,
  GroupReport,
  GroupResource,
  GroupResourceTemplate,
  GroupServerReport,
  GroupTool,
} from './group-types.js';
export type { MCPClientGroupOptions } from './group-options.js';
export type {
  GroupConfiguredServer,
  GroupServer,
  GroupServerInput,
  GroupServers,
  GroupServerSettings,
} from './member-settings.js';
export type { FileListCacheOptions } from './lists/file-list-cache.js';
export type { CachedLists, ListCache, ServerLists } from './lists/list-cache.js';
export type { PrefixFunction, PrefixOption } from './names.js';
export type { GroupToolFilter } from './tool-filter.js';
