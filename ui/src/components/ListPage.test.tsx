import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, type Received, refuse } from '@/test/server';
import { ListPage, useListFilter } from './ListPage';
import { FilterChips, PAGE_SIZE } from './lists';

const colour = z.enum(['red', 'blue']);
const pageOfThings = z.object({ things: z.array(z.string()), total: z.number() });

function Things() {
  const [filter, setFilter] = useListFilter('colour');
  const parameters = { colour: filter.chosen, query: filter.query, offset: filter.offset };
  const query = useQuery({
    queryKey: ['things', parameters],
    queryFn: ({ signal }) => call(pageOfThings, '/v1/things', { query: parameters, signal }),
    placeholderData: keepPreviousData,
  });
  return (
    <ListPage
      title="Things"
      query={query}
      filter={filter}
      onFilter={setFilter}
      searchLabel="Search things"
      choices={(_, choose) => (
        <FilterChips
          label="Colour"
          options={colour.options.map((key) => ({ key, label: key }))}
          value={colour.safeParse(filter.chosen[0]).data ?? null}
          onChange={(key) => choose(key === null ? [] : [key])}
        />
      )}
      items={(page) => page.things}
      empty={<p>Nothing at all</p>}
      noneFound={<p>Nothing fits</p>}
    >
      {(things) => things.map((thing) => <p key={thing}>{thing}</p>)}
    </ListPage>
  );
}

/** A service with `total` things, of which it gives the page that is asked for. */
function things(total: number): Received[] {
  return answer('get', '/v1/things', ({ url }) => {
    const offset = Number(url.searchParams.get('offset'));
    const count = Math.max(0, Math.min(PAGE_SIZE, total - offset));
    return { things: Array.from({ length: count }, (_, index) => `thing ${offset + index + 1}`), total };
  });
}

test('keeps search, choice and page in the address, and begins anew where they change', async () => {
  const asked = things(60);
  const { user, address, container } = renderPage(<Things />, { at: '/things?offset=25' });
  expect(await screen.findByText('thing 26')).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('radio', { name: 'blue' }));
  expect(address()).toBe('/things?colour=blue');
  await user.click(screen.getByRole('button', { name: 'Next page' }));
  expect(address()).toBe('/things?colour=blue&offset=25');
  await user.type(screen.getByRole('searchbox', { name: 'Search things' }), 'thin');
  expect(address()).toBe('/things?colour=blue&query=thin');
  await waitFor(() => expect(asked.at(-1)?.url.search).toBe('?colour=blue&query=thin&offset=0'));

  await user.click(screen.getByRole('radio', { name: 'All' }));
  expect(address()).toBe('/things?query=thin');
});

test('leads from a page that is not there any more to the last one', async () => {
  things(60);
  const { address } = renderPage(<Things />, { at: '/things?offset=500' });
  expect(await screen.findByText('thing 60')).toBeVisible();
  expect(address()).toBe('/things?offset=50');
});

test.each(['-25', 'NaN', '1e3', ''])('takes a page %o that is none for the first', async (offset) => {
  const asked = things(60);
  renderPage(<Things />, { at: `/things?offset=${offset}` });
  expect(await screen.findByText('thing 1')).toBeVisible();
  expect(asked[0]?.url.searchParams.get('offset')).toBe('0');
});

test('tells a list that is empty from a search that finds nothing', async () => {
  things(0);
  const { user } = renderPage(<Things />, { at: '/things?query=z' });
  expect(await screen.findByText('Nothing fits')).toBeVisible();
  await user.clear(screen.getByRole('searchbox'));
  expect(await screen.findByText('Nothing at all')).toBeVisible();
  expect(screen.queryByRole('searchbox')).not.toBeInTheDocument();
});

test('says that it loads', () => {
  hang('get', '/v1/things');
  renderPage(<Things />);
  expect(screen.getByRole('heading', { name: 'Things' })).toBeVisible();
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('says what is wrong, and keeps its heading', async () => {
  refuse('get', '/v1/things', 503, 'service_unavailable', 'the database is busy');
  renderPage(<Things />);
  expect(await screen.findByRole('alert')).toHaveTextContent('The database is busy.');
  expect(screen.getByRole('heading', { name: 'Things' })).toBeVisible();
});
