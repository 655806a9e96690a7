import { FlaskConical } from 'lucide-react';
import { useSearchParams } from 'react-router';
import { EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row } from '@/components/layout';
import { FilterChips, Pagination, SearchField } from '@/components/lists';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import { GROUPS } from '../schemas';
import { type JobFilter, useJobs } from './api';
import { JobTable } from './JobTable';
import { messages } from './messages';

/** All jobs of this aggregator, a page at a time. */
export function JobsPage() {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [filter, setFilter] = useFilter();
  const jobs = useJobs(filter);
  const isFiltered = filter.query !== '' || filter.group !== null;
  const empty = (
    <Card>
      <EmptyState icon={<FlaskConical size={22} aria-hidden />} title={m.emptyTitle}>
        {m.emptyText}
      </EmptyState>
    </Card>
  );
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} />
      <QueryView query={jobs} isEmpty={(page) => page.total === 0 && !isFiltered} empty={empty}>
        {(page) => (
          <>
            <Row justify="between">
              <FilterChips
                label={m.state}
                options={GROUPS.map((group) => ({ key: group, label: s.group[group], count: page.counts[group] }))}
                value={filter.group}
                onChange={(group) => setFilter({ ...filter, group, offset: 0 })}
              />
              <SearchField
                label={m.search}
                value={filter.query}
                onChange={(query) => setFilter({ ...filter, query, offset: 0 })}
              />
            </Row>
            <Card flush>
              {page.jobs.length === 0 ? (
                <EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>
              ) : (
                <JobTable jobs={page.jobs} />
              )}
              <Pagination
                offset={filter.offset}
                total={page.total}
                onChange={(offset) => setFilter({ ...filter, offset })}
              />
            </Card>
          </>
        )}
      </QueryView>
    </>
  );
}

/** What part of the list is shown; kept in the address, so that it can be passed on. */
function useFilter(): [JobFilter, (filter: JobFilter) => void] {
  const [parameters, setParameters] = useSearchParams();
  const group = GROUPS.find((known) => known === parameters.get('group')) ?? null;
  const filter = { group, query: parameters.get('query') ?? '', offset: Number(parameters.get('offset') ?? 0) };
  return [filter, (next) => setParameters(toParameters(next), { replace: next.query !== filter.query })];
}

function toParameters({ group, query, offset }: JobFilter): Record<string, string> {
  return { ...(group && { group }), ...(query && { query }), ...(offset > 0 && { offset: String(offset) }) };
}
