import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useSearchParams } from 'react-router';
import { QueryView } from './feedback';
import { Card, PageHeader, Row } from './layout';
import { PAGE_SIZE, Pagination, SearchField } from './lists';

/** What part of a list is shown. */
export interface ListFilter {
  query: string;
  /** What is chosen of the filter beside the search; empty for all. */
  chosen: readonly string[];
  offset: number;
}

/**
 * What part of a list is shown; kept in the address, so that going back finds it again and it can be passed on.
 *
 * @param name of the chosen in the address: `?NAME=one&NAME=another`.
 */
export function useListFilter(name: string): [ListFilter, (filter: ListFilter) => void] {
  const [parameters, setParameters] = useSearchParams();
  const filter = {
    query: parameters.get('query') ?? '',
    chosen: parameters.getAll(name),
    offset: parseOffset(parameters.get('offset')),
  };
  const show = ({ query, chosen, offset }: ListFilter) => {
    const next = new URLSearchParams(chosen.map((one) => [name, one]));
    if (query) next.set('query', query);
    if (offset > 0) next.set('offset', String(offset));
    // Going back leads out of a search, not through its letters.
    setParameters(next, { replace: query !== filter.query });
  };
  return [filter, show];
}

function parseOffset(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

interface ListPageProps<Page extends { total: number }, Item> {
  title: string;
  subtitle?: ReactNode;
  actions?: ReactNode;
  query: UseQueryResult<Page>;
  filter: ListFilter;
  onFilter: (filter: ListFilter) => void;
  searchLabel: string;
  /** What can be chosen beside the search; `choose` shows the list from its beginning. */
  choices: (page: Page, choose: (chosen: readonly string[]) => void) => ReactNode;
  items: (page: Page) => readonly Item[];
  /** Shown when there is nothing at all. */
  empty: ReactNode;
  /** Shown when nothing fits what is looked for. */
  noneFound: ReactNode;
  children: (items: readonly Item[]) => ReactNode;
}

/** A long list with a search, a choice and pages. */
export function ListPage<Page extends { total: number }, Item>(props: ListPageProps<Page, Item>) {
  const { query, filter, onFilter, choices, items, children } = props;
  const isFiltered = filter.query !== '' || filter.chosen.length > 0;
  useKnownPage(query, filter, onFilter);
  return (
    <>
      <PageHeader title={props.title} subtitle={props.subtitle} actions={props.actions} />
      <QueryView query={query} isEmpty={(page) => page.total === 0 && !isFiltered} empty={<Card>{props.empty}</Card>}>
        {(page) => (
          <>
            <Row justify="between">
              {choices(page, (chosen) => onFilter({ ...filter, chosen, offset: 0 }))}
              <SearchField
                label={props.searchLabel}
                value={filter.query}
                onChange={(text) => onFilter({ ...filter, query: text, offset: 0 })}
              />
            </Row>
            <Card flush>
              {page.total === 0 ? props.noneFound : children(items(page))}
              <Pagination
                offset={filter.offset}
                total={page.total}
                onChange={(offset) => onFilter({ ...filter, offset })}
              />
            </Card>
          </>
        )}
      </QueryView>
    </>
  );
}

/** Leads from a page behind the end, which an old address or a list that became shorter has, to the last one. */
function useKnownPage(
  query: UseQueryResult<{ total: number }>,
  filter: ListFilter,
  onFilter: (filter: ListFilter) => void,
): void {
  const total = query.isPlaceholderData ? undefined : query.data?.total;
  const last = total === undefined ? filter.offset : Math.max(0, Math.ceil(total / PAGE_SIZE) - 1) * PAGE_SIZE;
  useEffect(() => {
    if (filter.offset > last) onFilter({ ...filter, offset: last });
  });
}
