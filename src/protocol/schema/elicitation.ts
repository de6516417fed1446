import type { MetaObject } from './base.js';
import type { RequestParams } from './request-meta.js';
import type { TaskMetadata } from './tasks.js';

/** A field for a text. 2026-07-28 client/elicitation. */
export interface StringSchema {
  type: 'string';
  title?: string;
  description?: string;
  minLength?: number;
  maxLength?: number;
  format?: 'email' | 'uri' | 'date' | 'date-time';
  default?: string;
}

/** A field for a number. */
export interface NumberSchema {
  type: 'number' | 'integer';
  title?: string;
  description?: string;
  minimum?: number;
  maximum?: number;
  default?: number;
}

/** A field for yes or no. */
export interface BooleanSchema {
  type: 'boolean';
  title?: string;
  description?: string;
  default?: boolean;
}

/** A choice of one. Since 2025-11-25. */
export interface UntitledSingleSelectEnumSchema {
  type: 'string';
  title?: string;
  description?: string;
  enum: string[];
  default?: string;
}

/** A choice of one, with a title for each. Since 2025-11-25. */
export interface TitledSingleSelectEnumSchema {
  type: 'string';
  title?: string;
  description?: string;
  oneOf: { const: string; title: string }[];
  default?: string;
}

/** A choice of one. */
export type SingleSelectEnumSchema = UntitledSingleSelectEnumSchema | TitledSingleSelectEnumSchema;

/** A choice of several. Since 2025-11-25. */
export interface UntitledMultiSelectEnumSchema {
  type: 'array';
  title?: string;
  description?: string;
  minItems?: number;
  maxItems?: number;
  items: { type: 'string'; enum: string[] };
  default?: string[];
}

/** A choice of several, with a title for each. Since 2025-11-25. */
export interface TitledMultiSelectEnumSchema {
  type: 'array';
  title?: string;
  description?: string;
  minItems?: number;
  maxItems?: number;
  items: { anyOf: { const: string; title: string }[] };
  default?: string[];
}

/** A choice of several. */
export type MultiSelectEnumSchema = UntitledMultiSelectEnumSchema | TitledMultiSelectEnumSchema;

/** A choice of one in the form of 2025-06-18: titles in an array beside the values. */
export interface LegacyTitledEnumSchema {
  type: 'string';
  title?: string;
  description?: string;
  enum: string[];
  enumNames?: string[];
  default?: string;
}

/** A choice. */
export type EnumSchema = SingleSelectEnumSchema | MultiSelectEnumSchema | LegacyTitledEnumSchema;

/** One field of a form. */
export type PrimitiveSchemaDefinition = StringSchema | NumberSchema | BooleanSchema | EnumSchema;

/** A form to show. A form must not ask for secrets. */
export interface ElicitRequestFormParams extends RequestParams {
  /** Absent means `form`. Since 2025-11-25. */
  mode?: 'form';
  message: string;
  /** A flat object: its properties are the fields. */
  requestedSchema: {
    $schema?: string;
    type: 'object';
    properties: { [name: string]: PrimitiveSchemaDefinition };
    required?: string[];
  };
  /** Only in 2025-11-25. */
  task?: TaskMetadata;
}

/** A page to open with the user's consent, in a browser that the client does not see. Since 2025-11-25. */
export interface ElicitRequestURLParams extends RequestParams {
  mode: 'url';
  message: string;
  url: string;
  /** Required in 2025-11-25, gone since. */
  elicitationId?: string;
  /** Only in 2025-11-25. */
  task?: TaskMetadata;
}

/** The parameters of an elicitation: a form or a URL. */
export type ElicitRequestParams = ElicitRequestFormParams | ElicitRequestURLParams;

/** Requests input from the user. Since 2025-06-18. 2026-07-28 client/elicitation. */
export interface ElicitRequest {
  method: 'elicitation/create';
  params: ElicitRequestParams;
}

/** The reaction of the user: accept, decline or cancel. */
export interface ElicitResult {
  action: 'accept' | 'decline' | 'cancel';
  /** The content of an accepted form. */
  content?: { [name: string]: string | number | boolean | string[] };
  _meta?: MetaObject;
}
