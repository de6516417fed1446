import type { OpenQuestion, QuestionService } from '../machines/server-questions.js';
import { describeAge } from '../protocol/age.js';
import { answerQuestion } from '../protocol/answer-question.js';
import type { ResolvedOptions } from './options.js';
import { safeText } from '../protocol/printable.js';

/** Who answers what servers ask; undefined when nobody does. `connection`: what whoever supervises it calls the connection. */
export function questionService(
  { questionHandlers: handlers, limits }: Pick<ResolvedOptions, 'questionHandlers' | 'limits'>,
  connection: string | undefined,
): QuestionService | undefined {
  if (Object.keys(handlers).length === 0) return undefined;
  return {
    limit: limits.maxQuestions,
    answer: (question, { serverInfo, protocolVersion }, signal, tell) => {
      void answerQuestion(question, handlers, { serverInfo, protocolVersion, connection }, signal).then(tell);
    },
  };
}

/** What is being answered just now, in words. */
export function describeQuestions(open: readonly OpenQuestion[], now: number): string[] {
  const [oldest] = open;
  if (oldest === undefined) return [];
  const more = open.length === 1 ? '' : `, and to ${open.length - 1} more`;
  const age = describeAge(Math.max(now - oldest.since, 0));
  return [`The server has waited ${age} for an answer to ${safeText(oldest.method, 80)}${more}.`];
}
