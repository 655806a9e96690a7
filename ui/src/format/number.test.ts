import { describe, expect, test } from 'vitest';
import { formatBasisPoints, formatNumber, formatShare, parseNumber } from './number';

test('numbers keep their significant digits', () => {
  expect(formatNumber(3527.164233, 'en-GB')).toBe('3,527.16');
  expect(formatNumber(3527.164233, 'es-ES')).toBe('3527,16');
  expect(formatNumber(0.00001234, 'en-GB')).toBe('1.234E-5');
  expect(formatNumber(0, 'en-GB')).toBe('0');
});

test('shares are percentages', () => {
  expect(formatShare(0.3125, 'en-GB')).toBe('31.3%');
  expect(formatShare(-1.56508e37, 'en-GB')).toBe('-1.57E39%');
  expect(formatBasisPoints(7000, 'en-GB')).toBe('70%');
});

describe('parseNumber', () => {
  test.each([
    ['1.5', 1.5],
    ['1,5', 1.5],
    [' -2e3 ', -2000],
    ['.5', 0.5],
  ])('%j is %s', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  test.each(['', 'x', '1.2.3', '0x10', 'Infinity', '1e999', '1 000'])('%j is no number', (text) => {
    expect(parseNumber(text)).toBeUndefined();
  });
});
