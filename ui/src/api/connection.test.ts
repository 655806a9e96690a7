import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from './connection';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A connection to a service that is away until `up`. */
function connect() {
  const service = { up: false };
  const asked = vi.fn(() => Promise.resolve(service.up));
  const back = vi.fn();
  return { service, asked, back, connection: new Connection(asked, back) };
}

test('asks ever more slowly until the service is back, and says so once', async () => {
  const { service, asked, back, connection } = connect();
  const heard: boolean[] = [];
  connection.subscribe(() => heard.push(connection.lost));
  connection.report();
  connection.report();
  await vi.advanceTimersByTimeAsync(60_000);
  const attempts = asked.mock.calls.length;
  expect(attempts).toBeGreaterThan(5);
  expect(attempts).toBeLessThan(12);

  service.up = true;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(back).toHaveBeenCalledOnce();
  expect(heard).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveBeenCalledTimes(attempts + 1);
});

test('asks at once when told to', async () => {
  const { service, back, connection } = connect();
  connection.subscribe(() => undefined);
  connection.report();
  service.up = true;
  await connection.retry();
  expect(connection.lost).toBe(false);
  expect(back).toHaveBeenCalledOnce();
});

test('asks nothing while nobody listens, and goes on when somebody does again', async () => {
  const { service, asked, connection } = connect();
  const leave = connection.subscribe(() => undefined);
  connection.report();
  leave();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).not.toHaveBeenCalled();

  service.up = true;
  connection.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection.lost).toBe(false);
});
