import { screen, waitFor } from '@testing-library/react';
import { useEffect, useState } from 'react';
import { Link, Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { Loading } from '@/components/feedback';
import { PageHeader } from '@/components/layout';
import { Shell } from './Shell';

/** A page whose title comes with an answer that the test lets arrive. */
function Slow({ arrival }: { arrival: Promise<void> }) {
  const [title, setTitle] = useState<string>();
  useEffect(() => void arrival.then(() => setTitle('A job')), [arrival]);
  return title === undefined ? <Loading /> : <PageHeader title={title} />;
}

function Broken(): never {
  throw new Error('a fault');
}

function pages(arrival = Promise.resolve()) {
  const items = [
    { to: '/jobs', label: 'Jobs', icon: null },
    { to: '/slow', label: 'Slow', icon: null },
    { to: '/broken', label: 'Broken', icon: null },
  ];
  const jobs = (
    <>
      <PageHeader title="All jobs" />
      <Link to="/jobs?group=open">Open ones</Link>
    </>
  );
  return (
    <Shell face="Test" items={items}>
      <Routes>
        <Route path="/" element={<PageHeader title="Start" />} />
        <Route path="/jobs" element={jobs} />
        <Route path="/slow" element={<Slow arrival={arrival} />} />
        <Route path="/broken" element={<Broken />} />
      </Routes>
    </Shell>
  );
}

test('begins with a way past the navigation', async () => {
  const { user, container } = renderPage(pages());
  expect(await axeFindings(container)).toEqual([]);
  expect(document.body).toHaveFocus();
  await user.tab();
  expect(screen.getByRole('link', { name: 'Skip to the content' })).toHaveFocus();
  await user.keyboard('{Enter}');
  expect(screen.getByRole('main')).toHaveFocus();
  expect(window.location.hash).toBe('');
});

test('gives the focus to the heading of the page that one goes to, and leaves it where a part of it changes', async () => {
  const { user } = renderPage(pages());
  await user.click(screen.getByRole('link', { name: 'Jobs' }));
  expect(screen.getByRole('heading', { level: 1, name: 'All jobs' })).toHaveFocus();
  expect(document.title).toBe('All jobs · DeltaML');

  await user.click(screen.getByRole('link', { name: 'Open ones' }));
  expect(screen.getByRole('link', { name: 'Open ones' })).toHaveFocus();
});

test('gives the focus to a heading that comes later', async () => {
  let arrive = () => {};
  const { user } = renderPage(pages(new Promise((resolve) => (arrive = resolve))));
  await user.click(screen.getByRole('link', { name: 'Slow' }));
  expect(screen.getByRole('main')).toHaveFocus();
  arrive();
  await waitFor(() => expect(screen.getByRole('heading', { level: 1, name: 'A job' })).toHaveFocus());
});

test('takes no focus from somebody who has gone on meanwhile', async () => {
  let arrive = () => {};
  const { user } = renderPage(pages(new Promise((resolve) => (arrive = resolve))));
  await user.click(screen.getByRole('link', { name: 'Slow' }));
  screen.getByRole('combobox', { name: 'Language' }).focus();
  arrive();
  expect(await screen.findByRole('heading', { level: 1, name: 'A job' })).toBeVisible();
  expect(screen.getByRole('combobox', { name: 'Language' })).toHaveFocus();
});

test('a page with a fault leaves the others usable', async () => {
  const { user } = renderPage(pages());
  await user.click(screen.getByRole('link', { name: 'Broken' }));
  expect(screen.getByRole('heading', { name: 'This page has a fault' })).toBeVisible();
  await user.click(screen.getByRole('link', { name: 'Jobs' }));
  expect(screen.getByRole('heading', { level: 1, name: 'All jobs' })).toBeVisible();
});

test('changes language and colours, and remembers them', async () => {
  const { user } = renderPage(pages());
  await user.selectOptions(screen.getByRole('combobox', { name: 'Language' }), 'Español');
  expect(screen.getByRole('link', { name: 'Saltar al contenido' })).toBeInTheDocument();
  expect(document.documentElement).toHaveAttribute('lang', 'es');
  await user.selectOptions(screen.getByRole('combobox', { name: 'Colores' }), 'Oscuro');
  expect(document.documentElement).toHaveAttribute('data-theme', 'dark');
  expect(localStorage.getItem('deltaml.locale')).toBe('"es"');
  expect(localStorage.getItem('deltaml.theme')).toBe('"dark"');
  await user.selectOptions(screen.getByRole('combobox', { name: 'Colores' }), 'Como el sistema');
  expect(document.documentElement).not.toHaveAttribute('data-theme');
});
