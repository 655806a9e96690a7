import { render, type RenderResult } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import axe from 'axe-core';
import type { ReactNode } from 'react';
import { MemoryRouter, useLocation } from 'react-router';
import { createQueries } from '@/api/queries';
import { Providers } from '@/app/App';
import { type Locale, LocaleProvider } from '@/i18n/locale';

interface Options {
  /** Address of the page, `/` unless given. */
  at?: string;
  locale?: Locale;
}

interface Rendered extends RenderResult {
  user: UserEvent;
  /** Path and query of the page. */
  address: () => string;
}

/** Render something with all that a page has around it. */
export function renderPage(page: ReactNode, { at = '/', locale = 'en' }: Options = {}): Rendered {
  let address = '';
  function Watch() {
    const location = useLocation();
    address = location.pathname + location.search;
    return null;
  }
  const user = userEvent.setup({ delay: null, applyAccept: false });
  const result = render(
    <LocaleProvider initial={locale}>
      <MemoryRouter initialEntries={[at]}>
        <Providers queries={createQueries()}>{page}</Providers>
        <Watch />
      </MemoryRouter>
    </LocaleProvider>,
  );
  return { ...result, user, address: () => address };
}

/** The serious and critical findings of axe, as far as they can be seen without layout. */
export async function axeFindings(container: Element): Promise<string[]> {
  const found = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  return found.violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' ')}`);
}
