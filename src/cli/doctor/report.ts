import { withTexts } from '../output/with-texts.js';

/** The checks of a server, in their order. */
export const CHECKS = [
  'entry',
  'command',
  'start',
  'stdout',
  'network',
  'access',
  'protocol',
  'lists',
  'tools',
  'pings',
  'session',
  'close',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `warning`: the server works with this client, but the user or the author of the server should change something. */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

/** The result of a check. Texts are not safe to print yet. */
export interface Finding {
  readonly check: CheckName;
  readonly status: Status;
  /** The result, in one line. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
  /** Facts and texts of the server, a line each. */
  readonly details?: readonly string[];
  /** The check failed only because a person has to sign in. */
  readonly signIn?: boolean;
  /** Facts for programs. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The findings about one server. */
export interface ServerReport {
  readonly server: string;
  /** The entry of a config file, if the server has one. */
  readonly source?: { readonly file: string; readonly line: number } | undefined;
  readonly findings: readonly Finding[];
  /** The finding that should be solved first; undefined if there is none. */
  readonly problem: Finding | undefined;
  /** In ms. */
  readonly took: number;
}

const SEVERITY: Readonly<Record<Status, number>> = { failed: 2, warning: 1, ok: 0, skipped: 0 };

/**
 * The most important problem: the first check that failed, else the first warning. The checks are in the order of causes, so the first one is
 * the cause of the others.
 */
export function mostImportant(findings: readonly Finding[]): Finding | undefined {
  const ordered = [...findings].sort((one, other) => CHECKS.indexOf(one.check) - CHECKS.indexOf(other.check));
  return ordered.find(({ status }) => status === 'failed') ?? ordered.find(({ status }) => status === 'warning');
}

/** The worse of two statuses. */
export function worse(one: Status, other: Status): Status {
  return SEVERITY[other] > SEVERITY[one] ? other : one;
}

/** Collects the findings about a server, in the order of the checks, and makes their texts safe. */
export class Report {
  readonly #findings = new Map<CheckName, Finding>();
  readonly #added: ((finding: Finding) => void) | undefined;
  readonly #startedAt = performance.now();
  /** Removes secrets from a text. */
  hide: (text: string) => string = (text) => text;

  /** @param added called for each finding, so that it can be shown while others are checked */
  constructor(added?: (finding: Finding) => void) {
    this.#added = added;
  }

  add(given: Finding): void {
    const finding = withTexts(given, this.hide) as Finding;
    this.#findings.set(given.check, finding);
    this.#added?.(finding);
  }

  has(check: CheckName): boolean {
    return this.#findings.has(check);
  }

  /** Adds the checks that were not made, because an earlier one failed. */
  skipRest(checks: readonly CheckName[], why: string): void {
    for (const check of checks) if (!this.has(check)) this.add({ check, status: 'skipped', message: why });
  }

  end(server: string, source: ServerReport['source']): ServerReport {
    const findings = CHECKS.flatMap((check) => this.#findings.get(check) ?? []);
    const took = Math.round(performance.now() - this.#startedAt);
    return { server, ...(source !== undefined && { source }), findings, problem: mostImportant(findings), took };
  }
}
