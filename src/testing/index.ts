// Tools for tests of programs that use mcp-actors: `import { chaos } from 'mcp-actors/testing'`. `mcp-actors` does not load them.
export { chaos, ChaosTransport } from './chaos.js';
export type { ChaosOptions, Fault } from './chaos.js';
export { chaosProxy, ChaosProxy } from './chaos-proxy.js';
export type { ChaosProxyOptions } from './chaos-proxy.js';
export type { Direction, FaultRate } from './fault-plan.js';
export type { FaultName, FaultRates } from './message-faults.js';
export type { ProxyFault, ProxyFaultName, ProxyFaultRates, ProxyHit } from './proxy-faults.js';
export type { ReceivedMessage, ReceivedNotification, ReceivedRequest } from './received-messages.js';
export { parseRecording, readRecording } from './recording-reader.js';
export type { Recording } from './recording-reader.js';
// The contents of recordings, which docs/recording.md describes.
export type {
  ConnectionInput,
  ConnectionPolicy,
  ConnectionWish,
  DesiredState,
  Inheritance,
} from '../machines/connection/connection-context.js';
export type { SignalMark } from '../recording/signal-watch.js';
export type { BackoffPolicy } from '../util/retry-policy.js';
export type { Acceptable } from '../protocol/negotiation.js';
export type { RestartBudget } from '../util/restart-budget.js';
export type { HandlerResponse } from '../protocol/server-requests/server-requests.js';
export type { ClientIdentity } from '../protocol/session.js';
export type {
  RecordedCall,
  RecordedOutcome,
  RecordedInput,
  RecordedEvent,
  RecordedEntry,
  RecordingHeader,
  RecordedOutput,
} from '../recording/recorded-events.js';
export { replay } from './replay/replay.js';
export type { Divergence } from './replay/replay-remark.js';
export type { ReplayedCall, ReplayOptions, ReplayReport } from './replay/replay.js';
export { createScriptedServer, ScriptedServer } from './scripted-server.js';
export type { ScriptedHandler, ScriptedRequest, ScriptedServerOptions } from './scripted-server.js';
export { sequenceDiagram } from './sequence-diagram.js';
export type { SequenceDiagramOptions } from './sequence-diagram.js';
export { SimulatedEnvironment } from './simulated-environment.js';
export type { PendingTimer, SimulationOptions } from './simulated-environment.js';
