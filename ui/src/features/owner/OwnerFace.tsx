import { Briefcase, Coins, Database } from 'lucide-react';
import { Navigate, Route, Routes } from 'react-router';
import { EmptyState } from '@/components/feedback';
import { SignedIn } from '@/features/session/SignedIn';
import { useMessages } from '@/i18n/messages';
import { AddDatasetPage } from './datasets/AddDatasetPage';
import { DatasetPage } from './datasets/DatasetPage';
import { DatasetsPage } from './datasets/DatasetsPage';
import { EarningsPage } from './earnings/EarningsPage';
import { JobPage } from './jobs/JobPage';
import { messages } from './messages';
import { OfferPage } from './offers/OfferPage';
import { OffersPage } from './offers/OffersPage';

/** The pages of a data owner. */
export function OwnerFace() {
  const m = useMessages(messages);
  const items = [
    { to: '/datasets', label: m.datasets, icon: <Database size={18} aria-hidden /> },
    { to: '/offers', label: m.offers, icon: <Briefcase size={18} aria-hidden /> },
    { to: '/earnings', label: m.earnings, icon: <Coins size={18} aria-hidden /> },
  ];
  return (
    <SignedIn face={m.face} items={items}>
      <Routes>
        <Route path="/" element={<Navigate to="/datasets" replace />} />
        <Route path="/datasets" element={<DatasetsPage />} />
        <Route path="/datasets/new" element={<AddDatasetPage />} />
        <Route path="/datasets/:datasetId" element={<DatasetPage />} />
        <Route path="/offers" element={<OffersPage />} />
        <Route path="/offers/:jobId" element={<OfferPage />} />
        <Route path="/offers/:jobId/job" element={<JobPage />} />
        <Route path="/earnings" element={<EarningsPage />} />
        <Route path="*" element={<EmptyState title={m.notFound}>{m.notFoundText}</EmptyState>} />
      </Routes>
    </SignedIn>
  );
}
