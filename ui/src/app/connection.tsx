import { createContext, use } from 'react';
import { type Connection, useConnectionLost } from '@/api/connection';
import { Button } from '@/components/Button';
import { Callout } from '@/components/feedback';
import { defineMessages, useMessages } from '@/i18n/messages';

const messages = defineMessages({
  en: {
    title: 'Connection lost – trying again',
    text: 'The service does not answer. What you see may be out of date; what you typed is kept.',
    now: 'Try now',
  },
  es: {
    title: 'Conexión perdida – reintentando',
    text: 'El servicio no responde. Lo que ve puede no estar al día; lo que ha escrito se conserva.',
    now: 'Intentar ahora',
  },
});

export const ConnectionContext = createContext<Connection | null>(null);

/** Says so while the service does not answer, and goes away when it does again. */
export function ConnectionBanner() {
  const connection = use(ConnectionContext);
  if (connection === null) throw new Error('ConnectionBanner needs a ConnectionContext around it');
  const lost = useConnectionLost(connection);
  const m = useMessages(messages);
  if (!lost) return null;
  return (
    <Callout
      tone="danger"
      title={m.title}
      actions={
        <Button size="small" onPress={() => void connection.retry()}>
          {m.now}
        </Button>
      }
    >
      {m.text}
    </Callout>
  );
}
