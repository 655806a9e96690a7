import { describe, expect, test } from 'vitest';
import { etherText, formatEther, formatWei, parseEther } from './amount';

describe('formatEther', () => {
  test.each([
    [0n, '0'],
    [10n ** 18n, '1'],
    [1_050_000_000_000_000_000n, '1.05'],
    [1_234_567n * 10n ** 18n, '1,234,567'],
    [999_999_999_999_999_999n, '0.999999'],
    [10n ** 12n, '0.000001'],
    [1n, '<0.000001'],
  ])('%s wei is %s ETH', (wei, text) => {
    expect(formatEther(wei, 'en-GB')).toBe(text);
  });

  test('uses the comma in Spanish', () => {
    expect(formatEther(1_050_000_000_000_000_000n, 'es-ES')).toBe('1,05');
  });

  test('keeps digits that a number would lose', () => {
    expect(formatWei(123_456_789_012_345_678_901n, 'en-GB')).toBe('123,456,789,012,345,678,901');
  });
});

describe('parseEther', () => {
  test.each([
    ['1', 10n ** 18n],
    ['0.5', 5n * 10n ** 17n],
    ['0,5', 5n * 10n ** 17n],
    ['.25', 25n * 10n ** 16n],
    [' 2. ', 2n * 10n ** 18n],
    ['0.000000000000000001', 1n],
  ])('%j is %s wei', (text, wei) => {
    expect(parseEther(text)).toBe(wei);
  });

  test.each(['', '.', '-1', '1e18', 'one', '1.2.3', '0.0000000000000000001', '1,000.5'])('%j is no amount', (text) => {
    expect(parseEther(text)).toBeUndefined();
  });

  test.each([0n, 1n, 10n ** 18n, 123_456_789_012_345_678_901n])('reads back what etherText wrote of %s wei', (wei) => {
    expect(parseEther(etherText(wei))).toBe(wei);
  });
});
