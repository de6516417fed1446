import { checkRoots } from '../../protocol/checks/server-request-checks.js';
import type {
  ElicitationHandler,
  ServerRequestHandlers,
  RootsHandler,
  SamplingHandler,
  UrlElicitationHandler,
} from '../../protocol/server-requests/server-requests.js';
import type { Root } from '../../protocol/schema/index.js';
import { invalidOption, optionNames, OptionReader, refuseUnknownOptions, unusableOption } from '../../option-checks.js';

/** A handler of sampling, with its optional features. */
export interface SamplingOptions {
  readonly createMessage: SamplingHandler;
  /** Whether it supports `tools` and `toolChoice`. Default false: requests with them are refused. */
  readonly tools?: boolean | undefined;
  /** Whether it supports an `includeContext` other than `none`. Default false: the handler gets `none`. */
  readonly context?: boolean | undefined;
}

/** The handlers of elicitation, by mode. At least one is required. */
export interface ElicitationOptions {
  readonly form?: ElicitationHandler | undefined;
  readonly url?: UrlElicitationHandler | undefined;
}

/** The handlers of server requests. Only the handlers you pass are advertised as capabilities. */
export interface HandlerOptions {
  /**
   * Samples a language model for the server: `(params, context) => ({ role, content, model })`, or an object with this function as
   * `createMessage`. Default: none. 2026-07-28 client/sampling.
   */
  readonly sampling?: SamplingHandler | SamplingOptions | undefined;
  /**
   * Requests input from the user for the server: a function that shows forms, or functions by mode. The content of a form gets the defaults
   * of the form, and is validated. Default: none. 2026-07-28 client/elicitation.
   */
  readonly elicitation?: ElicitationHandler | ElicitationOptions | undefined;
  /**
   * The directories and files in which servers should work, as `file:` URIs, or a function that returns them. `[]` advertises the
   * capability without any roots yet. Default: none. 2026-07-28 client/roots.
   */
  readonly roots?: readonly Root[] | RootsHandler | undefined;
}

const SAMPLING = optionNames<SamplingOptions>({ createMessage: true, tools: true, context: true });
const ELICITATION = optionNames<ElicitationOptions>({ form: true, url: true });

/**
 * Checks the handlers of server requests.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an invalid one.
 */
export function serverRequestHandlers({ sampling, elicitation, roots }: HandlerOptions): ServerRequestHandlers {
  return {
    ...(sampling !== undefined && { sampling: samplingHandler(sampling) }),
    ...(elicitation !== undefined && { elicitation: elicitationHandlers(elicitation) }),
    ...(roots !== undefined && { roots: checkedRoots(roots) }),
  };
}

function samplingHandler(given: NonNullable<HandlerOptions['sampling']>): ServerRequestHandlers['sampling'] {
  const options: Partial<SamplingOptions> = typeof given === 'function' ? { createMessage: given } : given;
  const { createMessage } = asObject('sampling', 'a function, or an object with `createMessage`', options);
  refuseUnknownOptions('sampling', options, SAMPLING, { prefix: 'sampling.' });
  if (typeof createMessage !== 'function') throw invalidOption('sampling.createMessage', 'a function', createMessage);
  const read = new OptionReader<SamplingOptions>(options as SamplingOptions, { prefix: 'sampling.' });
  return { createMessage, tools: read.flag('tools', false), context: read.flag('context', false) };
}

function elicitationHandlers(given: NonNullable<HandlerOptions['elicitation']>): ServerRequestHandlers['elicitation'] {
  const options: ElicitationOptions = typeof given === 'function' ? { form: given } : given;
  const expected = 'a function, or an object with `form` or `url`';
  const { form, url } = asObject('elicitation', expected, options);
  refuseUnknownOptions('elicitation', options, ELICITATION, { prefix: 'elicitation.' });
  if (form === undefined && url === undefined) throw invalidOption('elicitation', expected, given);
  if (form !== undefined && typeof form !== 'function') throw invalidOption('elicitation.form', 'a function', form);
  if (url !== undefined && typeof url !== 'function') throw invalidOption('elicitation.url', 'a function', url);
  return { ...(form !== undefined && { form }), ...(url !== undefined && { url }) };
}

function asObject<Options extends object>(name: string, expected: string, options: Options): Options {
  const value: unknown = options;
  if (typeof value !== 'object' || value === null) throw invalidOption(name, expected, value);
  return options;
}

function checkedRoots(roots: NonNullable<HandlerOptions['roots']>): ServerRequestHandlers['roots'] {
  if (typeof roots === 'function') return roots;
  const wrong = checkRoots(roots);
  if (wrong === undefined) return roots;
  if (wrong.path === '') throw invalidOption('roots', 'a function or an array of roots', roots);
  throw unusableOption(`roots${wrong.path}`, wrong.expected, wrong.received);
}
