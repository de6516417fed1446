import { exec } from 'node:child_process';

import type { Link, LinkEvents } from '../transports/link.js';
import { HttpTransport } from '../transports/http/http-transport.js';
import { headerSecrets } from '../transports/secret-values.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { isHeaderValue, isToken } from '../protocol/http-headers.js';

/** How long a command may take, in ms. Claude Code allows the same. */
const TIMEOUT = 10_000;

/** The longest output of a command, in bytes. */
const LONGEST_OUTPUT = 64 * 1024;

/** A command that prints headers, and where it runs. */
export interface HeadersHelper {
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Streamable HTTP with the headers that a command prints. The command runs in a shell each time a link is opened: when a client connects and
 * reconnects.
 */
export class HelperTransport extends HttpTransport {
  readonly #helper: HeadersHelper;
  #printed: Readonly<Record<string, string>> = {};

  constructor(url: string, headers: Readonly<Record<string, string>>, helper: HeadersHelper) {
    super(url, { headers });
    this.#helper = helper;
  }

  /** The headers of the entry, and over them the ones that the command printed last. */
  override get headers(): Readonly<Record<string, string>> {
    // A getter of the base class is called by its constructor, before there are fields of this one.
    return #printed in this ? merged(super.headers, this.#printed) : super.headers;
  }

  protected override async open(events: LinkEvents, signal?: AbortSignal): Promise<Link> {
    const printed = await run(this.#helper, signal);
    for (const value of headerSecrets(Object.entries(printed).flat())) this.secrets.add(value);
    this.#printed = printed;
    return super.open(events);
  }
}

function merged(
  given: Readonly<Record<string, string>>,
  printed: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = new Set(Object.keys(printed).map((name) => name.toLowerCase()));
  const kept = Object.entries(given).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...printed };
}

async function run(helper: HeadersHelper, signal?: AbortSignal): Promise<Record<string, string>> {
  const { command, cwd, env } = helper;
  const output = await new Promise<string>((resolve, reject) => {
    const options = { cwd, env, timeout: TIMEOUT, maxBuffer: LONGEST_OUTPUT, windowsHide: true, signal };
    const child = exec(command, options, (thrown, stdout) => {
      if (thrown === null) resolve(stdout);
      // The message of the error contains the command and its output, which may be secrets.
      else if (signal?.aborted === true) reject(signal.reason as Error);
      else
        reject(problem(thrown.killed === true ? `took longer than ${TIMEOUT} ms` : `failed (${String(thrown.code)})`));
    });
    child.stdin?.end();
  });
  return headersIn(output);
}

function headersIn(output: string): Record<string, string> {
  let printed: unknown;
  try {
    printed = JSON.parse(output);
  } catch {
    throw problem('did not print JSON');
  }
  if (typeof printed !== 'object' || printed === null || Array.isArray(printed))
    throw problem('did not print an object of texts');
  for (const [name, value] of Object.entries(printed)) {
    if (!isToken(name) || typeof value !== 'string' || !isHeaderValue(value))
      throw problem('printed a header that is not valid');
  }
  return printed as Record<string, string>;
}

function problem(what: string): Failure {
  return failure('transport', 'MCP_TRANSPORT_FAILED', `The command of headersHelper ${what}`, { delivery: 'not-sent' });
}
