export { MCPClient } from './api/client.js';
export type { ClientHealth } from './api/client.js';
export type { AuthorizationStatus, SignInOptions } from './api/operations/authorization-status.js';
export type { HealthReport } from './api/health-report.js';
export { MCPConnection } from './api/connection.js';
export type { ConnectionHealth, ConnectionInfo, ConnectionStatus } from './api/connection.js';
export type { MCPConnectionOptions } from './api/options/mcp-connection-options.js';
export { MCPProtocol } from './api/protocol.js';
export type { MCPCalls } from './api/calls.js';
export type {
  InspectObserver,
  InspectedConnection,
  InspectedRecording,
  InspectTarget,
} from './api/options/inspect-option.js';
export type {
  MCPClientOptions,
  MCPProtocolOptions,
  RetryPolicy,
  ToolErrorPolicy,
  ValidationPolicy,
} from './api/options/options.js';
export type {
  CallToolOptions,
  CallToolParams,
  ConnectOptions,
  ListOptions,
  Progress,
  ReadSkillOptions,
  RequestOptions,
  ResultSchema,
  TypedCallOptions,
} from './api/options/call-options.js';
export type { FailedToolResult, TypedToolResult } from './api/operations/typed-output.js';
export type { OutputIssue, OutputSchema, OutputValidation } from './api/options/standard-schema.js';
export type { Skills } from './api/operations/skills/skills.js';
export type { LoadedSkill } from './api/operations/skills/loaded-skill.js';
export type { SkillFile } from './api/operations/skills/skill-files.js';
export type {
  ConnectTarget,
  HttpServerEntry,
  NetworkServerEntry,
  OtherHttpServerEntry,
  StdioServerEntry,
} from './api/connect-target.js';
export type { MCPClientEventName, MCPClientEvents, NotificationEvent } from './api/events.js';
export type { NotificationHandler } from './api/notification-handlers.js';
export type { ClientLimits } from './api/options/client-limits.js';
export type { ElicitationOptions, HandlerOptions, SamplingOptions } from './api/options/handler-options.js';
export type { RecordOptions } from './recording/record-options.js';
export type { ServerInfo } from './api/server-info.js';
export type { SuspendedClient, SuspendedList } from './api/suspended-client.js';
export type { ToolsDifference } from './api/lists/tools-difference.js';

export {
  MCPAuthenticationError,
  MCPCapabilityError,
  MCPConnectionError,
  MCPError,
  MCPProtocolError,
  MCPTimeoutError,
  MCPToolError,
  MCPTransportError,
} from './errors.js';
export type { MCPErrorOptions } from './errors.js';
export type { Delivery, Failure, FailureCode, FailureKind } from './util/failure.js';

export type { Budget, BudgetLimits } from './util/budget.js';
export { MCPTransport } from './transports/transport.js';
export type { Framing } from './transports/transport.js';
export type { EnvironmentVariables, InheritEnv } from './transports/stdio/child-environment.js';
export type { NetworkTransport } from './transports/network-transport.js';
export type { HeadersOption, NetworkOptions } from './transports/network-options.js';
export type { HttpLimits, TransportLimits } from './transports/transport-limits.js';
export { HttpTransport } from './transports/http/http-transport.js';
export type { HttpTransportOptions } from './transports/http/http-transport.js';
export type { HttpDispatcher } from './transports/http/http-options.js';
export type { OAuth } from './auth/oauth-object.js';
export type { SignInPrompt, SignInReason } from './auth/grants/sign-in-prompt.js';
export type { TokenRefusal, TokenSource } from './auth/token-source.js';
export { MemoryTransport } from './transports/memory-transport.js';
export { SseTransport } from './transports/sse/sse-transport.js';
export type { SseTransportOptions } from './transports/sse/sse-transport.js';
export { StdioTransport } from './transports/stdio/stdio-transport.js';
export type { StdioTransportOptions } from './transports/stdio/stdio-transport.js';
export { WebSocketTransport } from './transports/websocket/websocket-transport.js';
export type {
  WebSocketAgent,
  WebSocketTransportOptions,
  WebSocketView,
} from './transports/websocket/websocket-transport.js';
export type {
  EstablishedSession,
  Link,
  LinkEvents,
  LinkMemory,
  MessageOrigin,
  SendOptions,
  ServerStreamEvents,
  SignInNews,
} from './transports/link.js';

