import { useQueryClient } from '@tanstack/react-query';
import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { SESSION_KEY } from '@/api/queries';
import { FormTextField } from '@/forms/FormField';
import { useDraftForm } from '@/forms/useDraftForm';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse, vanish } from '@/test/server';
import { SignedIn } from './SignedIn';

const NOBODY = { user: null, csrf_token: null, expires_at: null };
const ADMIN = { user: 'admin', csrf_token: 'token-1', expires_at: 1_900_000_000 };
const ABOUT = {
  service: 'owner',
  name: 'ward 7',
  version: '0.1.0',
  address: '0x1111111111111111111111111111111111111111',
  chain_id: 1337,
  contract_address: '0x2222222222222222222222222222222222222222',
  aggregator_url: 'http://127.0.0.1:8100',
  explorer_url: null,
};

const page = (
  <SignedIn face="Data owner" items={[]}>
    <p>Datasets of the owner</p>
  </SignedIn>
);

test('signs in with name and password, and out again', async () => {
  answer('get', '/v1/session', NOBODY);
  answer('get', '/v1/about', ABOUT);
  const posted = answer('post', '/v1/session', ADMIN);
  const { user, container } = renderPage(page);

  await user.type(await screen.findByLabelText('Password'), 'correct horse');
  expect(await axeFindings(container)).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));

  expect(await screen.findByText('Datasets of the owner')).toBeVisible();
  expect(posted[0]?.body).toEqual({ user: 'admin', password: 'correct horse', kind: 'browser' });

  const deleted = answer('delete', '/v1/session', null, 204);
  await user.click(screen.getByRole('button', { name: 'Sign out (admin)' }));
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(deleted[0]?.headers.get('X-CSRF-Token')).toBe('token-1');
});

function Letter() {
  const client = useQueryClient();
  const schema = z.object({ text: z.string() });
  const form = useDraftForm({ schema, defaults: { text: '' }, draftKey: 'letter', storage: localStorage });
  return (
    <>
      <FormTextField control={form.control} name="text" label="Letter" />
      <button onClick={() => void client.invalidateQueries({ queryKey: SESSION_KEY })}>Come back</button>
    </>
  );
}

const letters = (
  <SignedIn face="Data owner" items={[]}>
    <Letter />
  </SignedIn>
);

test('keeps what somebody typed from the next user of the browser, and for the same one', async () => {
  const session = { ...NOBODY, user: null as string | null };
  const as = (user: string | null) => Object.assign(session, user === null ? NOBODY : { ...ADMIN, user });
  answer('get', '/v1/session', () => session);
  answer('get', '/v1/about', ABOUT);
  answer('delete', '/v1/session', null, 204);
  answer('post', '/v1/session', ({ body }) => as((body as { user: string }).user));
  const { user } = renderPage(letters);
  const signIn = async (name: string) => {
    await user.clear(await screen.findByLabelText('User'));
    await user.type(screen.getByLabelText('User'), name);
    await user.type(screen.getByLabelText('Password'), 'correct horse{Enter}');
    return screen.findByLabelText('Letter');
  };
  const signOut = (name: string) => user.click(screen.getByRole('button', { name: `Sign out (${name})` }));

  await user.type(await signIn('admin'), 'Dear colleague');
  await signOut('admin');
  expect(await signIn('ana')).toHaveValue('');
  await user.type(screen.getByLabelText('Letter'), 'Hello');
  await signOut('ana');
  expect(await signIn('admin')).toHaveValue('Dear colleague');
});

test('begins the pages anew when another user has signed in at another window', async () => {
  const session = { ...ADMIN };
  answer('get', '/v1/session', () => session);
  answer('get', '/v1/about', ABOUT);
  const { user } = renderPage(letters);
  await user.type(await screen.findByLabelText('Letter'), 'Dear colleague');
  session.user = 'ana';
  await user.click(screen.getByRole('button', { name: 'Come back' }));
  await screen.findByRole('button', { name: 'Sign out (ana)' });
  expect(screen.getByLabelText('Letter')).toHaveValue('');
});

test('says beside each field what is missing, and asks nothing of the service', async () => {
  answer('get', '/v1/session', NOBODY);
  const { user } = renderPage(page);
  await user.clear(await screen.findByLabelText('User'));
  await user.click(screen.getByRole('button', { name: 'Sign in' }));

  expect(await screen.findByLabelText('User')).toHaveAccessibleDescription(/Enter the user name/);
  expect(screen.getByLabelText('Password')).toHaveAccessibleDescription('Enter the password.');
});

test('says that the password is wrong, and keeps what was typed', async () => {
  answer('get', '/v1/session', NOBODY);
  refuse('post', '/v1/session', 401, 'not_authenticated', 'wrong user name or password');
  const { user } = renderPage(page);
  await user.type(await screen.findByLabelText('Password'), 'guess{Enter}');

  expect(await screen.findByRole('alert')).toHaveTextContent('Wrong user name or password');
  expect(screen.getByLabelText('Password')).toHaveValue('guess');
});

test('says how long to wait after too many attempts', async () => {
  answer('get', '/v1/session', NOBODY);
  refuse('post', '/v1/session', 429, 'too_many_requests', 'too many failed attempts', { retry_after_s: 300 });
  const { user } = renderPage(page, { locale: 'es' });
  await user.type(await screen.findByLabelText('Contraseña'), 'guess{Enter}');

  expect(await screen.findByText(/Demasiados intentos fallidos.*5 min/)).toBeVisible();
});

test('shows the sign-in page when the session is over', async () => {
  const answers = [ADMIN, NOBODY];
  answer('get', '/v1/session', () => answers.shift() ?? NOBODY);
  refuse('get', '/v1/about', 401, 'not_authenticated', 'the session has expired');
  renderPage(page);

  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('says that the service does not answer, and recovers by itself', async () => {
  vanish('get', '/v1/session');
  vanish('get', '/healthz');
  renderPage(page);
  expect(await screen.findByText('Connection lost – trying again')).toBeVisible();

  answer('get', '/v1/session', ADMIN);
  answer('get', '/v1/about', ABOUT);
  answer('get', '/healthz', { status: 'ok' });
  await waitFor(() => expect(screen.getByText('Datasets of the owner')).toBeVisible());
  expect(screen.queryByText('Connection lost – trying again')).not.toBeInTheDocument();
});
