import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { setCsrfToken } from '@/api/client';
import { setDraftOwner } from '@/forms/useDraftForm';
import { server } from './server';

// Slow machines are not failures.
configure({ asyncUtilTimeout: 20_000 });

// The environment has no canvas, no layout and no media queries. Charts are looked at in a real browser by the browser tests; here their
// numbers are read from the table that each of them offers.
vi.mock('@/charts/Plot', () => ({ default: () => null }));

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  setCsrfToken(null, () => Promise.resolve());
  setDraftOwner(null);
  window.scrollTo = () => undefined;
  window.matchMedia = (query) => Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList;
});

afterEach(() => {
  cleanup();
  server.resetHandlers();
});

afterAll(() => server.close());
