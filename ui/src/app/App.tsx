import { QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, StrictMode, useState } from 'react';
import { RouterProvider as AriaRouter } from 'react-aria-components';
import { createRoot } from 'react-dom/client';
import { BrowserRouter, useHref, useNavigate } from 'react-router';
import { createQueries, type Queries } from '@/api/queries';
import { CrashNotice, ErrorBoundary } from '@/components/feedback';
import { LocaleProvider } from '@/i18n/locale';
import { applyStoredTheme } from '@/theme/theme';
import { ConnectionContext } from './connection';
import '@/styles/base.css';

/** Show a face in the page. */
export function startApp(face: ReactNode): void {
  applyStoredTheme();
  const root = document.getElementById('root');
  if (root === null) throw new Error('the page has no element with the id root');
  createRoot(root).render(
    <StrictMode>
      <App>{face}</App>
    </StrictMode>,
  );
}

function App({ children }: { children: ReactNode }) {
  const [queries] = useState(createQueries);
  return (
    <LocaleProvider>
      <BrowserRouter>
        <Providers queries={queries}>{children}</Providers>
      </BrowserRouter>
    </LocaleProvider>
  );
}

/** What every page needs around it, inside of a router and a `LocaleProvider`. */
export function Providers({ queries, children }: { queries: Queries; children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <AriaRouter navigate={(path) => void navigate(path)} useHref={useHref}>
      <QueryClientProvider client={queries.client}>
        <ConnectionContext value={queries.connection}>
          <ErrorBoundary fallback={<CrashNotice />}>{children}</ErrorBoundary>
        </ConnectionContext>
      </QueryClientProvider>
    </AriaRouter>
  );
}
