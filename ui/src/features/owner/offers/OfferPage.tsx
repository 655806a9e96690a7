import { Activity, Check, X } from 'lucide-react';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { Button, ButtonLink } from '@/components/Button';
import { Callout, QueryView } from '@/components/feedback';
import { Card, Facts, PageHeader, Row, Stack } from '@/components/layout';
import { Amount, Hash, RelativeTime, Time } from '@/components/values';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { KindName } from '@/kinds/KindName';
import type { Fact } from '@/kinds/kind';
import { messages as common } from '@/kinds/messages';
import { ownerPartOf } from '@/kinds/owners';
import { useTerms } from '@/kinds/registry';
import { messages as shared } from '../messages';
import { StatusBadge } from '../StatusBadge';
import { AcceptDialog } from './AcceptDialog';
import { useOffer } from '../api/offers';
import { DeclineDialog, TakeBackDialog } from './decisions';
import { messages } from './messages';
import styles from './offers.module.css';
import { OwnDatasets } from './OwnDatasets';
import type { DatasetMatch, Offer, OfferStatus } from '../api/schemas';
import { Learning, Pay, Requirements } from './terms';

const OPEN: readonly OfferStatus[] = ['READY', 'WAITING', 'DECLINED'];

/** One job on offer: what it asks and pays, what is learnt, what fits, and the decision. */
export function OfferPage() {
  const { jobId = '' } = useParams();
  const offer = useOffer(jobId);
  return <QueryView query={offer}>{(data) => <OfferView offer={data} />}</QueryView>;
}

function OfferView({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [mapped, setMapped] = useState<{ match: DatasetMatch; mapping: Record<string, string> } | null>(null);
  return (
    <>
      <PageHeader
        title={offer.title}
        back={{ to: '/offers', label: m.back }}
        subtitle={
          <Row>
            <StatusBadge status={offer.status} />
            <span>{s.statusHelp[offer.status]}</span>
          </Row>
        }
        actions={<Actions offer={offer} mapped={mapped} />}
      />
      {offer.stale_reason && <Callout tone="warning">{s.stale}</Callout>}
      {offer.status === 'FAILED' && offer.reason && (
        <Callout tone="danger">
          <ServiceText>{offer.reason}</ServiceText>
        </Callout>
      )}
      {offer.acceptance && <OwnAcceptance offer={offer} />}
      <Overview offer={offer} />
      {OPEN.includes(offer.status) && <OwnDatasets offer={offer} onMapped={setMapped} />}
      <Requirements offer={offer} />
      <Pay offer={offer} />
      <Learning offer={offer} />
    </>
  );
}

function Actions({
  offer,
  mapped,
}: {
  offer: Offer;
  mapped: { match: DatasetMatch; mapping: Record<string, string> } | null;
}) {
  const m = useMessages(messages);
  const [dialog, setDialog] = useState<'accept' | 'decline' | 'back' | null>(null);
  const close = () => setDialog(null);
  const fitting = offer.datasets.filter((match) => match.matches).map((match) => ({ match, mapping: {} }));
  const choices = mapped?.match.matches ? [mapped, ...fitting] : fitting;
  return (
    <>
      {OPEN.includes(offer.status) && choices.length > 0 && (
        <Button variant="primary" icon={<Check size={16} aria-hidden />} onPress={() => setDialog('accept')}>
          {m.accept}
        </Button>
      )}
      {(offer.status === 'READY' || offer.status === 'WAITING') && (
        <Button icon={<X size={16} aria-hidden />} onPress={() => setDialog('decline')}>
          {m.decline}
        </Button>
      )}
      {offer.status === 'INITIATED' && <Button onPress={() => setDialog('back')}>{m.takeBack}</Button>}
      {offer.role && (
        <ButtonLink to={`/offers/${offer.job_id}/job`} variant="primary" icon={<Activity size={16} aria-hidden />}>
          {m.follow}
        </ButtonLink>
      )}
      {dialog === 'accept' && <AcceptDialog offer={offer} choices={choices} onClose={close} />}
      {dialog === 'decline' && <DeclineDialog jobId={offer.job_id} onClose={close} />}
      {dialog === 'back' && <TakeBackDialog jobId={offer.job_id} onClose={close} />}
    </>
  );
}

function Overview({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const k = useMessages(common);
  const terms = useTerms(offer.spec.computation);
  return (
    <Card>
      <Stack>
        {offer.spec.description && <p className={styles.description}>{offer.spec.description}</p>}
        {terms && <p>{terms.summary}</p>}
        <Facts
          items={[
            { label: k.kind, value: <KindName kind={offer.kind} /> },
            {
              label: m.buyer,
              value: (
                <Row>
                  {offer.buyer_name && <span>{offer.buyer_name}</span>}
                  <Hash value={offer.buyer} />
                </Row>
              ),
            },
            { label: m.deposit, value: <Amount wei={offer.deposit_wei} /> },
            { label: m.owners, value: m.ownersOf(offer.owners_accepted, offer.min_owners) },
            {
              label: m.acceptBy,
              value: (
                <>
                  <Time at={offer.start_by} /> (<RelativeTime at={offer.start_by} />)
                </>
              ),
            },
            { label: m.finishBy, value: <Time at={offer.finish_by} /> },
          ]}
        />
      </Stack>
    </Card>
  );
}

function OwnAcceptance({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const acceptance = offer.acceptance;
  const declared = useDeclared(offer);
  if (acceptance === null) return null;
  const dataset = offer.datasets.find((match) => match.dataset_id === acceptance.dataset_id);
  const mapping = Object.entries(acceptance.column_mapping).map(([name, own]) => `${own} → ${name}`);
  return (
    <Card title={m.yours}>
      <Stack>
        <Facts
          items={[
            { label: m.state, value: m.acceptanceState[acceptance.state] },
            { label: m.acceptedAt, value: <Time at={acceptance.accepted_at} /> },
            {
              label: m.acceptedWith,
              value: <Link to={`/datasets/${acceptance.dataset_id}`}>{dataset?.name ?? acceptance.dataset_id}</Link>,
            },
            { label: m.acceptedRows, value: acceptance.row_count },
            ...declared,
            ...(mapping.length > 0 ? [{ label: m.mapping, value: mapping.join(', ') }] : []),
          ]}
        />
        {acceptance.note && (
          <Callout tone="warning">
            <ServiceText>{acceptance.note}</ServiceText>
          </Callout>
        )}
      </Stack>
    </Card>
  );
}

/** What the acceptance declared beside the number of rows, where the kind has words for it. */
function useDeclared({ kind, acceptance }: Offer): readonly Fact[] {
  const { locale, format } = useLocale();
  return ownerPartOf(kind)?.facts(acceptance?.facts ?? {}, { locale, format }) ?? [];
}
