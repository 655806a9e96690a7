const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** Date and time in the reader's zone, to be broken between the two alone; `seconds` since 1970. */
export function formatTime(seconds: number, locale: string): string {
  const text = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(seconds * 1000);
  return text.replaceAll(' ', '\u00a0').replace(',\u00a0', ', ');
}

/** The same with seconds and the zone's name. */
export function formatFullTime(seconds: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' }).format(seconds * 1000);
}

/** How long ago, or how soon (`in 5 minutes`), seen from `now`, in Unix seconds too. */
export function formatRelative(seconds: number, now: number, locale: string): string {
  const difference = seconds - now;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(difference) >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.trunc(difference / size), unit);
}
