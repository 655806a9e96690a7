import { ClipboardPaste, FileSpreadsheet, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useFieldArray } from 'react-hook-form';
import { Button, IconButton } from '@/components/Button';
import { Card, Muted, Row, Stack } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { useMessages } from '@/i18n/messages';
import columns from '../../columns.module.css';
import { ListProblem, pageOf, usePageOfProblem } from '../../formLists';
import { FeatureFields } from './FeatureFields';
import { FeatureSample } from './FeatureSample';
import { messages } from './messages';
import { PasteDialog } from './PasteDialog';
import { AT, type FeatureValues, isBlank, type LinearForm, NO_FEATURE } from './values';

const LIST = `${AT}.features` as const;

/** The features: typed, pasted, or read from a sample; a page at a time when they are many. */
export function FeatureList({ form, focus }: { form: LinearForm; focus: object | null }) {
  const m = useMessages(messages);
  const list = useFieldArray({ control: form.control, name: LIST });
  const [offset, setOffset] = usePageOfProblem(form, LIST, focus);
  const [dialog, setDialog] = useState<'paste' | 'sample' | null>(null);
  const shown = list.fields.slice(offset, offset + PAGE_SIZE);

  const add = () => {
    setOffset(pageOf(list.fields.length));
    list.append(NO_FEATURE);
  };
  const remove = (index: number) => {
    if (list.fields.length === 1) list.replace([NO_FEATURE]);
    else list.remove(index);
    const neighbour = Math.max(0, index - 1);
    if (neighbour < offset) setOffset(pageOf(neighbour));
    setTimeout(() => form.setFocus(`${LIST}.${neighbour}.name`));
  };
  const merge = (added: readonly FeatureValues[]) => {
    list.replace(mergeFeatures(form.getValues(LIST), added));
    setOffset(0);
    setDialog(null);
  };
  return (
    <Card title={m.features}>
      <Stack gap={3}>
        <Muted>{m.featuresHelp}</Muted>
        <ListProblem form={form} list={LIST} />
        <div className={columns.rows}>
          {shown.map((field, position) => {
            const index = offset + position;
            return (
              <div key={field.id} className={columns.row} role="group" aria-label={m.featureNumber(index + 1)}>
                <FeatureFields form={form} field={`features.${index}`} />
                <div className={columns.remove}>
                  <IconButton label={m.removeFeature(m.featureNumber(index + 1))} onPress={() => remove(index)}>
                    <Trash2 size={16} aria-hidden />
                  </IconButton>
                </div>
              </div>
            );
          })}
        </div>
        <Pagination offset={offset} total={list.fields.length} onChange={setOffset} />
        <Row>
          <Button icon={<Plus size={16} aria-hidden />} onPress={add}>
            {m.addFeature}
          </Button>
          <Button icon={<ClipboardPaste size={16} aria-hidden />} onPress={() => setDialog('paste')}>
            {m.paste}
          </Button>
          <Button icon={<FileSpreadsheet size={16} aria-hidden />} onPress={() => setDialog('sample')}>
            {m.sample}
          </Button>
        </Row>
      </Stack>
      {dialog === 'paste' && <PasteDialog form={form} onUse={merge} onClose={() => setDialog(null)} />}
      {dialog === 'sample' && (
        <FeatureSample
          onUse={(features, target) => {
            merge(features);
            if (target) form.setValue(`${AT}.target`, target, { shouldDirty: true });
          }}
          onClose={() => setDialog(null)}
        />
      )}
    </Card>
  );
}

/** Those that were there, without empty rows, and the new ones; a new one takes the place of one of its name. */
export function mergeFeatures(present: readonly FeatureValues[], added: readonly FeatureValues[]): FeatureValues[] {
  const merged = new Map(present.filter((one) => !isBlank(one)).map((one, index) => [one.name.trim() || index, one]));
  for (const one of added) {
    const before = merged.get(one.name);
    merged.set(one.name, { ...one, unit: one.unit || before?.unit || '' });
  }
  return merged.size > 0 ? [...merged.values()] : [NO_FEATURE];
}
