import { useFormState, useWatch } from 'react-hook-form';
import { Callout } from '@/components/feedback';
import { Card, Facts, Grid, Muted, Stack } from '@/components/layout';
import { Amount, Hash } from '@/components/values';
import { type Account, useAccount } from '@/features/money/api';
import { FormTextField } from '@/forms/FormField';
import { formatEther, parseEther } from '@/format/amount';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { Split } from './Split';
import type { JobForm } from './useJobForm';
import { isFixedPrice } from './values';

/** What the job may cost, whether the account holds that, and who would get it. */
export function MoneyStep({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { control } = form;
  const isFixed = isFixedPrice(useWatch({ control, name: 'kind' }));
  const percent = { control, inputMode: 'decimal', suffix: '%' } as const;
  return (
    <>
      <Card title={m.steps.money}>
        <Stack>
          <FormTextField
            control={control}
            name="deposit"
            label={isFixed ? m.fixedPriceFields.deposit : m.deposit}
            description={isFixed ? m.priceHelp : m.depositHelp}
            inputMode="decimal"
            suffix="ETH"
          />
          <BalanceCheck form={form} />
        </Stack>
      </Card>
      {!isFixed && (
        <Card title={m.shares}>
          <Stack>
            <Muted>{m.sharesHelp}</Muted>
            <Grid>
              <FormTextField
                {...percent}
                name="trainerPercent"
                label={m.trainerPercent}
                description={m.trainerPercentHelp}
              />
              <FormTextField
                {...percent}
                name="validatorPercent"
                label={m.validatorPercent}
                description={m.validatorPercentHelp}
              />
              <FormTextField
                {...percent}
                name="aggregatorPercent"
                label={m.aggregatorPercent}
                description={m.aggregatorPercentHelp}
              />
            </Grid>
          </Stack>
        </Card>
      )}
      <Split form={form} />
    </>
  );
}

function BalanceCheck({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const account = useAccount();
  const { errors } = useFormState({ control: form.control, name: 'deposit' });
  const deposit = parseEther(useWatch({ control: form.control, name: 'deposit' }));
  if (account.data === undefined) return null;
  const missing = deposit === undefined ? undefined : missingWei(account.data, deposit);
  const { address, balance_wei, posting_fee_wei, promised_wei } = account.data;
  const promised =
    promised_wei && promised_wei !== '0' ? [{ label: m.promised, value: <Amount wei={promised_wei} /> }] : [];
  return (
    <>
      <Facts
        items={[
          { label: m.balance, value: <Amount wei={balance_wei} /> },
          { label: m.fees, value: <Amount wei={posting_fee_wei} /> },
          ...promised,
        ]}
      />
      {account.data.unavailable_reason && <Callout tone="warning">{m.balanceUnknown}</Callout>}
      {missing !== undefined && missing > 0n && !errors.deposit && (
        <Callout tone="warning" title={m.balanceLow}>
          {m.balanceLowText(formatEther(missing, format))} <Hash value={address} />
        </Callout>
      )}
      {missing === 0n && <Callout tone="success">{m.balanceOk}</Callout>}
    </>
  );
}

/** What deposit, fees and other deposits on their way take beyond what the account holds; undefined while that is not known. */
function missingWei(account: Account, deposit: bigint): bigint | undefined {
  if (account.balance_wei === null) return undefined;
  const needed = deposit + BigInt(account.posting_fee_wei ?? 0) + BigInt(account.promised_wei ?? 0);
  const missing = needed - BigInt(account.balance_wei);
  return missing > 0n ? missing : 0n;
}
