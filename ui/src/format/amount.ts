const WEI_PER_ETHER = 10n ** 18n;
const SHOWN_DECIMALS = 6;
const ETHER_DECIMALS = 18;

/**
 * Wei in ether with at most six decimals, rounded down, so that nobody is shown more than there is.
 *
 * An amount that is too small for that is shown as less than the smallest one (`<0.000001`).
 */
export function formatEther(wei: bigint, locale: string): string {
  const unit = 10n ** BigInt(ETHER_DECIMALS - SHOWN_DECIMALS);
  if (wei > 0n && wei < unit) return `<${formatDecimal(0n, '000001', locale)}`;
  const fraction = ((wei % WEI_PER_ETHER) / unit).toString().padStart(SHOWN_DECIMALS, '0').replace(/0+$/, '');
  return formatDecimal(wei / WEI_PER_ETHER, fraction, locale);
}

/** Wei with all digits, grouped. */
export function formatWei(wei: bigint, locale: string): string {
  return new Intl.NumberFormat(locale, { useGrouping: true }).format(wei);
}

/** Ether with all its digits and a point, as it is typed: `1.05`. */
export function etherText(wei: bigint): string {
  const fraction = (wei % WEI_PER_ETHER).toString().padStart(ETHER_DECIMALS, '0').replace(/0+$/, '');
  return fraction ? `${wei / WEI_PER_ETHER}.${fraction}` : `${wei / WEI_PER_ETHER}`;
}

/** The wei in a typed amount of ether (`0.5`, `0,5`); undefined when it is no amount, or finer than a wei. */
export function parseEther(text: string): bigint | undefined {
  const match = /^(\d*)(?:[.,](\d{0,18}))?$/.exec(text.trim());
  if (!match || (!match[1] && !match[2])) return undefined;
  return BigInt(match[1] || '0') * WEI_PER_ETHER + BigInt((match[2] ?? '').padEnd(ETHER_DECIMALS, '0'));
}

function formatDecimal(whole: bigint, fraction: string, locale: string): string {
  const text = new Intl.NumberFormat(locale).format(whole);
  if (!fraction) return text;
  const separator = new Intl.NumberFormat(locale).formatToParts(1.5).find((part) => part.type === 'decimal')?.value;
  return `${text}${separator ?? '.'}${fraction}`;
}
