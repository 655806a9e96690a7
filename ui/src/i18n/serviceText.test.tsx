import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { apiName } from './apiNames';
import { ServiceText, useServiceText } from './serviceText';

test.each([
  ['job 3 has not started', 'Job 3 has not started.'],
  ['houses.csv: the file is empty; expected a header line of names', undefined],
  ['/data/houses.csv cannot be read: Permission denied', undefined],
  ['0x12 is 0x12; it must be an Ethereum address', undefined],
  ['createJob failed', undefined],
  ['“x” is twice there', undefined],
  ['deposit_wei is 0; it must be more than 0', 'Deposit is 0; it must be more than 0.'],
  ['features.0.minimum: should be a number', 'Features 1 minimum: should be a number.'],
  ['computation.columns.1.levels: must not be empty', 'Columns 2 levels: must not be empty.'],
  ['computation.learning_rate: should be greater than 0', 'Learning rate: should be greater than 0.'],
  ['computation.wavelength: extra', 'computation.wavelength: extra.'],
  ["the column 'start_by' of /data/start_by.csv", "The column 'start_by' of /data/start_by.csv."],
  ['Who is it?', 'Who is it?'],
  ['post a job with a deposit of 100000000000000001 wei', 'Post a job with a deposit of 0.100000000000000001 ETH.'],
  ['gas costs 2000000000 wei, over the limit of 1', 'Gas costs 2000000000 wei, over the limit of 1.'],
])('in English, %s is made a sentence', (text, expected) => {
  renderPage(<ServiceText>{text}</ServiceText>);
  expect(screen.getByText(expected ?? `${text}.`, { collapseWhitespace: false })).toBeVisible();
});

test('in Spanish it is translated', async () => {
  renderPage(
    <ServiceText>not enough owners accepted before start_by; the deposit goes back to the buyer</ServiceText>,
    {
      locale: 'es',
    },
  );
  expect(
    await screen.findByText(
      'No aceptaron suficientes propietarios antes del límite para empezar; el depósito vuelve al comprador.',
    ),
  ).toBeVisible();
});

test('beside its field a text does not name it once more', async () => {
  function Beside() {
    return useServiceText()(
      'deposit_wei: only 300000000000000000 wei are escrowed on chain, the job promises 5 wei; do not accept it',
      'deposit_wei',
    );
  }
  renderPage(<Beside />, { locale: 'es' });
  expect(await screen.findByText(/^En la cadena solo hay 0,3 ETH depositados, el trabajo promete 5 wei/)).toBeVisible();
});

test('names of the API have words, other texts have none', () => {
  expect(apiName('deposit_wei', 'en')).toBe('deposit');
  expect(apiName('pay.trainer_bps', 'es')).toBe('pago parte de los entrenadores');
  expect(apiName('computation.features.0.minimum', 'es')).toBe('características 1 mínimo');
  expect(apiName('houses', 'en')).toBeUndefined();
  expect(apiName('features.0.houses', 'en')).toBeUndefined();
  expect(apiName('constructor', 'en')).toBeUndefined();
});
