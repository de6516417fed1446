import type { ClientFlags } from '../with-client.js';

/** Flags of `list`. */
export interface ListFlags extends ClientFlags {
  readonly json?: boolean | undefined;
  readonly tools?: boolean | undefined;
  readonly resources?: boolean | undefined;
  readonly prompts?: boolean | undefined;
  readonly templates?: boolean | undefined;
  readonly schema?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly offline?: boolean | undefined;
  readonly check?: boolean | undefined;
}
