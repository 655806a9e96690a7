import { useState } from 'react';
import { Button } from '@/components/Button';
import { ActionError, Callout } from '@/components/feedback';
import { SelectField } from '@/components/fields';
import { Row, Stack } from '@/components/layout';
import { readDraft, writeDraft } from '@/forms/useDraftForm';
import { useMessages } from '@/i18n/messages';
import { useDataset } from '../api/datasets';
import { useCheckMapping } from '../api/offers';
import { messages } from './messages';
import styles from './offers.module.css';
import type { DatasetMatch, Offer } from '../api/schemas';

interface MappingFormProps {
  offer: Offer;
  match: DatasetMatch;
  onChecked: (match: DatasetMatch, mapping: Record<string, string>) => void;
}

/** Which of the dataset's columns stands for which of the job's, where the names differ. */
export function MappingForm({ offer, match, onChecked }: MappingFormProps) {
  const m = useMessages(messages);
  const key = `mapping-${offer.job_id}-${match.dataset_id}`;
  const [mapping, setMapping] = useState<Record<string, string>>(() => ({
    ...match.suggested_mapping,
    ...storedMapping(key),
  }));
  const [isChecked, setIsChecked] = useState(false);
  const dataset = useDataset(match.dataset_id);
  const check = useCheckMapping(offer.job_id);
  const missing = match.columns.filter((column) => column.codes.includes('missing_column'));
  const fitting = (required: string) =>
    dataset.data?.columns.filter((column) => required === 'category' || column.is_numeric) ?? [];
  const choose = (name: string, ownName: string) => {
    const next = Object.fromEntries(
      Object.entries({ ...mapping, [name]: ownName }).filter(([, value]) => value !== ''),
    );
    setMapping(next);
    writeDraft(sessionStorage, key, next);
    check.reset();
  };
  const submit = () => {
    setIsChecked(true);
    if (missing.some((column) => mapping[column.name] === undefined)) return;
    check.mutate(
      { dataset_id: match.dataset_id, column_mapping: mapping },
      { onSuccess: (checked) => onChecked(checked, mapping) },
    );
  };
  return (
    <Stack gap={3}>
      <div>
        <h3>{m.mapTitle}</h3>
        <p>{m.mapText}</p>
      </div>
      <div className={styles.mapping}>
        {missing.map((column) => (
          <SelectField
            key={column.name}
            label={column.name}
            value={mapping[column.name] ?? ''}
            error={isChecked && mapping[column.name] === undefined ? m.chooseColumn : undefined}
            onChange={(value) => choose(column.name, value)}
            options={[
              { value: '', label: m.notMapped },
              ...fitting(column.required.kind).map(({ name }) => ({ value: name, label: name })),
            ]}
          />
        ))}
      </div>
      <Row>
        <Button isPending={check.isPending} onPress={submit}>
          {m.checkMapping}
        </Button>
      </Row>
      <ActionError error={check.error} />
      {check.data && (
        <Callout tone={check.data.matches ? 'success' : 'warning'}>
          {check.data.matches ? m.mappingFits : m.mappingFitsNot}
        </Callout>
      )}
    </Stack>
  );
}

function storedMapping(key: string): Record<string, string> {
  const stored = readDraft(sessionStorage, key);
  if (typeof stored !== 'object' || stored === null) return {};
  return Object.fromEntries(
    Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
