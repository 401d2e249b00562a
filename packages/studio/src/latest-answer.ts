/** Answers to a question that changes as one types: asked after a pause, one at a time, stale answers dropped. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Answered<Question, Answer> {
  readonly question: Question;
  readonly answer: Answer;
  /** From asking to the answer. */
  readonly ms: number;
}

export class LatestAnswer<Question, Answer> {
  readonly #ask: (question: Question) => Promise<Answer>;
  readonly #pauseMs: number;
  readonly #answered = signal<Answered<Question, Answer> | undefined>(undefined);
  readonly #failure = signal<unknown>(undefined);
  readonly #isBusy = signal(false);
  #wanted: { readonly question: Question } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  /** Counts what was forgotten: answers of before are nobody's. */
  #era = 0;

  constructor(ask: (question: Question) => Promise<Answer>, pauseMs = 120) {
    this.#ask = ask;
    this.#pauseMs = pauseMs;
  }

  /** The last answer, which stays while the next one is on its way. */
  get answered(): ReadonlySignal<Answered<Question, Answer> | undefined> {
    return this.#answered;
  }

  /** What the last question failed with. */
  get failure(): ReadonlySignal<unknown> {
    return this.#failure;
  }

  get isBusy(): ReadonlySignal<boolean> {
    return this.#isBusy;
  }

  ask(question: Question, pauseMs = this.#pauseMs): void {
    this.#wanted = { question };
    this.#isBusy.value = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#isAsking) void this.#answerAll();
    }, pauseMs);
  }

  /** Wants no answer any more, and shows none. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#era++;
    this.#wanted = undefined;
    this.#answered.value = undefined;
    this.#failure.value = undefined;
    this.#isBusy.value = false;
  }

  async #answerAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#wanted) {
      const { question } = this.#wanted;
      this.#wanted = undefined;
      const era = this.#era;
      const before = performance.now();
      try {
        const answer = await this.#ask(question);
        if (this.#wanted || era !== this.#era) continue;
        this.#answered.value = { question, answer, ms: performance.now() - before };
        this.#failure.value = undefined;
      } catch (error) {
        if (this.#wanted || era !== this.#era) continue;
        this.#failure.value = error;
      }
      this.#isBusy.value = false;
    }
    this.#isAsking = false;
  }
}
