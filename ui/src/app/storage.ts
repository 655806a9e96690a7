/** What is stored under a key as JSON; undefined when there is nothing, or when the browser forbids storage. */
export function readStored(storage: Storage, key: string): unknown {
  try {
    const text = storage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Store a value as JSON; undefined removes it. A browser that forbids storage or has no room keeps nothing. */
export function store(storage: Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // What the page does goes on without.
  }
}
