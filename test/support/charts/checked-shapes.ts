import {
  checkCancelledParams,
  checkListChangedParams,
  checkLoggingMessageParams,
  checkProgressParams,
  checkResourceUpdatedParams,
  checkSubscriptionsAcknowledgedParams,
} from '../../../src/protocol/checks/notification-checks.js';
import {
  checkCallToolResult,
  checkCompleteResult,
  checkDiscoverResult,
  checkEmptyResult,
  checkGetPromptResult,
  checkInitializeResult,
  checkListPromptsResult,
  checkListResourcesResult,
  checkListResourceTemplatesResult,
  checkListToolsResult,
  checkReadResourceResult,
  checkSubscriptionsListenResult,
} from '../../../src/protocol/checks/result-checks.js';
import type { ResultCheck } from '../../../src/protocol/checks/result-checks.js';

/** The revision that most shapes are held against. */
export const MODERN = '2026-07-28';
/** The revision of what {@link MODERN} does not have any more. */
export const LEGACY = '2025-11-25';

const meta = { 'io.modelcontextprotocol/serverInfo': { name: 'server', version: '1' }, traceparent: 'x' };
const complete = { resultType: 'complete', _meta: meta };
const cacheable = { ...complete, ttlMs: 1000, cacheScope: 'public' };
const page = { ...cacheable, nextCursor: '' };
const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48', 'any'], theme: 'light' }];
const annotations = { audience: ['user', 'assistant'], priority: 0.5, lastModified: '2026-07-28T00:00:00Z' };
const named = { name: 'n', title: 't', description: 'd', icons, _meta: { key: 'value' } };
/** A server with every field that one may have. */
export const serverInfo = {
  name: 'n',
  version: '1',
  title: 't',
  description: 'd',
  icons,
  websiteUrl: 'https://example.com',
};
const resource = { ...named, uri: 'file:///r', mimeType: 'text/plain', annotations, size: 3 };
const capabilities = {
  experimental: { feature: { on: true } },
  logging: {},
  completions: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  tools: { listChanged: false },
};
const textContents = { uri: 'file:///r', mimeType: 'text/plain', text: 'x', _meta: {} };
const content = [
  { type: 'text', text: 'x', annotations, _meta: {} },
  { type: 'image', data: 'eA==', mimeType: 'image/png', annotations, _meta: {} },
  { type: 'audio', data: 'eA==', mimeType: 'audio/wav', annotations, _meta: {} },
  { type: 'resource_link', ...resource },
  { type: 'resource', resource: textContents, annotations, _meta: {} },
  { type: 'resource', resource: { uri: 'file:///b', blob: 'eA==' } },
];
const subscription = { 'io.modelcontextprotocol/subscriptionId': 'listen-1' };

