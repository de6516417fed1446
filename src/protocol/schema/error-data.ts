import type { ClientCapabilities } from './capabilities.js';
import type { ElicitRequestURLParams } from './elicitation.js';

/** The `data` of error -32022, UnsupportedProtocolVersion. 2026-07-28 basic/versioning. */
export interface UnsupportedProtocolVersionErrorData {
  /** The revisions that the server supports. */
  supported: string[];
  /** The revision of the request. */
  requested: string;
}

/** The `data` of error -32021, MissingRequiredClientCapability. 2026-07-28 basic/index. */
export interface MissingRequiredClientCapabilityErrorData {
  requiredCapabilities: ClientCapabilities;
}

/** The `data` of error -32042, URLElicitationRequired: pages the user has to visit first. Only in 2025-11-25. 2025-11-25 client/elicitation. */
export interface URLElicitationRequiredErrorData {
  elicitations: ElicitRequestURLParams[];
}
