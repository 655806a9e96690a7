import { useSyncExternalStore } from 'react';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;

type Listener = () => void;

/**
 * Whether the service answers.
 *
 * Once a request has found it gone, it is asked again and again, ever more slowly, until it is back or nobody listens.
 */
export class Connection {
  #lost = false;
  #delay = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #isBack: () => Promise<boolean>;
  readonly #onBack: () => void;

  /**
   * @param isBack asks the service for a sign of life.
   * @param onBack is told when it answers again.
   */
  constructor(isBack: () => Promise<boolean>, onBack: () => void) {
    this.#isBack = isBack;
    this.#onBack = onBack;
  }

  /** Whether the service was gone when last asked. */
  get lost(): boolean {
    return this.#lost;
  }

  /** A request found no service. */
  report(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#delay = FIRST_RETRY_MS;
    this.#notify();
    this.#schedule();
  }

  /** Ask now. */
  async retry(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#lost) return;
    if (!(await this.#isBack())) {
      this.#schedule();
      return;
    }
    this.#lost = false;
    this.#notify();
    this.#onBack();
  }

  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    if (this.#lost) this.#schedule();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  };

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => void this.retry(), this.#delay);
    this.#delay = Math.min(this.#delay * 1.5, LONGEST_RETRY_MS);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether the connection is lost, kept up to date. */
export function useConnectionLost(connection: Connection): boolean {
  return useSyncExternalStore(connection.subscribe, () => connection.lost);
}
