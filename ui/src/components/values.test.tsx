import { screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { renderPage } from '@/test/render';
import { Amount, Hash, Time } from './values';

const ADDRESS = '0x1111111111111111111111111111111111111111';

test('shows the wei of an amount to the keyboard', async () => {
  const { user } = renderPage(<Amount wei="1234567890000000001" />);
  await user.tab();
  expect(screen.getByRole('button', { name: '1.234567 ETH' })).toHaveFocus();
  expect(await screen.findByRole('tooltip')).toHaveTextContent('1,234,567,890,000,000,001 wei');
});

test('a press shows the wei and copies them, without their separators', async () => {
  const { user } = renderPage(<Amount wei="1234567890000000001" />, { locale: 'es' });
  await user.click(screen.getByRole('button', { name: '1,234567 ETH' }));
  expect(await screen.findByRole('tooltip')).toHaveTextContent('1.234.567.890.000.000.001 wei Copiado');
  expect(await navigator.clipboard.readText()).toBe('1234567890000000001');
});

test('a press shows the whole where the browser lets nothing be copied', async () => {
  const { user } = renderPage(<Hash value={ADDRESS} />);
  vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue(undefined as unknown as Clipboard);
  await user.click(screen.getByRole('button', { name: '0x1111…1111' }));
  expect(await screen.findByRole('tooltip')).toHaveTextContent(ADDRESS);
  expect(screen.queryByText('Copied')).not.toBeInTheDocument();
});

test('a link to an explorer tells it nothing of where one comes from', () => {
  renderPage(<Hash value={ADDRESS} href={`https://explorer.example/address/${ADDRESS}`} />);
  expect(screen.getByRole('link', { name: '0x1111…1111' })).toHaveAttribute('rel', 'noreferrer');
});

test('says of what is not known that it is not known', () => {
  renderPage(
    <>
      <Amount wei={null} />
      <Time at={undefined} />
    </>,
  );
  expect(screen.getAllByText('not known yet')).toHaveLength(2);
});
