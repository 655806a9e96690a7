import type { Query } from '@tanstack/react-query';
import { Problem } from './problem';

const FASTEST_MS = 1_000;
const SLOWEST_MS = 15_000;
const GROWTH = 1.4;

type AnyQuery = Pick<Query, 'state'>;

interface Seen {
  data: unknown;
  updates: number;
  interval: number;
}

/**
 * A `refetchInterval` that asks every second while answers change and ever more slowly while they stay the same or fail.
 *
 * What does not exist is not asked for again.
 *
 * Make one for each use of a query (`useState(poll)`): it remembers what it saw.
 */
export function poll(): (query: AnyQuery) => number | false {
  let seen: Seen = { data: undefined, updates: -1, interval: FASTEST_MS };
  return ({ state }) => {
    if (state.error instanceof Problem && state.error.status === 404) return false;
    const updates = state.dataUpdateCount + state.errorUpdateCount;
    // Structural sharing keeps the very object while the answer says the same.
    if (state.data !== seen.data) seen = { data: state.data, updates, interval: FASTEST_MS };
    else if (updates !== seen.updates) {
      seen = { data: state.data, updates, interval: Math.min(seen.interval * GROWTH, SLOWEST_MS) };
    }
    return seen.interval;
  };
}
