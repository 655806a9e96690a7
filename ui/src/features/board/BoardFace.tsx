import { Database, FlaskConical, LayoutDashboard } from 'lucide-react';
import { Navigate, Route, Routes } from 'react-router';
import { Shell } from '@/app/Shell';
import { EmptyState } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { DatasetsPage } from './datasets/DatasetsPage';
import { JobPage } from './job/JobPage';
import { JobsPage } from './jobs/JobsPage';
import { messages } from './messages';
import { OverviewPage } from './overview/OverviewPage';

/** The public pages of an aggregator; nobody signs in. */
export function BoardFace() {
  const m = useMessages(messages);
  const items = [
    { to: '/overview', label: m.overview, icon: <LayoutDashboard size={18} aria-hidden /> },
    { to: '/jobs', label: m.jobs, icon: <FlaskConical size={18} aria-hidden /> },
    { to: '/datasets', label: m.datasets, icon: <Database size={18} aria-hidden /> },
  ];
  return (
    <Shell face={m.face} items={items}>
      <Routes>
        <Route path="/" element={<Navigate to="/overview" replace />} />
        <Route path="/overview" element={<OverviewPage />} />
        <Route path="/jobs" element={<JobsPage />} />
        <Route path="/jobs/:jobId" element={<JobPage />} />
        <Route path="/datasets" element={<DatasetsPage />} />
        <Route path="*" element={<EmptyState title={m.notFound}>{m.notFoundText}</EmptyState>} />
      </Routes>
    </Shell>
  );
}
