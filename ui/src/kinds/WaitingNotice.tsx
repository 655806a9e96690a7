import type { WaitingFor } from '@/api/schemas';
import { Callout } from '@/components/feedback';
import { Row } from '@/components/layout';
import { Hash, RelativeTime, Time } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { messages } from './messages';
import { own, useKindWords } from './registry';

const MOST_NAMED = 5;

/** Whom or what a job waits for, and until when. */
export function WaitingNotice({ waiting }: { waiting: WaitingFor }) {
  const m = useMessages(messages);
  const inWords = useServiceText();
  const title = useWaitingText(waiting.code ?? '') ?? m.other(inWords(waiting.what));
  return (
    <Callout quiet tone="info" title={title}>
      {waiting.you && <p>{m.you}</p>}
      {waiting.who.length > 0 && (
        <Row>
          <span>{m.who}</span>
          {waiting.who.slice(0, MOST_NAMED).map((address) => (
            <Hash key={address} value={address} />
          ))}
          {waiting.who.length > MOST_NAMED && <span>{m.moreWho(waiting.who.length - MOST_NAMED)}</span>}
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

/** That a job waits for something, given by its code: one of the market's, or `KIND/STEP`. */
function useWaitingText(code: string): string | undefined {
  const m = useMessages(messages);
  const [kind = '', step] = code.split('/');
  const { waiting } = useKindWords(kind);
  return step === undefined ? own<string>(m.waiting, code) : own(waiting, step);
}
