import type { ElicitRequestFormParams, ElicitResult } from '../../protocol/schema/index.js';
import type { ServerRequestContext } from '../../protocol/server-requests/server-requests.js';
import type { CommandContext } from '../command-context.js';
import { askPerson } from '../prompts.js';
import type { PromptOptions, Prompts } from '../prompts.js';
import { oneLine } from '../terminal.js';
import { printable } from '../../util/printable.js';
import { fieldsOf, fits, valueOf } from './form-fields.js';
import type { Choice, Field, FieldValue } from './form-fields.js';
import { declined } from './declined.js';

/** Where a form is answered. */
export interface FormPlace {
  /** The values of `--answers`, by field name. */
  readonly answers: Readonly<Record<string, unknown>> | undefined;
  readonly context: CommandContext;
  /** The name by which the user called the server. */
  readonly server: string;
}

type Content = Record<string, FieldValue>;

/** Fills in a form: from the file of `--answers`, by a person in a terminal, or not at all. */
export async function answerForm(
  params: ElicitRequestFormParams,
  request: ServerRequestContext,
  place: FormPlace,
): Promise<ElicitResult> {
  const { answers, context, server } = place;
  const fields = fieldsOf(params);
  const known = answers ?? {};
  const given = Object.fromEntries(
    fields.flatMap(({ name }) => (Object.hasOwn(known, name) ? [[name, known[name]]] : [])),
  ) as Content;
  const missing = fields.find(
    ({ name, required, initial }) => required && !Object.hasOwn(given, name) && initial === undefined,
  );
  const misfit = fields.find((field) => Object.hasOwn(given, field.name) && !fits(field, given[field.name]));
  if (misfit !== undefined) {
    const name = oneLine(misfit.name, 60);
    return declined(context, server, `wants a form filled in, and the value of --answers does not fit "${name}"`);
  }
  if (answers !== undefined && missing === undefined) return { action: 'accept', content: given };
  if (context.terminal.interactive) return askForAnswers(params, request, fields, given, place);
  const gap = answers === undefined ? '' : `, and --answers has no value for "${oneLine(missing?.name ?? '', 60)}"`;
  return declined(context, server, `wants a form filled in${gap}`);
}

/** What a prompt returns in place of a value when the user pressed Escape or Ctrl+C. */
type Cancelled = symbol;

function askForAnswers(
  params: ElicitRequestFormParams,
  { signal, warnings }: ServerRequestContext,
  fields: readonly Field[],
  given: Content,
  { context, server }: FormPlace,
): Promise<ElicitResult> {
  return askPerson(
    context.terminal,
    async (clack, common) => {
      clack.intro(`${oneLine(server, 60)} asks for input`, common);
      clack.log.message(printable(params.message), common);
      for (const warning of warnings) clack.log.warn(warning, common);
      const first = await clack.select({
        ...common,
        message: 'What do you want to do?',
        options: [
          { value: 'fill', label: 'Fill in the form' },
          { value: 'decline', label: 'Decline', hint: 'the server is notified' },
          { value: 'cancel', label: 'Cancel', hint: 'no decision' },
        ],
      });
      if (first !== 'fill') return { action: first === 'decline' ? 'decline' : 'cancel' };
      for (;;) {
        const content = await fillIn(clack, common, fields, given);
        if (content === undefined) return { action: 'cancel' };
        const last = await clack.select({
          ...common,
          message: `Send this to ${oneLine(server, 60)}?  ${oneLine(JSON.stringify(content), 200)}`,
          options: [
            { value: 'send', label: 'Send' },
            { value: 'again', label: 'Fill in again' },
            { value: 'decline', label: 'Decline' },
          ],
        });
        if (last === 'send') return { action: 'accept', content };
        if (last !== 'again') return { action: last === 'decline' ? 'decline' : 'cancel' };
      }
    },
    signal,
  );
}

async function fillIn(
  clack: Prompts,
  common: PromptOptions,
  fields: readonly Field[],
  given: Content,
): Promise<Content | undefined> {
  const content: [string, FieldValue][] = [];
  for (const field of fields) {
    const { name, initial } = field;
    const value = await ask(clack, common, field, Object.hasOwn(given, name) ? given[name] : initial);
    if (typeof value === 'symbol') return undefined;
    if (value !== undefined) content.push([name, value]);
  }
  // A field may be called `__proto__`.
  return Object.fromEntries(content);
}

/** Stands for an optional field without a value: prompts of choices have no empty value. */
const LEAVE_OUT = '\u0000';

async function ask(
  clack: Prompts,
  common: PromptOptions,
  field: Field,
  initial: unknown,
): Promise<FieldValue | undefined | Cancelled> {
  const { label, description, required, kind, choices, problem } = field;
  const name = `${label}${required ? '' : ' (optional)'}`;
  // In one line: prompts for text draw no frame before a second one.
  const message = description === undefined ? name : `${name}: ${oneLine(description, 200)}`;
  switch (kind) {
    case 'boolean':
      return required || initial !== undefined
        ? clack.confirm({ ...common, message, initialValue: initial === true })
        : asBoolean(await oneOf(clack, common, message, YES_OR_NO, undefined, false));
    case 'one':
      return oneOf(clack, common, message, choices, initial, required);
    case 'several': {
      const initialValues = Array.isArray(initial) ? initial.map(String) : [];
      const options = choices.map(({ value, label: text }) => ({ value, label: text }));
      for (;;) {
        const chosen = await clack.multiselect<string>({ ...common, message, options, initialValues, required });
        const wrong = typeof chosen === 'symbol' ? undefined : field.wrongCount(chosen.length);
        if (wrong === undefined) return chosen;
        clack.log.warn(wrong, common);
      }
    }
    default: {
      const initialValue = typeof initial === 'string' || typeof initial === 'number' ? String(initial) : '';
      const text = await clack.text({ ...common, message, initialValue, validate: (value) => problem(value ?? '') });
      return typeof text === 'symbol' ? text : valueOf(field, text);
    }
  }
}

const YES_OR_NO: readonly Choice[] = [
  { value: 'true', label: 'Yes' },
  { value: 'false', label: 'No' },
];

function asBoolean(value: FieldValue | undefined | Cancelled): FieldValue | undefined | Cancelled {
  return typeof value === 'string' ? value === 'true' : value;
}

async function oneOf(
  clack: Prompts,
  common: PromptOptions,
  message: string,
  choices: readonly Choice[],
  initial: unknown,
  required: boolean,
): Promise<FieldValue | undefined | Cancelled> {
  const options = choices.map(({ value, label }) => ({ value, label }));
  const value = await clack.select<string>({
    ...common,
    message,
    options: required ? options : [...options, { value: LEAVE_OUT, label: '(leave out)' }],
    ...(typeof initial === 'string' && { initialValue: initial }),
  });
  return value === LEAVE_OUT ? undefined : value;
}
