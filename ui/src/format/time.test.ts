import { expect, test } from 'vitest';
import { formatRelative, formatTime } from './time';

const MOMENT = Date.UTC(2030, 0, 15, 12, 30) / 1000;

test('times are in the zone of the reader', () => {
  // The tests run in Madrid's zone, an hour ahead of UTC in January.
  expect(formatTime(MOMENT, 'en-GB')).toContain('13:30');
  expect(formatTime(MOMENT, 'es-ES')).toContain('13:30');
});

test.each([
  [45, 'in 45 seconds'],
  [3 * 60 + 5, 'in 3 minutes'],
  [-2 * 3600, '2 hours ago'],
  [26 * 3600, 'tomorrow'],
  [0, 'now'],
])('%s seconds from now is %j', (difference, text) => {
  expect(formatRelative(MOMENT + difference, MOMENT, 'en-GB')).toBe(text);
});
