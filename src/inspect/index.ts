// A page that shows clients at work: `import { createInspectorServer } from 'mcp-actors/inspect'`. Nothing of it is loaded by the root.
export { createInspectorServer, InspectorServer } from './server.js';
export type { InspectorServerOptions } from './server.js';
export type { Watcher } from './watch.js';
export type { InspectedConnection, InspectedRecording } from '../api/options/inspect-option.js';
