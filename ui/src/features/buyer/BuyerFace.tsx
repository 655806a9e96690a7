import { FlaskConical, Wallet } from 'lucide-react';
import { Navigate, Route, Routes } from 'react-router';
import { EmptyState } from '@/components/feedback';
import { SignedIn } from '@/features/session/SignedIn';
import { useMessages } from '@/i18n/messages';
import { AccountPage } from './account/AccountPage';
import { JobPage } from './job/JobPage';
import { JobsPage } from './jobs/JobsPage';
import { messages } from './messages';
import { NewJobPage } from './wizard/NewJobPage';

/** The pages of a model buyer. */
export function BuyerFace() {
  const m = useMessages(messages);
  const items = [
    { to: '/jobs', label: m.jobs, icon: <FlaskConical size={18} aria-hidden /> },
    { to: '/account', label: m.account, icon: <Wallet size={18} aria-hidden /> },
  ];
  return (
    <SignedIn face={m.face} items={items}>
      <Routes>
        <Route path="/" element={<Navigate to="/jobs" replace />} />
        <Route path="/jobs" element={<JobsPage />} />
        <Route path="/jobs/new" element={<NewJobPage />} />
        <Route path="/jobs/:id" element={<JobPage />} />
        <Route path="/account" element={<AccountPage />} />
        <Route path="*" element={<EmptyState title={m.notFound}>{m.notFoundText}</EmptyState>} />
      </Routes>
    </SignedIn>
  );
}
