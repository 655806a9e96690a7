import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmDialog } from '@/components/Dialog';
import { Callout, ErrorState, Loading } from '@/components/feedback';
import { RadioField, SelectField } from '@/components/fields';
import { Facts, Stack } from '@/components/layout';
import { Amount, Hash, Time } from '@/components/values';
import { formatBasisPoints } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ownerPartOf } from '@/kinds/owners';
import { OFFERS_KEY, type Terms, useAccept, useTerms } from '../api/offers';
import { AGAIN, answeredBefore, Consents, missingConsent } from './Consents';
import { messages } from './messages';
import styles from './offers.module.css';
import { Learners } from './terms';
import type { DatasetMatch, Offer } from '../api/schemas';

interface AcceptDialogProps {
  offer: Offer;
  /** The datasets that fit, some of them with their columns under other names. */
  choices: readonly { match: DatasetMatch; mapping: Record<string, string> }[];
  onClose: () => void;
}

const ROLES = { either: 3, trainer: 1, validator: 2 } as const;
type RoleChoice = keyof typeof ROLES;

/** Choose dataset and roles, read what will be signed, and sign it. */
export function AcceptDialog({ offer, choices, onClose }: AcceptDialogProps) {
  const m = useMessages(messages);
  const [index, setIndex] = useState(0);
  const [roles, setRoles] = useState<RoleChoice>('either');
  const [consents, setConsents] = useState<readonly string[]>([]);
  const terms = useTerms(offer.job_id, ROLES[roles]);
  const client = useQueryClient();
  const accept = useAccept(offer.job_id);
  const choice = choices[index];
  const missing = useMissingConsent(offer, consents, accept.error);
  const words = useSigned(offer, roles);
  const sign = () => {
    if (choice === undefined || !terms.isSuccess) return;
    accept.mutate(
      { dataset_id: choice.match.dataset_id, roles: ROLES[roles], column_mapping: choice.mapping, consents },
      {
        onSuccess: onClose,
        onError: (error) => {
          // What the service asks consent for is not what this page knows of.
          if (missingConsent(error) !== null) void client.invalidateQueries({ queryKey: OFFERS_KEY });
        },
      },
    );
  };
  return (
    <ConfirmDialog
      title={m.acceptTitle}
      isOpen
      onClose={onClose}
      confirmLabel={m.acceptConfirm}
      isConfirmDisabled={!terms.isSuccess || missing !== null}
      confirmHint={missing}
      isPending={accept.isPending}
      error={(missingConsent(accept.error) ?? answeredBefore(accept.error)) ? null : accept.error}
      onConfirm={sign}
    >
      <SelectField
        label={m.dataset}
        value={String(index)}
        onChange={(value) => setIndex(Number(value))}
        options={choices.map(({ match }, place) => ({
          value: String(place),
          label: m.rowsOf(match.name, match.row_count),
        }))}
      />
      {offer.may_choose_role && (
        <RadioField
          label={m.rolesLabel}
          description={m.rolesHelp}
          value={roles}
          onChange={(value) => setRoles(value as RoleChoice)}
          options={(Object.keys(ROLES) as RoleChoice[]).map((key) => ({ value: key, label: m.roles[key] }))}
        />
      )}
      <Stack gap={3}>
        <h3>{m.signTitle}</h3>
        <p>{m.signText(words.roles, words.declared)}</p>
        {terms.isPending && (
          <>
            <p>{m.comparing}</p>
            <Loading />
          </>
        )}
        {terms.isError && <ErrorState error={terms.error} onRetry={() => void terms.refetch()} />}
        {terms.isSuccess && <TermsView terms={terms.data} isFixed={offer.pay_rule === 'per_answer'} />}
        <Callout tone="info">{m.signWarning}</Callout>
      </Stack>
      <Stack gap={3}>
        <h3>{m.learnTitle}</h3>
        {choice && <p>{m.signSends(choice.match.row_count, words.sent)}</p>}
        <Learners offer={offer} />
      </Stack>
      <Consents offer={offer} given={consents} onChange={setConsents} error={accept.error} />
    </ConfirmDialog>
  );
}

/** What is still to be agreed to before this can be signed; null when nothing is. */
function useMissingConsent(offer: Offer, given: readonly string[], error: unknown): string | null {
  const m = useMessages(messages);
  if (!offer.consents.every((code) => given.includes(code))) return m.consentMissing;
  return answeredBefore(error) !== null && !given.includes(AGAIN) ? m.againMissing : null;
}

/** What is signed and sent, as parts of sentences; roles are none of it where nobody chooses them. */
function useSigned(offer: Offer, roles: RoleChoice) {
  const m = useMessages(messages);
  const { locale } = useLocale();
  const declares = ownerPartOf(offer.kind)?.declares[locale];
  const parts = [
    m.signDeclares.rows,
    ...(declares === undefined ? [] : [declares]),
    ...(offer.may_choose_role ? [m.signDeclares.roles] : []),
  ];
  return {
    roles: offer.may_choose_role ? ` ${m.signRoles[roles]}` : '',
    declared: [parts.slice(0, -1).join(', '), ...parts.slice(-1)].filter((part) => part !== '').join(m.and),
    sent: declares === undefined ? '' : m.and + declares,
  };
}

function TermsView({ terms, isFixed }: { terms: Terms; isFixed: boolean }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [trainers, validators, aggregator] = [terms.trainer_bps, terms.validator_bps, terms.aggregator_bps].map((bps) =>
    formatBasisPoints(bps, format),
  );
  return (
    <>
      <Facts
        items={[
          { label: m.signJob, value: terms.job_id },
          { label: m.signAccount, value: <Hash value={terms.owner} /> },
          { label: m.deposit, value: <Amount wei={terms.deposit_wei} /> },
          { label: m.signDeadline, value: <Time at={terms.deadline} /> },
          {
            label: m.signShares,
            value: isFixed
              ? m.signSharesFixed(formatBasisPoints(terms.trainer_bps + terms.validator_bps, format), aggregator ?? '')
              : m.signSharesOf(trainers ?? '', validators ?? '', aggregator ?? ''),
          },
        ]}
      />
      <details className={styles.technical}>
        <summary>{m.signTechnical}</summary>
        <Facts
          items={[
            { label: m.signContract, value: <Hash value={terms.contract_address} /> },
            { label: m.signChain, value: terms.chain_id },
            { label: m.signSpec, value: <Hash value={terms.spec_digest} /> },
            {
              label: m.signKey,
              value: (
                <>
                  <Hash value={terms.key_digest} /> ({m.signKeyBits(terms.key_bits)})
                </>
              ),
            },
          ]}
        />
      </details>
    </>
  );
}
