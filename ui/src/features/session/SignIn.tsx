import { LogIn } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { ConnectionBanner } from '@/app/connection';
import { Preferences } from '@/app/Shell';
import { Button } from '@/components/Button';
import { ActionError, Callout } from '@/components/feedback';
import { FormTextField } from '@/forms/FormField';
import { useDraftForm } from '@/forms/useDraftForm';
import { useMessages } from '@/i18n/messages';
import { useSignIn } from './api';
import { messages } from './messages';
import styles from './SignIn.module.css';

/** Name and password of a user of this service. */
export function SignIn({ face }: { face: string }) {
  const m = useMessages(messages);
  const signIn = useSignIn();
  const schema = useMemo(
    () =>
      z.object({
        user: z.string().check(z.minLength(1, m.userMissing)),
        password: z.string().check(z.minLength(1, m.passwordMissing)),
      }),
    [m],
  );
  const form = useDraftForm({ schema, defaults: { user: 'admin', password: '' } });
  useEffect(() => {
    document.title = `${m.title} · DeltaML`;
  }, [m]);
  return (
    <div className={styles.page}>
      <header className={styles.preferences}>
        <Preferences />
      </header>
      <main className={styles.main}>
        <ConnectionBanner />
        <form
          className={styles.card}
          noValidate
          onSubmit={(event) => void form.handleSubmit((values) => signIn.mutate(values))(event)}
        >
          <svg viewBox="0 0 32 32" width="40" height="40" aria-hidden>
            <rect width="32" height="32" rx="8" fill="var(--accent)" />
            <path d="M16 8 24.5 24h-17Z" fill="none" stroke="var(--on-accent)" strokeWidth="3" strokeLinejoin="round" />
          </svg>
          <div>
            <h1>{m.title}</h1>
            <p className={styles.face}>DeltaML · {face}</p>
          </div>
          <SignInError error={signIn.error} />
          <FormTextField control={form.control} name="user" label={m.user} autoComplete="username" />
          <FormTextField
            control={form.control}
            name="password"
            label={m.password}
            type="password"
            autoComplete="current-password"
            autoFocus
          />
          <Button type="submit" variant="primary" isPending={signIn.isPending} icon={<LogIn size={16} aria-hidden />}>
            {m.submit}
          </Button>
          <p className={styles.help}>{m.help}</p>
        </form>
      </main>
    </div>
  );
}

function SignInError({ error }: { error: unknown }) {
  const m = useMessages(messages);
  if (!(error instanceof Problem)) return <ActionError error={error} />;
  if (error.isSignedOut) return <Callout tone="danger">{m.wrong}</Callout>;
  if (error.retryAfterS !== undefined) return <SlowedDown key={error.requestId} seconds={error.retryAfterS} />;
  return <ActionError error={error} />;
}

/** Counts down until another attempt is taken. */
function SlowedDown({ seconds }: { seconds: number }) {
  const m = useMessages(messages);
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft((value) => Math.max(0, value - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return <Callout tone="warning">{left > 0 ? m.tooMany(left) : m.tryAgainNow}</Callout>;
}
