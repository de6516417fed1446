import { inputVariable } from '../entries/resolve.js';
import type { RawEntry } from '../entries/raw-entry.js';
import { parseTemplate, SHELL_SYNTAX } from '../entries/template.js';
import type { Template, Variable } from '../entries/template.js';
import type { OwnEntry } from './edit-file.js';

/** The folders that stand for variables of editors. */
export interface ImportedPlaces {
  readonly home: string;
  readonly folder: string;
  readonly separator: string;
}

/** An entry in our format, with what it could not express. */
export interface Translated {
  /** Undefined if the entry would mean something else in our format. */
  readonly entry: OwnEntry | undefined;
  /** Why it cannot be translated, and which parts are left out. They contain no values. */
  readonly notes: readonly string[];
}

/**
 * Writes an entry of another program in our format. Variables stay variables: no value is copied that was not in the file. A part that our format
 * does not have is left out if the server works without it.
 */
export function toOwnEntry(entry: RawEntry, places: ImportedPlaces): Translated {
  const translation = new Translation(places);
  const { kind, command, args, env, envFile, cwd, url, headers, headersHelper, settings, auth } = entry;
  if (kind === undefined) return { entry: undefined, notes: ['its transport is not clear'] };
  if (envFile !== undefined) return { entry: undefined, notes: ['our format has no "envFile"'] };
  const own = {
    ...(kind !== 'url' && { type: kind === 'websocket' ? 'ws' : kind }),
    ...(kind === 'stdio'
      ? {
          command: translation.text(command),
          ...(args.length > 0 && { args: args.map((arg) => translation.text(arg)) }),
          ...(env.size > 0 && { env: translation.texts(env) }),
          ...(cwd && { cwd: translation.text(cwd) }),
        }
      : {
          url: translation.text(url),
          ...(headers.size > 0 && { headers: translation.texts(headers) }),
          ...(headersHelper !== undefined && { headersHelper }),
        }),
    ...(entry.timeout !== undefined && { timeout: entry.timeout }),
    ...(!entry.enabled && { disabled: true }),
    ...(entry.include && { tools: entry.include }),
    ...(entry.exclude && { excludeTools: entry.exclude }),
    ...(auth?.enabled === true && { oauth: oauthOf(auth) }),
    ...(Object.keys(settings).length > 0 && { mcpActors: settings }),
  };
  if (translation.reason !== undefined) return { entry: undefined, notes: [translation.reason] };
  const notes = [
    ...(entry.connectTimeout === undefined ? [] : ['the time limit of the start is left out']),
    ...(auth?.clientSecret === undefined ? [] : ['the secret of the OAuth client is left out']),
  ];
  return { entry: own, notes };
}

function oauthOf({ clientId, scopes, callbackPort, metadataUrl }: NonNullable<RawEntry['auth']>): OwnEntry {
  return {
    ...(clientId !== undefined && { clientId }),
    ...(scopes && { scopes: scopes.join(' ') }),
    ...(callbackPort !== undefined && { callbackPort }),
    ...(metadataUrl !== undefined && { authServerMetadataUrl: metadataUrl }),
  };
}

class Translation {
  readonly #places: ImportedPlaces;
  /** Why the entry cannot be translated. */
  reason: string | undefined;

  constructor(places: ImportedPlaces) {
    this.#places = places;
  }

  text(template: Template | undefined): string {
    return (template?.parts ?? [])
      .map((part) => (typeof part === 'string' ? this.#literal(part) : this.#variable(part)))
      .join('');
  }

  texts(templates: ReadonlyMap<string, Template>): OwnEntry {
    return Object.fromEntries([...templates].map(([name, template]) => [name, this.text(template)]));
  }

  #literal(text: string): string {
    const { parts } = parseTemplate(text, SHELL_SYNTAX);
    if (parts.some((part) => typeof part !== 'string')) this.reason ??= 'a text would be a variable in our format';
    return text;
  }

  #variable({ kind, name, fallback, optional }: Variable): string {
    const { home, folder, separator } = this.#places;
    switch (kind) {
      case 'env':
        if (!/^[A-Za-z_]\w*$/.test(name)) this.reason ??= 'the name of a variable is not valid in our format';
        if (fallback?.includes('}') === true) this.reason ??= 'a default contains "}"';
        return fallback !== undefined || optional === true ? `\${${name}:-${fallback ?? ''}}` : `\${${name}}`;
      case 'input':
        return `\${${inputVariable(name)}}`;
      case 'place':
        if (name === 'userHome') return home;
        if (name === 'workspaceFolder') return folder;
        return name === 'workspaceFolderBasename' ? (folder.split(separator).at(-1) ?? '') : separator;
      case 'file':
      case 'unsupported':
        this.reason ??= `our format has no variable for ${kind === 'file' ? 'the text of a file' : name}`;
        return '';
    }
  }
}
