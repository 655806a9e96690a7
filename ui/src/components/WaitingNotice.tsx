import type { WaitingFor } from '@/api/schemas';
import { defineMessages, useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { Callout } from './feedback';
import { Row } from './layout';
import { Hash, RelativeTime, Time } from './values';

const MOST_NAMED = 5;

const messages = defineMessages({
  en: {
    waiting: {
      owners: 'Waiting for data owners to accept',
      start: 'Waiting for the contract to confirm the start',
      settlement: 'Waiting for the contract to confirm the settlement',
      train: 'Waiting for trainers to train on their rows',
      refresh: 'Waiting for the buyer to refresh the encryption',
      evaluate: 'Waiting for validators to measure the model',
      square: 'Waiting for the buyer to square masked errors',
      unmask: 'Waiting for validators to unmask their errors',
      open: 'Waiting for the buyer to open the error',
      deliver: 'Waiting for the buyer to sign what was delivered',
    },
    other: (what: string) => `Waiting for: ${what}`,
    you: 'It is your turn: your service answers by itself while it runs.',
    who: 'Missing:',
    more: (count: number) => `and ${count} more`,
    until: 'Until',
  },
  es: {
    waiting: {
      owners: 'Esperando a que acepten los propietarios de datos',
      start: 'Esperando a que el contrato confirme el comienzo',
      settlement: 'Esperando a que el contrato confirme la liquidación',
      train: 'Esperando a que los entrenadores entrenen con sus filas',
      refresh: 'Esperando a que el comprador renueve el cifrado',
      evaluate: 'Esperando a que los validadores midan el modelo',
      square: 'Esperando a que el comprador eleve al cuadrado errores enmascarados',
      unmask: 'Esperando a que los validadores desenmascaren sus errores',
      open: 'Esperando a que el comprador abra el error',
      deliver: 'Esperando a que el comprador firme lo entregado',
    },
    other: (what) => `Esperando: ${what}`,
    you: 'Es su turno: su servicio responde solo mientras esté en marcha.',
    who: 'Faltan:',
    more: (count) => `y ${count} más`,
    until: 'Hasta',
  },
});

/** Whom or what a job waits for, and until when. */
export function WaitingNotice({ waiting }: { waiting: WaitingFor }) {
  const m = useMessages(messages);
  const inWords = useServiceText();
  const code = waiting.code;
  const known = code !== undefined && code in m.waiting ? m.waiting[code as keyof typeof m.waiting] : undefined;
  return (
    <Callout quiet tone="info" title={known ?? m.other(inWords(waiting.what))}>
      {waiting.you && <p>{m.you}</p>}
      {waiting.who.length > 0 && (
        <Row>
          <span>{m.who}</span>
          {waiting.who.slice(0, MOST_NAMED).map((address) => (
            <Hash key={address} value={address} />
          ))}
          {waiting.who.length > MOST_NAMED && <span>{m.more(waiting.who.length - MOST_NAMED)}</span>}
        </Row>
      )}
      {waiting.until !== null && (
        <p>
          {m.until} <Time at={waiting.until} /> (<RelativeTime at={waiting.until} />)
        </p>
      )}
    </Callout>
  );
}
