import { Briefcase } from 'lucide-react';
import { Link, useSearchParams } from 'react-router';
import { ButtonLink } from '@/components/Button';
import { type Column, DataTable } from '@/components/DataTable';
import { Callout, EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Stack } from '@/components/layout';
import { FilterChips, PAGE_SIZE, Pagination, SearchField } from '@/components/lists';
import { Amount, Hash, Time } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { KindName } from '@/kinds/KindName';
import { messages as shared } from '../messages';
import { StatusBadge } from '../StatusBadge';
import { useOffers } from '../api/offers';
import { messages } from './messages';
import { type OfferRow, STATUSES } from '../api/schemas';

/** The jobs on offer. */
export function OffersPage() {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [parameters, setParameters] = useSearchParams();
  const status = STATUSES.find((known) => known === parameters.get('status')) ?? null;
  const query = parameters.get('query') ?? '';
  const offset = Number(parameters.get('offset') ?? 0);
  const show = (change: Record<string, string | null>, options?: { replace: boolean }) =>
    setParameters((present) => {
      const next = new URLSearchParams(present);
      next.delete('offset');
      for (const [name, value] of Object.entries(change)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      return next;
    }, options);
  const offers = useOffers({ status, query, limit: PAGE_SIZE, offset });
  const counts = offers.data?.counts ?? {};
  const options = STATUSES.filter((known) => known === status || counts[known]).map((known) => ({
    key: known,
    label: s.status[known],
    count: counts[known] ?? 0,
  }));
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} />
      <Stack gap={3}>
        <SearchField label={m.search} value={query} onChange={(text) => show({ query: text }, { replace: true })} />
        <FilterChips label={m.filter} options={options} value={status} onChange={(key) => show({ status: key })} />
      </Stack>
      <QueryView query={offers}>
        {(data) => (
          <>
            {data.stale_reason && <Callout tone="warning">{s.stale}</Callout>}
            <Card flush>
              {data.offers.length === 0 ? (
                <Nothing filtered={status !== null || query !== ''} />
              ) : (
                <OfferTable offers={data.offers} />
              )}
              <Pagination offset={offset} total={data.total} onChange={(next) => show({ offset: String(next) })} />
            </Card>
          </>
        )}
      </QueryView>
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const m = useMessages(messages);
  if (filtered) return <EmptyState title={m.noneTitle}>{m.noneText}</EmptyState>;
  return (
    <EmptyState
      icon={<Briefcase size={22} aria-hidden />}
      title={m.emptyTitle}
      action={<ButtonLink to="/datasets">{m.emptyAction}</ButtonLink>}
    >
      {m.emptyText}
    </EmptyState>
  );
}

function OfferTable({ offers }: { offers: readonly OfferRow[] }) {
  const m = useMessages(messages);
  const columns: Column<OfferRow>[] = [
    {
      key: 'title',
      header: m.job,
      primary: true,
      cell: (row) => <Link to={`/offers/${row.job_id}`}>{row.title}</Link>,
    },
    { key: 'status', header: m.status, cell: (row) => <StatusBadge status={row.status} /> },
    { key: 'kind', header: m.kind, cell: (row) => <KindName kind={row.kind} /> },
    { key: 'buyer', header: m.buyer, cell: (row) => row.buyer_name ?? <Hash value={row.buyer} /> },
    { key: 'asks', header: m.asks, cell: (row) => m.asksOf(row.column_count, row.min_rows) },
    { key: 'owners', header: m.owners, cell: (row) => m.ownersOf(row.owners_accepted, row.min_owners) },
    { key: 'deposit', header: m.deposit, align: 'end', cell: (row) => <Amount wei={row.deposit_wei} /> },
    { key: 'start', header: m.acceptBy, cell: (row) => <Time at={row.start_by} /> },
  ];
  return <DataTable label={m.title} columns={columns} rows={offers} rowKey={(row) => row.job_id} />;
}
