/** A measured number with up to `digits` significant ones; very large and very small ones in powers of ten. */
export function formatNumber(value: number, locale: string, digits = 6): string {
  const size = Math.abs(value);
  const notation = size !== 0 && (size >= 1e9 || size < 1e-4) ? 'scientific' : 'standard';
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: digits, notation }).format(value);
}

/** A whole number, grouped. */
export function formatCount(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

/** A share from 0 to 1 in percent; what is far out of that, as the error of a model that diverged, in powers of ten. */
export function formatShare(share: number, locale: string): string {
  if (Math.abs(share) >= 1000) {
    return new Intl.NumberFormat(locale, {
      style: 'percent',
      notation: 'scientific',
      maximumSignificantDigits: 3,
    }).format(share);
  }
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

/** Percent given as a number from 0 to 100. */
export function formatPercent(percent: number, locale: string): string {
  return formatShare(percent / 100, locale);
}

/** Basis points in percent. */
export function formatBasisPoints(bps: number, locale: string): string {
  return formatShare(bps / 10_000, locale);
}

/** The number in a text with a decimal point or comma; undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  const normal = text.trim().replace(',', '.');
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(normal)) return undefined;
  const value = Number(normal);
  return Number.isFinite(value) ? value : undefined;
}

/** The size of a file. */
export function formatBytes(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const unit = units[power] ?? 'byte';
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / 1000 ** power);
}
