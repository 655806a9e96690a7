import { FlaskConical } from 'lucide-react';
import { EmptyState } from '@/components/feedback';
import { ListPage, useListFilter } from '@/components/ListPage';
import { FilterChips } from '@/components/lists';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import { GROUPS } from '../schemas';
import { useJobs } from './api';
import { JobTable } from './JobTable';
import { messages } from './messages';

/** All jobs of this aggregator, a page at a time. */
export function JobsPage() {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [filter, setFilter] = useListFilter('group');
  const group = GROUPS.find((known) => known === filter.chosen[0]) ?? null;
  const jobs = useJobs({ group, query: filter.query, offset: filter.offset });
  return (
    <ListPage
      title={m.title}
      subtitle={m.subtitle}
      query={jobs}
      filter={filter}
      onFilter={setFilter}
      searchLabel={m.search}
      choices={(page, choose) => (
        <FilterChips
          label={m.state}
          options={GROUPS.map((known) => ({ key: known, label: s.group[known], count: page.counts[known] }))}
          value={group}
          onChange={(key) => choose(key === null ? [] : [key])}
        />
      )}
      items={(page) => page.jobs}
      empty={
        <EmptyState icon={<FlaskConical size={22} aria-hidden />} title={m.emptyTitle}>
          {m.emptyText}
        </EmptyState>
      }
      noneFound={<EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>}
    >
      {(found) => <JobTable jobs={found} />}
    </ListPage>
  );
}
