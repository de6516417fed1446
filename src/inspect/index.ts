// A page that shows running clients: `import { createInspectorServer } from 'mcp-actors/inspect'`. The root export does not load this file.
export { createInspectorServer, InspectorServer } from './server.js';
export type { InspectorServerOptions } from './server.js';
export type { Watcher } from './watch.js';
export type { InspectedConnection, InspectedRecording } from '../api/options/inspect-option.js';
