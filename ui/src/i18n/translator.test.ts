import { expect, test } from 'vitest';
import spanish from './services.es.json';
import { apiName } from './apiNames';
import { createTranslator } from './translator';

const translate = createTranslator({
  texts: {
    'there is nothing': 'no hay nada',
    'job {} has ended: {}': 'el trabajo {} ha acabado: {}',
    'job {} has ended: no owner of {} accepted': 'el trabajo {} ha acabado: no aceptó nadie de {}',
    '{} of at least {} owners': 'un mínimo de {1} propietarios, y hay {0}',
    'column {}, {} is empty': 'la columna {}, {}, está vacía',
    'row {}': 'fila {}',
    'it has {} item{}': 'tiene {0} elementos',
    '{} failed: {}': '{} ha fallado: {}',
    '{}; it goes on': '{}; sigue',
  },
  words: { cancelled: 'anulado' },
});

test('a text without holes is looked up', () => {
  expect(translate('there is nothing')).toBe('no hay nada');
});

test('what fills a hole is translated too, as deep as it goes', () => {
  expect(translate('job 7 has ended: job 6 has ended: there is nothing')).toBe(
    'el trabajo 7 ha acabado: el trabajo 6 ha acabado: no hay nada',
  );
  expect(translate('job 7 has ended: cancelled')).toBe('el trabajo 7 ha acabado: anulado');
});

test('the template with most letters wins', () => {
  expect(translate('job 7 has ended: no owner of 3 accepted')).toBe('el trabajo 7 ha acabado: no aceptó nadie de 3');
});

test('holes can come in another order', () => {
  expect(translate('2 of at least 5 owners')).toBe('un mínimo de 5 propietarios, y hay 2');
});

test('an ending may be empty, other holes may not', () => {
  expect(translate('it has 1 item')).toBe('tiene 1 elementos');
  expect(translate('it has 2 items')).toBe('tiene 2 elementos');
  expect(translate('it has  item')).toBe('it has  item');
});

test('what nobody translated stays as it is', () => {
  expect(translate('')).toBe('');
  expect(translate('houses of the town')).toBe('houses of the town');
  expect(translate('job 7 has ended: the cow jumped')).toBe('el trabajo 7 ha acabado: the cow jumped');
});

test('what is quoted stays as it is, whatever it holds', () => {
  expect(translate("column 'a, there is nothing', row 3 is empty")).toBe(
    "la columna 'a, there is nothing', fila 3, está vacía",
  );
  expect(translate("job 7 has ended: 'cancelled'")).toBe("el trabajo 7 ha acabado: 'cancelled'");
});

test('a template of few letters fits numbers only, so that it leaves names alone', () => {
  expect(translate('row 12')).toBe('fila 12');
  expect(translate('row of houses')).toBe('row of houses');
});

test('texts that were joined are translated one by one', () => {
  expect(translate('there is nothing; row 3: there is nothing')).toBe('no hay nada; fila 3: no hay nada');
  expect(translate('mine: there is nothing (2 of at least 5 owners)')).toBe(
    'mine: no hay nada (un mínimo de 5 propietarios, y hay 2)',
  );
  expect(translate('there is nothing; it goes on · job 7 has ended: cancelled')).toBe(
    'no hay nada; sigue · el trabajo 7 ha acabado: anulado',
  );
});

test('every text of the catalogue is found again whatever fills it, so none stands in the way of another', () => {
  const all = createTranslator(spanish);
  for (const fillings of [
    [71, 72, 73, 74, 75, 76, 77],
    ["'a'", "'b'", "'c'", "'d'", "'e'", "'f'", "'g'"],
  ]) {
    for (const [text, translation] of Object.entries(spanish.texts)) {
      let [next, used] = [0, 0];
      const english = text.replace(/\{\}/g, () => String(fillings[next++]));
      const expected = translation.replace(/\{(\d?)\}/g, (_, number: string) =>
        String(fillings[number ? Number(number) : used++]),
      );
      expect(all(english)).toBe(expected);
    }
  }
});

test('a text that is made to take long does not', () => {
  const startedAt = performance.now();
  const hostile = createTranslator(spanish);
  for (const text of [': ; '.repeat(500), "'".repeat(2000), 'job '.repeat(500), 'a (b) · '.repeat(300)]) hostile(text);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test.each([
  [
    'the contract refused: it is too late for this (MarketplaceTooLate(jobId=7, deadline=1700000000))',
    'el contrato lo ha rechazado: es demasiado tarde para esto (MarketplaceTooLate(jobId=7, deadline=1700000000))',
  ],
  [
    "linear_regression/train in round 3: nobody could do it: headroom_exceeded: a finite number; internal_error: the participant's own log says more",
    'entrenamiento en la ronda 3: nadie ha podido hacerlo: números demasiado grandes: un número finito; error inesperado: el registro del propio participante dice más',
  ],
  [
    "/data/a.csv: column 'income, net', row 3 (line 4) holds 'n/a; x'; expected a number",
    "/data/a.csv: la columna 'income, net', fila 3 (línea 4), contiene 'n/a; x'; se esperaba un número",
  ],
  [
    "no dataset matches job 3. 'Houses': There is no column 'bmi' (did you mean 'BMI'?). · 'Cows': The dataset has 1 row; the job asks for at least 20.",
    "ningún conjunto de datos sirve para el trabajo 3. 'Houses': No hay ninguna columna 'bmi' (¿quiso decir 'BMI'?). · 'Cows': El conjunto de datos tiene 1 fila; el trabajo pide al menos 20.",
  ],
  [
    'features.0.minimum: should be a valid number; rounds: should be greater than or equal to 1 (and 2 more)',
    'características 1 mínimo: tiene que ser un número; rondas: tiene que ser 1 o más (y 2 más)',
  ],
  [
    'the aggregator at http://127.0.0.1:5000 does not answer; check that it runs and that aggregator_url is right',
    'el agregador en http://127.0.0.1:5000 no responde; compruebe que está en marcha y que es correcto lo siguiente: la dirección del agregador (aggregator_url)',
  ],
])('%s', (text, expected) => {
  expect(createTranslator(spanish, (name) => apiName(name, 'es'))(text)).toBe(expected);
});
