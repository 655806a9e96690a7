import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { ConnectionLost, Problem, UnexpectedAnswer } from '@/api/problem';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { Button } from './Button';
import styles from './feedback.module.css';
import { common } from './messages';

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger' | 'accent';

/** A short word in a coloured pill. */
export function Badge({ tone = 'neutral', children, live }: { tone?: Tone; children: ReactNode; live?: boolean }) {
  return (
    <span className={`${styles.badge} ${styles[tone]}`}>
      <span className={`${styles.dot} ${live ? styles.pulse : ''}`} aria-hidden />
      {children}
    </span>
  );
}

const ICONS = { info: Info, success: CircleCheck, warning: TriangleAlert, danger: CircleAlert };

interface CalloutProps {
  tone: keyof typeof ICONS;
  title?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  /** Not read out when it appears or changes: for what changes all the time. */
  quiet?: boolean;
}

/** A message in the page; it is read out when it appears, a danger at once. */
export function Callout(props: CalloutProps) {
  const Icon = ICONS[props.tone];
  return (
    <div
      className={`${styles.callout} ${styles[props.tone]}`}
      role={props.quiet ? undefined : props.tone === 'danger' ? 'alert' : 'status'}
    >
      <Icon size={18} aria-hidden className={styles.calloutIcon} />
      <div className={styles.calloutText}>
        {props.title && <strong>{props.title}</strong>}
        {props.children && <div>{props.children}</div>}
      </div>
      {props.actions}
    </div>
  );
}

/** What there is to see when there is nothing yet, and the next step. */
export function EmptyState(props: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      {props.icon && <div className={styles.emptyIcon}>{props.icon}</div>}
      <h2>{props.title}</h2>
      {props.children && <div className={styles.emptyText}>{props.children}</div>}
      {props.action}
    </div>
  );
}

/** Bars where text will be. */
export function Loading({ lines = 3 }: { lines?: number }) {
  const m = useMessages(common);
  return (
    <div className={styles.loading} role="status" aria-label={m.loading}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className={styles.bar} />
      ))}
    </div>
  );
}

/** An error as a sentence for people. */
export function useErrorText(): (error: unknown) => string {
  const m = useMessages(common);
  const inWords = useServiceText();
  return (error) => {
    if (error instanceof ConnectionLost) return m.connectionError;
    if (error instanceof UnexpectedAnswer) return m.unexpectedAnswer;
    if (error instanceof Problem && error.status === 500) return m.internalError(error.requestId);
    return error instanceof Error ? inWords(error.message) : String(error);
  };
}

/** What went wrong, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const m = useMessages(common);
  const errorText = useErrorText();
  return (
    <Callout
      tone="danger"
      title={m.errorTitle}
      actions={
        onRetry && (
          <Button size="small" onPress={onRetry}>
            {m.retry}
          </Button>
        )
      }
    >
      {errorText(error)}
    </Callout>
  );
}

/** The error of something that was tried, where there is no field to place it beside. */
export function ActionError({ error }: { error: unknown }) {
  const errorText = useErrorText();
  if (error === null || error === undefined) return null;
  return <Callout tone="danger">{errorText(error)}</Callout>;
}

interface QueryViewProps<T> {
  query: UseQueryResult<T>;
  loading?: ReactNode;
  /** Shown instead of the children when `isEmpty` says so. */
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}

/** Says why what is shown could not be brought up to date; a lost connection has a banner of its own. */
function StaleNotice({ error }: { error: unknown }) {
  const m = useMessages(common);
  const errorText = useErrorText();
  if (error === null || error instanceof ConnectionLost) return null;
  return (
    <Callout tone="warning" title={m.staleTitle}>
      {errorText(error)}
    </Callout>
  );
}

/** The four states of an answer: loading, error, empty, data. Data that is there stays when a later request fails. */
export function QueryView<T>({ query, loading, empty, isEmpty, children }: QueryViewProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        <StaleNotice error={query.error} />
        {isEmpty?.(query.data) ? empty : children(query.data)}
      </>
    );
  }
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return loading ?? <Loading />;
}

interface BoundaryState {
  failed: boolean;
}

/** Shows `fallback` in place of children that fail to render. */
export class ErrorBoundary extends Component<{ children: ReactNode; fallback: ReactNode }, BoundaryState> {
  override state: BoundaryState = { failed: false };

  static getDerivedStateFromError(): BoundaryState {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

/** What is shown in place of a page that failed to render. */
export function CrashNotice() {
  const m = useMessages(common);
  return (
    <EmptyState title={m.crashTitle} action={<Button onPress={() => window.location.reload()}>{m.reload}</Button>}>
      {m.crashText}
    </EmptyState>
  );
}
