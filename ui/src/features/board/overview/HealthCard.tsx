import { Badge } from '@/components/feedback';
import { Card, Muted } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import styles from '../board.module.css';
import type { Chain, Part } from './api';
import { messages } from './messages';

/** Whether each part of the platform works, and what is wrong with one that does not. */
export function HealthCard({ parts, chain, version }: { parts: readonly Part[]; chain: Chain; version: string }) {
  const m = useMessages(messages);
  // Without the chain nobody knows of the contract.
  const contract = { name: 'contract', ok: chain.ok ? chain.job_count !== null : null, detail: '' };
  return (
    <Card title={m.health} actions={<Muted>{m.version(version)}</Muted>}>
      <ul className={styles.parts}>
        {[...parts, contract].map((part) => (
          <li key={part.name}>
            <div>
              <div>{part.name in m.part ? m.part[part.name as keyof typeof m.part] : part.name}</div>
              {part.detail && (
                <Muted>
                  <ServiceText>{part.detail}</ServiceText>
                </Muted>
              )}
            </div>
            {part.ok === null ? (
              <Badge>{m.notSeen}</Badge>
            ) : (
              <Badge tone={part.ok ? 'success' : 'danger'}>{part.ok ? m.ok : m.notOk}</Badge>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
