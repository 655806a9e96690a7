import type { ReactNode } from 'react';
import styles from './charts.module.css';

export interface ShareBar {
  key: string;
  label: ReactNode;
  /** 0 to 1. */
  share: number;
  /** What the bar stands for, as text. */
  value: ReactNode;
}

/** Horizontal bars, one below the other: how much each has of a whole. */
export function ShareBars({ bars }: { bars: readonly ShareBar[] }) {
  return (
    <ul className={styles.shareBars}>
      {bars.map((bar) => (
        <li key={bar.key}>
          <span className={styles.shareLabel}>{bar.label}</span>
          <svg aria-hidden className={styles.shareBar} viewBox="0 0 100 8" preserveAspectRatio="none">
            <rect width={Math.min(Math.max(bar.share, 0), 1) * 100} height={8} />
          </svg>
          <span className={styles.shareValue}>{bar.value}</span>
        </li>
      ))}
    </ul>
  );
}
