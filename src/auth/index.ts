// Sign-in with OAuth: `import { oauth } from 'mcp-actors/auth'`. The root of the package loads nothing of it.
export { clientCredentials } from './grants/client-credentials.js';
export { enterprise } from './grants/enterprise.js';
export type { EnterpriseIdentity, EnterpriseIdp, EnterpriseOptions } from './grants/enterprise.js';
export { interactive } from './grants/interactive.js';
export type { InteractiveGrant, InteractiveOptions } from './grants/interactive.js';
export type { SignInPrompt, SignInReason } from './grants/sign-in-prompt.js';
export { device } from './grants/device.js';
export type { DeviceGrant, DeviceOptions } from './grants/device.js';
export { workloadIdentity } from './grants/workload-identity.js';
export type { WorkloadIdentityOptions } from './grants/workload-identity.js';
export { oauth } from './oauth.js';
export type { OAuthNetworkOptions, OAuthOptions } from './oauth.js';
export type { ClientOption, DocumentedClient, RegisteredClient } from './clients/client-options.js';
export type { PrivateKeyJwk, SigningAlgorithm } from './clients/signing-key.js';
export type { OAuthGrant } from './grants/grant.js';
export type {
  GrantFetchOptions,
  GrantFetchResponse,
  GrantRequest,
  TokenResponse,
  TokenServer,
  UnattendedGrant,
} from './grants/unattended.js';
export type { OAuth } from './oauth-object.js';
export type { ClientAuthMethod } from './client-identity.js';
export type { AuthorizationServerMetadata } from './server-metadata.js';
export { fileStore } from './stores/file-store.js';
export { memoryStore } from './stores/memory-store.js';
export { redisStore } from './stores/redis-store.js';
export type { RedisClient, RedisStoreOptions } from './stores/redis-store.js';
export type { TokenLease, TokenStore } from './stores/token-store.js';
