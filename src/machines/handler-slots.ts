import type { Question, QuestionAnswer } from '../protocol/questions.js';
import type { Session } from '../protocol/session.js';
import type { QuestionService } from './server-questions.js';

/** A server request that is handled, or waits for that. */
interface Handled {
  readonly signal: AbortSignal;
  readonly begin: () => void;
}

/**
 * The places of handlers on one connection. A place is taken when a handler is asked and free when it has settled, also when nobody wants its
 * answer any more: a server that asks and cancels keeps no more handlers at work than one that only asks. Where no place is free, requests of
 * calls wait their turn; those that a legacy server makes by itself are refused before they come here.
 */
export class HandlerSlots implements QuestionService {
  readonly limit: number;
  readonly #service: QuestionService;
  readonly #atWork = new Set<Handled>();
  #waiting: Handled[] = [];

  constructor(service: QuestionService) {
    this.#service = service;
    this.limit = service.limit;
  }

  /** How many handlers are at work although what they were asked was withdrawn. */
  get abandoned(): number {
    let count = 0;
    for (const { signal } of this.#atWork) if (signal.aborted) count += 1;
    return count;
  }

  answer(question: Question, session: Session, signal: AbortSignal, tell: (answer: QuestionAnswer) => void): void {
    const free = (): void => {
      if (this.#atWork.delete(handled)) this.#beginNext();
    };
    const begin = (): void => {
      this.#atWork.add(handled);
      const told = (answer: QuestionAnswer): void => {
        // One that was withdrawn is told of at once, whatever the handler still does.
        const settled = !signal.aborted;
        tell(answer);
        if (settled) free();
      };
      this.#service.answer(question, session, signal, told, free);
    };
    const handled: Handled = { signal, begin };
    if (this.#atWork.size < this.limit) begin();
    else this.#waiting.push(handled);
  }

  #beginNext(): void {
    while (this.#waiting.length > 0 && this.#atWork.size < this.limit) {
      const next = this.#waiting.shift();
      if (next?.signal.aborted === false) next.begin();
    }
  }
}
