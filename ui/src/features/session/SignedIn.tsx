import type { ReactNode } from 'react';
import { useAbout } from '@/api/about';
import { type NavigationItem, Shell } from '@/app/Shell';
import { ConnectionBanner } from '@/app/connection';
import { ErrorState, Loading } from '@/components/feedback';
import { ConnectionLost } from '@/api/problem';
import { useSession, useSignOut } from './api';
import { SignIn } from './SignIn';

/** The pages of a face for who is signed in, and the sign-in page, at the same address, for everybody else. */
export function SignedIn({
  face,
  items,
  children,
}: {
  face: string;
  items: readonly NavigationItem[];
  children: ReactNode;
}) {
  const session = useSession();
  if (session.data === undefined) {
    if (!session.isError) return <Loading />;
    if (session.error instanceof ConnectionLost) return <ConnectionBanner />;
    return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  }
  if (session.data.user === null) return <SignIn face={face} />;
  return (
    // With another user, who signed in at another window, the pages begin anew: what is typed in them is not that user's.
    <Frame key={session.data.user} face={face} items={items} user={session.data.user}>
      {children}
    </Frame>
  );
}

function Frame({
  face,
  items,
  user,
  children,
}: {
  face: string;
  items: readonly NavigationItem[];
  user: string;
  children: ReactNode;
}) {
  const about = useAbout();
  const signOut = useSignOut();
  return (
    <Shell face={face} name={about.data?.name} items={items} user={{ name: user, onSignOut: () => signOut.mutate() }}>
      {children}
    </Shell>
  );
}
