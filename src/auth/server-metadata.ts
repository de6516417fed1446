/** The metadata of an authorization server, as far as this client uses it. RFC 8414, 2; OpenID Connect Discovery 1.0, 3. */
export interface AuthorizationServerMetadata {
  /** The identifier of the server. It is compared as a string, without any normalization. */
  readonly issuer: string;
  readonly authorization_endpoint?: string | undefined;
  readonly token_endpoint?: string | undefined;
  readonly registration_endpoint?: string | undefined;
  readonly revocation_endpoint?: string | undefined;
  /** RFC 8628, 4. */
  readonly device_authorization_endpoint?: string | undefined;
  readonly scopes_supported?: readonly string[] | undefined;
  readonly grant_types_supported?: readonly string[] | undefined;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[] | undefined;
  readonly code_challenge_methods_supported?: readonly string[] | undefined;
  readonly dpop_signing_alg_values_supported?: readonly string[] | undefined;
  readonly client_id_metadata_document_supported?: boolean | undefined;
  readonly authorization_response_iss_parameter_supported?: boolean | undefined;
  readonly require_pushed_authorization_requests?: boolean | undefined;
}

const TEXTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
] as const;
const LISTS = [
  'scopes_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'code_challenge_methods_supported',
  'dpop_signing_alg_values_supported',
] as const;
const FLAGS = [
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
  'require_pushed_authorization_requests',
] as const;

/** The most entries of a list that are read. */
const MOST_ENTRIES = 1_000;

/** The strings of a list; undefined if it is not a list. */
export function stringsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, MOST_ENTRIES).filter((one): one is string => typeof one === 'string');
}

/** Reads a metadata document. Fields of the wrong type are left out. */
export function readServerMetadata(
  issuer: string,
  document: Readonly<Record<string, unknown>>,
): AuthorizationServerMetadata {
  const read: Record<string, unknown> = { issuer };
  for (const name of TEXTS) if (typeof document[name] === 'string') read[name] = document[name];
  for (const name of FLAGS) if (typeof document[name] === 'boolean') read[name] = document[name];
  for (const name of LISTS) {
    const list = stringsOf(document[name]);
    if (list !== undefined) read[name] = list;
  }
  return read as unknown as AuthorizationServerMetadata;
}
