import { Copy } from 'lucide-react';
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import { formatEther, formatWei } from '@/format/amount';
import { formatNumber } from '@/format/number';
import { formatFullTime, formatRelative, formatTime } from '@/format/time';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { common } from './messages';
import styles from './values.module.css';

/** How long the whole stays on a screen that is touched, where nothing is pointed at. */
const SHOWN_MS = 5_000;

/** Something short whose whole is shown by pointing at it, focusing it or pressing it, which copies it as well. */
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
  const [isOpen, setOpen] = useState(false);
  const [pressed, setPressed] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (pressed === null) return undefined;
    const timer = setTimeout(() => {
      setOpen(false);
      setPressed(null);
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [pressed]);
  const onPress = async () => {
    setPressed((await copyText(copy)) ? 'copied' : 'refused');
    setOpen(true);
  };
  const onOpenChange = (opens: boolean) => {
    setOpen(opens);
    if (opens) setPressed(null);
  };
  return (
    <TooltipTrigger delay={300} isOpen={isOpen} onOpenChange={onOpenChange}>
      <Button className={`${styles.copyable} ${styles[kind]}`} onPress={() => void onPress()}>
        {children}
      </Button>
      <Tooltip className={styles.tooltip ?? ''} offset={6}>
        {full} {pressed === 'copied' ? <span role="status">{m.copied}</span> : <Copy size={12} aria-hidden />}
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

/** A dash that is read out as "does not apply". */
export function NotApplicable() {
  const m = useMessages(common);
  return (
    <span className={styles.unknown}>
      <span aria-hidden>—</span>
      <span className="visually-hidden">{m.notApplicable}</span>
    </span>
  );
}

/** How much of something is done, from 0 to 1. */
export function Progress({ value, label }: { value: number; label: string }) {
  return <progress className={styles.progress} value={Math.min(Math.max(value, 0), 1)} max={1} aria-label={label} />;
}

/** Whether the browser took it: it does so only for pages that came over HTTPS or from its own machine. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function everySecond(onTick: () => void): () => void {
  const timer = setInterval(onTick, 1000);
  return () => clearInterval(timer);
}