export type { Latencies } from './diagnostics/latency-window.js';
export type { Environment, TimerHandle } from './util/environment.js';
export type { ConnectionState } from './machines/connection/connection-context.js';
export type { LinkActivity, LinkNews, TapEvent } from './machines/connection/link-tap.js';
export type { EraChoice } from './protocol/negotiation.js';
export type {
  Asker,
  ElicitationHandler,
  ServerRequestContext,
  ServerRequestRefusal,
  RootsHandler,
  SamplingHandler,
  UrlElicitationHandler,
} from './protocol/server-requests/server-requests.js';
export type { Session } from './protocol/session.js';
export type { Era, MCPProtocolVersion } from './protocol/revisions.js';
export type { MCPCapability } from './protocol/methods.js';
export { textOf } from './protocol/tool-result.js';
export type {
  JSONRPCErrorObject,
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Params,
  RequestId,
} from './protocol/messages/json-rpc.js';
export type {
  Annotations,
  AudioContent,
  BaseMetadata,
  BlobResourceContents,
  BooleanSchema,
  CacheScope,
  CacheableResult,
  CallToolRequest,
  CallToolRequestParams,
  CallToolResult,
  CancelledNotification,
  CancelledNotificationParams,
  ClientCapabilities,
  ClientNotification,
  CompleteRequest,
  CompleteRequestParams,
  CompleteResult,
  ContentBlock,
  CreateMessageRequest,
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateTaskResult,
  Cursor,
  DiscoverRequest,
  DiscoverResult,
  ElicitRequest,
  ElicitRequestFormParams,
  ElicitRequestParams,
  ElicitRequestURLParams,
  ElicitResult,
  ElicitationCompleteNotification,
  ElicitationCompleteNotificationParams,
  EmbeddedResource,
  EmptyResult,
  EnumSchema,
  GetPromptRequest,
  GetPromptRequestParams,
  GetPromptResult,
  GetSkillRequest,
  GetSkillRequestParams,
  GetSkillResult,
  Icon,
  Icons,
  ImageContent,
  Implementation,
  InitializeRequest,
  InitializeRequestParams,
  InitializeResult,
  InitializedNotification,
  InputRequest,
  InputRequests,
  InputRequiredResult,
  InputResponse,
  InputResponseRequestParams,
  InputResponses,
  JSONArray,
  JSONObject,
  JSONValue,
  KnownContentBlock,
  LegacyTitledEnumSchema,
  ListPromptsRequest,
  ListPromptsResult,
  ListResourceTemplatesRequest,
  ListResourceTemplatesResult,
  ListResourcesRequest,
  ListResourcesResult,
  ListRootsRequest,
  ListRootsResult,
  ListSkillsRequest,
  ListSkillsResult,
  ListToolsRequest,
  ListToolsResult,
  LoggingLevel,
  LoggingMessageNotification,
  LoggingMessageNotificationParams,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPSkill,
  MCPTool,
  MetaObject,
  MissingRequiredClientCapabilityErrorData,
  ModelHint,
  ModelPreferences,
  ModernRequestMetaObject,
  MultiSelectEnumSchema,
  NotificationMetaObject,
  NotificationParams,
  NumberSchema,
  PaginatedRequestParams,
  PaginatedResult,
  PingRequest,
  PrimitiveSchemaDefinition,
  ProgressNotification,
  ProgressNotificationParams,
  ProgressToken,
  PromptArgument,
  PromptListChangedNotification,
  PromptMessage,
  PromptReference,
  ReadResourceRequest,
  ReadResourceRequestParams,
  ReadResourceResult,
  RelatedTaskMetadata,
  RequestMetaObject,
  RequestParams,
  ResourceContents,
  ResourceLink,
  ResourceListChangedNotification,
  ResourceRequestParams,
  ResourceTemplateReference,
  ResourceUpdatedNotification,
  ResourceUpdatedNotificationParams,
  Result,
  ResultFields,
  ResultMetaObject,
  ResultType,
  Role,
  Root,
  RootsListChangedNotification,
  SamplingMessage,
  SamplingMessageContentBlock,
  ServerCapabilities,
  ServerNotification,
  SetLevelRequest,
  SetLevelRequestParams,
  SingleSelectEnumSchema,
  SkillFrontmatter,
  SkillResource,
  StringSchema,
  SubscribeRequest,
  SubscriptionFilter,
  SubscriptionsAcknowledgedNotification,
  SubscriptionsAcknowledgedNotificationParams,
  SubscriptionsListenRequest,
  SubscriptionsListenRequestParams,
  SubscriptionsListenResult,
  SubscriptionsListenResultMetaObject,
  Task,
  TaskMetadata,
  TaskStatus,
  TaskStatusNotification,
  TaskStatusNotificationParams,
  TextContent,
  TextResourceContents,
  TitledMultiSelectEnumSchema,
  TitledSingleSelectEnumSchema,
  ToolAnnotations,
  ToolChoice,
  ToolExecution,
  ToolInputSchema,
  ToolListChangedNotification,
  ToolOutputSchema,
  ToolResultContent,
  ToolUseContent,
  URLElicitationRequiredErrorData,
  UnknownContent,
  UnsubscribeRequest,
  UnsupportedProtocolVersionErrorData,
  UntitledMultiSelectEnumSchema,
  UntitledSingleSelectEnumSchema,
} from './protocol/schema/index.js';
