import { detailsOf, within } from '../checks/problem.js';
import type { CheckProblem, Repair, UncheckedObject } from '../checks/problem.js';
import { repaired } from '../checks/repair.js';
import { failure } from '../../util/failure.js';
import type { Failure, FailureCode } from '../../util/failure.js';
import { invalidResult, unfinishedFailure } from '../methods.js';
import type { MethodEntry, ResultItems } from '../methods.js';
import { notificationCheck } from '../checks/notification-checks.js';
import { safeText } from '../../util/printable.js';
import type { Era } from '../revisions.js';

/** How many problems of one message are reported individually. */
const MOST_WARNINGS = 20;

/** The longest name or path in a warning, in characters. */
const LONGEST_NAME = 80;

/** The repaired message, and a warning for each problem. */
export interface Reading {
  readonly value: UncheckedObject;
  readonly warnings: readonly Failure[];
}

/**
 * Checks a result. Returns undefined if it is valid, the repaired result with warnings, or a failure with the result in `details.result`.
 * 2026-07-28 basic/index, "resultType".
 */
export function readResult(
  method: string,
  entry: MethodEntry,
  era: Era,
  result: UncheckedObject,
): Reading | Failure | undefined {
  const unfinished = unfinishedFailure(method, entry, era, result);
  if (unfinished !== undefined) return unfinished;
  const { check, items } = entry;
  if (check?.(result) === undefined) return undefined;
  const warnings = new Warnings('MCP_INVALID_RESULT', method);
  const read = repaired(items === undefined ? result : withReadItems(result, items, warnings), check, era);
  return 'faults' in read ? warnings.reading(read) : invalidResult(method, read, result);
}

/** Reads the parameters of a notification in the same way. A problem refuses them. */
export function readParams(method: string, params: unknown): Reading | CheckProblem | undefined {
  const check = notificationCheck(method);
  if (check?.(params) === undefined) return undefined;
  const read = repaired(params, check);
  return 'faults' in read ? new Warnings('MCP_INVALID_MESSAGE', method).reading(read) : read;
}

/** Repairs the items of a result individually, so that the work is linear in their number. */
function withReadItems(
  result: UncheckedObject,
  { field, noun, check }: ResultItems,
  warnings: Warnings,
): UncheckedObject {
  const items = result[field];
  if (!Array.isArray(items)) return result;
  const kept: unknown[] = [];
  for (const [index, item] of (items as unknown[]).entries()) {
    const read = repaired(item, check);
    const place: Place = { noun, name: nameOf(item, index), at: `${field}[${index}]` };
    const refused = 'faults' in read ? undescribed(read.faults, noun) : read;
    if (refused === undefined && 'faults' in read) {
      for (const fault of read.faults) warnings.add(fault, place);
      kept.push(read.value);
    } else if (noun === undefined) {
      // The check of the whole result refuses it.
      kept.push(item);
    } else if (refused !== undefined) {
      warnings.add(leftOut(refused), place);
    }
  }
  return { ...result, [field]: kept };
}

/** A model, or a person, chooses an item of a list by its description: one with another value in its place is left out. */
function undescribed(faults: readonly CheckProblem[], noun: string | undefined): CheckProblem | undefined {
  return noun === undefined ? undefined : faults.find(({ path }) => path === 'description');
}

function leftOut(found: CheckProblem): CheckProblem {
  return { ...found, repair: { at: [] } };
}

function nameOf(item: unknown, index: number): string {
  const { name, uri, uriTemplate } = (item ?? {}) as Readonly<Record<string, unknown>>;
  const known = [name, uri, uriTemplate].find((one) => typeof one === 'string' && one !== '');
  return known === undefined ? `number ${index + 1}` : shortened(known as string);
}

function shortened(text: string): string {
  return safeText(text, LONGEST_NAME);
}

/** An item of a result. */
interface Place {
  /** What the items of a list are called; undefined where they have no names. */
  readonly noun: string | undefined;
  readonly name: string;
  readonly at: string;
}

/** The faults of one message, as warnings. */
class Warnings {
  readonly #code: FailureCode;
  readonly #method: string;
  readonly #warnings: Failure[] = [];
  #count = 0;

  constructor(code: FailureCode, method: string) {
    this.#code = code;
    this.#method = method;
  }

  /** Adds a fault that was repaired, of the whole message or of an item in it. */
  add(fault: CheckProblem, item?: Place): void {
    this.#count += 1;
    if (this.#count > MOST_WARNINGS) return;
    const method = this.#method;
    const whole = item === undefined ? fault : within(item.at, fault);
    const seen = item?.noun === undefined ? whole : fault;
    const cure: Repair = seen.repair ?? { at: [] };
    const { at } = cure;
    const subject = [
      ...(at.length === 0 ? [] : [shortened(at.join('.'))]),
      ...(item?.noun === undefined ? [] : [`the ${item.noun} ${item.name}`]),
    ].join(' of ');
    // Numbers differ from message to message, and the text of a warning must not.
    const readAs = typeof cure.value === 'number' ? 'a number' : JSON.stringify(cure.value);
    const done = 'value' in cure ? `read as ${readAs}` : 'left out';
    const why = `${seen.path === '' ? 'it' : seen.path} must be ${seen.expected}, got ${seen.received}`;
    const details = { method, ...(item?.noun !== undefined && { [item.noun]: item.name }), ...detailsOf(whole) };
    this.#warnings.push(failure('protocol', this.#code, `${method}: ${subject} is ${done}: ${why}`, { details }));
  }

  /** The value that was repaired last, with all warnings. */
  reading(read: { readonly value: unknown; readonly faults: readonly CheckProblem[] }): Reading {
    for (const fault of read.faults) this.add(fault);
    const value = read.value as UncheckedObject;
    const more = this.#count - MOST_WARNINGS;
    if (more <= 0) return { value, warnings: this.#warnings };
    const method = this.#method;
    const message = `${method}: ${more} more problems of this kind of message are not reported individually`;
    return { value, warnings: [...this.#warnings, failure('protocol', this.#code, message, { details: { method } })] };
  }
}
