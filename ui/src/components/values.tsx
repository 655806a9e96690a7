import { Copy } from 'lucide-react';
import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import { formatEther, formatWei } from '@/format/amount';
import { formatNumber } from '@/format/number';
import { formatFullTime, formatRelative, formatTime } from '@/format/time';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { common } from './messages';
import styles from './values.module.css';

/** Something short whose whole is shown by pointing at it or focusing it, and copied by pressing it. */
export function Copyable({
  full,
  copy,
  children,
  kind = 'text',
}: {
  full: string;
  copy: string;
  children: ReactNode;
  kind?: 'text' | 'code';
}) {
  const m = useMessages(common);
  const [copied, setCopied] = useState(false);
  const onPress = async () => {
    await navigator.clipboard.writeText(copy);
    setCopied(true);
  };
  return (
    <TooltipTrigger delay={300} onOpenChange={(isOpen) => isOpen || setCopied(false)}>
      <Button className={`${styles.copyable} ${styles[kind]}`} onPress={() => void onPress()}>
        {children}
      </Button>
      <Tooltip className={styles.tooltip ?? ''} offset={6}>
        {copied ? m.copied : full} {!copied && <Copy size={12} aria-hidden />}
      </Tooltip>
    </TooltipTrigger>
  );
}

/** An amount in ether; the wei are shown by pointing at it or focusing it. A dash while it is not known. */
export function Amount({ wei }: { wei: string | bigint | null | undefined }) {
  const { format } = useLocale();
  const m = useMessages(common);
  if (wei === null || wei === undefined) return <Unknown />;
  const value = BigInt(wei);
  return (
    <Copyable full={m.wei(formatWei(value, format))} copy={value.toString()}>
      {formatEther(value, format)} <span className={styles.unit}>ETH</span>
    </Copyable>
  );
}

/** The beginning and end of an account's address or a transaction's hash. */
export function Hash({ value, href }: { value: string; href?: string | undefined }) {
  const short = value.length > 14 ? `${value.slice(0, 6)}…${value.slice(-4)}` : value;
  const shown = (
    <Copyable full={value} copy={value} kind="code">
      {short}
    </Copyable>
  );
  if (!href) return shown;
  return (
    <a href={href} target="_blank" rel="noreferrer" className={styles.code} title={value}>
      {short}
    </a>
  );
}

/** A transaction; a link where an explorer of the chain is known. */
export function TransactionHash({ hash, explorerUrl }: { hash: string; explorerUrl: string | null | undefined }) {
  return <Hash value={hash} href={explorerUrl ? `${explorerUrl}/tx/${hash}` : undefined} />;
}

/** A moment in the reader's zone. */
export function Time({ at }: { at: number | null | undefined }) {
  const { format } = useLocale();
  if (at === null || at === undefined) return <Unknown />;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={formatFullTime(at, format)}>
      {formatTime(at, format)}
    </time>
  );
}

/** How long ago or how soon; goes with the clock. */
export function RelativeTime({ at }: { at: number }) {
  const { format } = useLocale();
  const now = useSyncExternalStore(everySecond, () => Math.floor(Date.now() / 1000));
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={formatFullTime(at, format)}>
      {formatRelative(at, now, format)}
    </time>
  );
}

/** A measured number. */
export function Value({ of, digits }: { of: number | null | undefined; digits?: number }) {
  const { format } = useLocale();
  if (of === null || of === undefined) return <Unknown />;
  return <span className={styles.number}>{formatNumber(of, format, digits)}</span>;
}

/** A dash that is read out as "not known yet". */
export function Unknown() {
  const m = useMessages(common);
  return (
    <span className={styles.unknown}>
      <span aria-hidden>–</span>
      <span className="visually-hidden">{m.unknown}</span>
    </span>
  );
}

/** How much of something is done, from 0 to 1. */
export function Progress({ value, label }: { value: number; label: string }) {
  return <progress className={styles.progress} value={Math.min(Math.max(value, 0), 1)} max={1} aria-label={label} />;
}

function everySecond(onTick: () => void): () => void {
  const timer = setInterval(onTick, 1000);
  return () => clearInterval(timer);
}
