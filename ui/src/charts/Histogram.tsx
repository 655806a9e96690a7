import styles from './charts.module.css';

interface HistogramProps {
  /** What the bars show, read out in their place. */
  summary: string;
  counts: readonly number[];
  /** As wide as its place and higher, to stand by itself. */
  large?: boolean;
}

const HEIGHT = 40;
const GAP = 0.12;

/** Bars of equal width, as high as their counts; small enough to stand in a table, unless told else. */
export function Histogram({ summary, counts, large }: HistogramProps) {
  const highest = Math.max(1, ...counts);
  return (
    <svg
      role="img"
      aria-label={summary}
      className={`${styles.histogram} ${large ? styles.large : ''}`}
      viewBox={`0 0 ${counts.length} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {counts.map((count, index) => {
        const height = count === 0 ? 0 : Math.max(1, (count / highest) * HEIGHT);
        return <rect key={index} x={index + GAP / 2} y={HEIGHT - height} width={1 - GAP} height={height} />;
      })}
    </svg>
  );
}
