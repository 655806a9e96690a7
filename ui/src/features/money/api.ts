import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { unixSeconds, wei } from '@/api/schemas';

const account = z.object({
  address: z.string(),
  /** Null, as all that only the chain knows, while that does not answer. */
  balance_wei: z.nullable(wei),
  owed_wei: z.nullable(wei),
  /** Of buyers: what posting a job costs at most besides its deposit. */
  posting_fee_wei: z.nullish(wei),
  /** Of buyers: deposits that are being paid and that the balance still contains. */
  promised_wei: z.optional(wei),
  /** Why amounts are null. */
  unavailable_reason: z.nullish(z.string()),
});

/** The account as the chain has it, as far as that answers. */
export type Account = z.output<typeof account>;

const withdrawal = z.object({
  id: z.string(),
  state: z.enum(['pending', 'queued', 'signed', 'broadcast', 'mined', 'failed']),
  tx_hash: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  requested_at: unixSeconds,
  amount_wei: z.nullish(wei),
});

/** A transfer of everything owed, on its way or done. */
export type Withdrawal = z.output<typeof withdrawal>;

const withdrawalList = z.object({ withdrawals: z.array(withdrawal) });

const KEY = ['money'] as const;

/** The account as the chain has it; goes on asking. */
export function useAccount() {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...KEY, 'account'],
    queryFn: ({ signal }) => call(account, '/v1/account', { signal }),
    refetchInterval: interval,
  });
}

/** All withdrawals, newest first; goes on asking. */
export function useWithdrawals() {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...KEY, 'withdrawals'],
    queryFn: ({ signal }) => call(withdrawalList, '/v1/withdrawals', { signal }),
    refetchInterval: interval,
  });
}

/** Send everything owed to the own account, or to another one. */
export function useWithdraw() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (to: string | undefined) =>
      call(withdrawal, '/v1/withdrawals', { method: 'POST', json: to === undefined ? {} : { to } }),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

/** Whether nothing more happens to a withdrawal. */
export function isDone(withdrawal: Withdrawal): boolean {
  return withdrawal.state === 'mined' || withdrawal.state === 'failed';
}
