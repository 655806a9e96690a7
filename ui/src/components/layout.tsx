import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link } from 'react-router';
import styles from './layout.module.css';

/** The element that holds what changes from page to page. */
export const CONTENT_ID = 'content';

/**
 * The head of a page: its title, which the browser's tab shows too, and what can be done here.
 *
 * Where a page has been gone to and waited for its title, the title gets the focus that waited with it.
 */
export function PageHeader(props: {
  title: string;
  subtitle?: ReactNode;
  back?: { to: string; label: string };
  actions?: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · DeltaML`;
  }, [props.title]);
  useEffect(() => {
    if (document.activeElement?.id === CONTENT_ID) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header className={styles.pageHeader}>
      <div className={styles.titles}>
        {props.back && (
          <Link to={props.back.to} className={styles.back}>
            <ArrowLeft size={14} aria-hidden /> {props.back.label}
          </Link>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.subtitle && <div className={styles.subtitle}>{props.subtitle}</div>}
      </div>
      {props.actions && <div className={styles.actions}>{props.actions}</div>}
    </header>
  );
}

/** A part of a page with a heading of its own. */
export function Card({
  title,
  actions,
  children,
  flush,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  return (
    <section className={styles.card}>
      {(title || actions) && (
        <div className={styles.cardHead}>
          {title && <h2>{title}</h2>}
          {actions}
        </div>
      )}
      <div className={flush ? styles.flush : styles.cardBody}>{children}</div>
    </section>
  );
}

/** Things below each other at an even distance. */
export function Stack({ children, gap = 4 }: { children: ReactNode; gap?: 2 | 3 | 4 | 5 }) {
  return <div className={`${styles.stack} ${styles[`gap${gap}`]}`}>{children}</div>;
}

/** Things beside each other, wrapped where there is no room. */
export function Row({ children, justify }: { children: ReactNode; justify?: 'end' | 'between' }) {
  return <div className={`${styles.row} ${justify ? styles[justify] : ''}`}>{children}</div>;
}

/** Equal columns, as many as there is room for. */
export function Grid({ children, wide }: { children: ReactNode; wide?: boolean }) {
  return <div className={wide ? styles.gridWide : styles.grid}>{children}</div>;
}

/** One large figure with what it is. */
export function Stat({ label, children, hint }: { label: string; children: ReactNode; hint?: ReactNode }) {
  return (
    <div className={styles.stat}>
      <dt>{label}</dt>
      <dd>{children}</dd>
      {hint && <dd className={styles.hint}>{hint}</dd>}
    </div>
  );
}

/** Several `Stat`s beside each other. */
export function Stats({ children }: { children: ReactNode }) {
  return <dl className={styles.stats}>{children}</dl>;
}

interface FactsProps {
  items: readonly { label: string; value: ReactNode }[];
  /** One below the other, for values that are sentences. */
  rows?: boolean;
}

/** Facts as pairs of name and value. */
export function Facts({ items, rows }: FactsProps) {
  return (
    <dl className={rows ? styles.factRows : styles.facts}>
      {items.map((item) => (
        <div key={item.label}>
          <dt>{item.label}</dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Text that is less important. */
export function Muted({ children }: { children: ReactNode }) {
  return <span className={styles.muted}>{children}</span>;
}
