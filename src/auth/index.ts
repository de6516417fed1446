// Sign-in with OAuth: `import { oauth } from 'mcp-actors/auth'`. The root of the package loads nothing of it.
export { interactive } from './grants/interactive.js';
export type { InteractiveGrant, InteractiveOptions, SignInPrompt, SignInReason } from './grants/interactive.js';
export { oauth } from './oauth.js';
export type { ClientOption, DocumentedClient, OAuthNetworkOptions, OAuthOptions, RegisteredClient } from './oauth.js';
export type { OAuth } from './oauth-object.js';
export type { ClientAuthMethod } from './client-identity.js';
export type { AuthorizationServerMetadata } from './server-metadata.js';
export { memoryStore } from './stores/memory-store.js';
export type { TokenStore } from './stores/token-store.js';
