/** A clock that stops in pauses, and the gate that a paused run waits at. */
export class PauseClock {
  #paused = 0;
  #since: number | undefined;
  #open: (() => void) | undefined;

  /** Milliseconds without those of pauses. */
  readonly now = (): number => (this.#since ?? performance.now()) - this.#paused;

  /** Stops the clock until `release` is called. */
  async wait(): Promise<void> {
    this.#since = performance.now();
    await new Promise<void>((resolve) => {
      this.#open = resolve;
    });
    this.#paused += performance.now() - this.#since;
    this.#since = undefined;
  }

  get isStopped(): boolean {
    return this.#since !== undefined;
  }

  release(): void {
    this.#open?.();
  }
}