/** A shape that a check vouches for. */
export interface Shape {
  /** Name and revision of the official definition. */
  readonly definition: string;
  readonly revision: string;
  readonly check: ResultCheck;
  /** A value with every field that the check looks at. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Every shape with an official definition of its own. */
export const SHAPES: Shape[] = [
  {
    definition: 'InitializeResult',
    revision: LEGACY,
    check: checkInitializeResult,
    whole: {
      protocolVersion: LEGACY,
      capabilities: { ...capabilities, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      serverInfo,
      instructions: 'i',
      _meta: {},
    },
  },
  {
    definition: 'DiscoverResult',
    revision: MODERN,
    check: checkDiscoverResult,
    whole: {
      supportedVersions: [MODERN, LEGACY],
      capabilities: { ...capabilities, extensions: { 'com.example/a': { setting: [1, 'x'] } } },
      instructions: 'i',
      ...cacheable,
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    },
  },
  {
    definition: 'ListToolsResult',
    revision: MODERN,
    check: checkListToolsResult,
    whole: {
      tools: [
        {
          ...named,
          inputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: {} },
          outputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'array' },
          annotations: {
            title: 't',
            readOnlyHint: true,
            destructiveHint: false,
            idempotentHint: true,
            openWorldHint: false,
          },
        },
        { name: 'plain', inputSchema: { type: 'object' } },
      ],
      ...page,
    },
  },
  {
    definition: 'ListToolsResult',
    revision: LEGACY,
    check: checkListToolsResult,
    whole: { tools: [{ name: 'n', inputSchema: { type: 'object' }, execution: { taskSupport: 'optional' } }] },
  },
  {
    definition: 'CallToolResult',
    revision: MODERN,
    check: checkCallToolResult,
    whole: { content, structuredContent: { any: 'thing' }, isError: false, ...complete },
  },
  {
    definition: 'ListPromptsResult',
    revision: MODERN,
    check: checkListPromptsResult,
    whole: {
      prompts: [
        { ...named, arguments: [{ name: 'a', title: 't', description: 'd', required: true }, { name: 'b' }] },
        { name: 'plain' },
      ],
      ...page,
    },
  },
  {
    definition: 'GetPromptResult',
    revision: MODERN,
    check: checkGetPromptResult,
    whole: {
      description: 'd',
      messages: [
        ...content.map((block) => ({ role: 'user', content: block })),
        { role: 'assistant', content: content[0] },
      ],
      ...complete,
    },
  },
  {
    definition: 'ListResourcesResult',
    revision: MODERN,
    check: checkListResourcesResult,
    whole: { resources: [resource, { uri: 'file:///p', name: 'plain' }], ...page },
  },
  {
    definition: 'ListResourceTemplatesResult',
    revision: MODERN,
    check: checkListResourceTemplatesResult,
    whole: {
      resourceTemplates: [
        { ...named, uriTemplate: 'file:///{path}', mimeType: 'text/plain', annotations },
        { uriTemplate: 'file:///{p}', name: 'plain' },
      ],
      ...page,
    },
  },
  {
    definition: 'ReadResourceResult',
    revision: MODERN,
    check: checkReadResourceResult,
    whole: { contents: [textContents, { uri: 'file:///b', mimeType: 'image/png', blob: 'eA==' }], ...cacheable },
  },
  {
    definition: 'CompleteResult',
    revision: MODERN,
    check: checkCompleteResult,
    whole: { completion: { values: ['a', ''], total: 2, hasMore: false }, ...complete },
  },
  { definition: 'EmptyResult', revision: MODERN, check: checkEmptyResult, whole: complete },
  { definition: 'EmptyResult', revision: LEGACY, check: checkEmptyResult, whole: { _meta: {} } },
  {
    definition: 'SubscriptionsListenResult',
    revision: MODERN,
    check: checkSubscriptionsListenResult,
    whole: { resultType: 'complete', _meta: subscription },
  },
  {
    definition: 'NotificationParams',
    revision: MODERN,
    check: checkListChangedParams,
    whole: { _meta: subscription },
  },
  {
    definition: 'ProgressNotificationParams',
    revision: MODERN,
    check: checkProgressParams,
    whole: { progressToken: 0, progress: 0.5, total: 1.5, message: 'm', _meta: {} },
  },
  {
    definition: 'CancelledNotificationParams',
    revision: MODERN,
    check: checkCancelledParams,
    whole: { requestId: 'r', reason: 'x', _meta: subscription },
  },
  {
    definition: 'LoggingMessageNotificationParams',
    revision: MODERN,
    check: checkLoggingMessageParams,
    whole: { level: 'emergency', logger: 'l', data: 'anything', _meta: {} },
  },
  {
    definition: 'ResourceUpdatedNotificationParams',
    revision: MODERN,
    check: checkResourceUpdatedParams,
    whole: { uri: 'file:///r', _meta: subscription },
  },
  {
    definition: 'SubscriptionsAcknowledgedNotificationParams',
    revision: MODERN,
    check: checkSubscriptionsAcknowledgedParams,
    whole: {
      notifications: {
        toolsListChanged: true,
        promptsListChanged: false,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///r'],
      },
      _meta: subscription,
    },
  },
];
