import { Callout } from '@/components/feedback';
import { Card, Facts, Stack } from '@/components/layout';
import { Amount, Hash, RelativeTime, Unknown } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { Chain } from './api';
import { messages } from './messages';

/** Where the contract is, what it holds, and how far the chain is. */
export function ChainCard({ chain, explorerUrl }: { chain: Chain; explorerUrl: string | null }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const account = (address: string) => (
    <Hash value={address} href={explorerUrl ? `${explorerUrl}/address/${address}` : undefined} />
  );
  return (
    <Card title={m.chain}>
      <Stack>
        {!chain.ok && (
          <Callout tone="warning" title={m.chainAway}>
            {m.chainAwayText}
          </Callout>
        )}
        <Facts
          items={[
            { label: m.contract, value: account(chain.contract_address) },
            { label: m.aggregator, value: account(chain.aggregator_address) },
            { label: m.chainId, value: String(chain.chain_id) },
            {
              label: m.block,
              value: chain.block_number === null ? <Unknown /> : formatCount(chain.block_number, format),
            },
            {
              label: m.blockTime,
              value: chain.block_time === null ? <Unknown /> : <RelativeTime at={chain.block_time} />,
            },
            {
              label: m.jobCount,
              value: chain.job_count === null ? <Unknown /> : formatCount(chain.job_count, format),
            },
            { label: m.escrowed, value: <Amount wei={chain.escrowed_wei} /> },
          ]}
        />
      </Stack>
    </Card>
  );
}
