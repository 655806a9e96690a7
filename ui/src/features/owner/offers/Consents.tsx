import { useEffect, useRef } from 'react';
import { Problem } from '@/api/problem';
import { Callout } from '@/components/feedback';
import { Checkbox } from '@/components/fields';
import { Stack } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { own, useKindWords } from '@/kinds/registry';
import type { Offer } from '../api/schemas';
import { messages } from './messages';

/** Code of the consent to answer once more what was answered before. */
export const AGAIN = 'again';

interface ConsentsProps {
  offer: Offer;
  /** Codes that are agreed to. */
  given: readonly string[];
  onChange: (given: readonly string[]) => void;
  /** What the service refused an acceptance with. */
  error: unknown;
}

/** What an owner must agree to beside the terms, one by one. */
export function Consents({ offer, given, onChange, error }: ConsentsProps) {
  const m = useMessages(messages);
  const words = useKindWords(offer.kind).consents;
  const again = answeredBefore(error);
  const refused = missingConsent(error);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // What was refused is said here, at the end of a long dialog whose button is always in sight.
    if (again !== null || refused !== null) place.current?.scrollIntoView({ block: 'end' });
  }, [again, refused]);
  const give = (code: string, isGiven: boolean) =>
    onChange(isGiven ? [...given, code] : given.filter((other) => other !== code));
  if (offer.consents.length === 0 && again === null && refused === null && !given.includes(AGAIN)) return null;
  return (
    <div ref={place}>
      <Stack gap={3}>
        {(offer.consents.length > 0 || refused) && <h3>{m.consentTitle}</h3>}
        {offer.consents.map((code) => (
          <Checkbox
            key={code}
            isSelected={given.includes(code)}
            onChange={(isGiven) => give(code, isGiven)}
            description={own(words, code)?.help ?? m.consentOtherHelp}
          >
            {own(words, code)?.label ?? m.consentOther(code)}
          </Checkbox>
        ))}
        {refused !== null && (
          <Callout tone="danger">
            <ServiceText>{refused}</ServiceText>
          </Callout>
        )}
        {again !== null && (
          <Callout tone="warning" title={m.againTitle}>
            <ServiceText>{again}</ServiceText>
          </Callout>
        )}
        {(again !== null || given.includes(AGAIN)) && (
          <Checkbox
            isSelected={given.includes(AGAIN)}
            onChange={(isGiven) => give(AGAIN, isGiven)}
            description={m.againHelp}
          >
            {m.again}
          </Checkbox>
        )}
      </Stack>
    </div>
  );
}

/** Why the same columns are not answered once more, when an acceptance was refused for that. */
export function answeredBefore(error: unknown): string | null {
  return refusedConsent(error, 409);
}

/** Which consent is missing, when an acceptance was refused for that. */
export function missingConsent(error: unknown): string | null {
  return refusedConsent(error, 422);
}

function refusedConsent(error: unknown, status: number): string | null {
  if (!(error instanceof Problem) || error.status !== status) return null;
  return error.fieldErrors.find(({ field }) => field.split('.')[0] === 'consents')?.message ?? null;
}
