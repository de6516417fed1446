// Config files of this package and of other programs: `import { loadServers } from 'mcp-actors/config'`. The root of the package loads nothing
// of it.
export { loadServers } from './load-servers.js';
export { configPaths } from './config-paths.js';
export type { ConfigPath } from './config-paths.js';
export { addServer, removeServer } from './edits/edit-file.js';
export type { Edited, EditOptions, OwnEntry } from './edits/edit-file.js';
export { importServers } from './edits/import-servers.js';
export type { ImportedServer, ImportOptions } from './edits/import-servers.js';
export { trustServer, untrustServer } from './edits/trust-servers.js';
export type { TrustOptions } from './edits/trust-servers.js';
export type { ConfigFiles } from './files.js';
export { fileTrustStore } from './trust/file-trust-store.js';
export { memoryTrustStore } from './trust/trust-store.js';
export type { Agreement, TrustStore } from './trust/trust-store.js';
export { SOURCE_NAMES } from './types.js';
export type {
  ConfigInput,
  ConfigProblem,
  ConfigProblemCode,
  ConfiguredAuth,
  ConfiguredServer,
  ConfiguredServerJson,
  LoadedServers,
  LoadServersOptions,
  ServerDescription,
  ServerOptions,
  ServerSettings,
  ServerSource,
  ServerTransport,
  SourceName,
  ToolFilter,
  UntrustedEntry,
} from './types.js';
