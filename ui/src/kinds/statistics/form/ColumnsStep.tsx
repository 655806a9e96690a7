import { FileSpreadsheet, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useController, useFieldArray } from 'react-hook-form';
import { Button, IconButton } from '@/components/Button';
import { Checkbox } from '@/components/fields';
import { Card, Muted, Row, Stack } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { useMessages } from '@/i18n/messages';
import { ListProblem, pageOf, usePageOfProblem } from '../../formLists';
import type { StepProps } from '../../wizard';
import { ColumnFields } from './ColumnFields';
import { ColumnSample } from './ColumnSample';
import styles from './form.module.css';
import { messages } from './messages';
import { AT, type ColumnValues, mergeColumns, NO_CATEGORY, NO_NUMBER, type StatisticsForm } from './values';

const LIST = `${AT}.columns` as const;

/** Which columns to look at, and whether at their correlations. */
export function ColumnsStep({ form, focus }: StepProps<StatisticsForm>) {
  return (
    <>
      <ColumnList form={form} focus={focus} />
      <Correlations form={form} />
    </>
  );
}

/** The columns: typed, or read from a sample; a page at a time when they are many. */
function ColumnList({ form, focus }: StepProps<StatisticsForm>) {
  const m = useMessages(messages);
  const list = useFieldArray({ control: form.control, name: LIST });
  const [offset, setOffset] = usePageOfProblem(form, LIST, focus);
  const [readsSample, setReadsSample] = useState(false);

  const add = (column: ColumnValues) => {
    setOffset(pageOf(list.fields.length));
    list.append(column, { focusName: `${LIST}.${list.fields.length}.name` });
  };
  const remove = (index: number) => {
    if (list.fields.length === 1) list.replace([NO_NUMBER]);
    else list.remove(index);
    const neighbour = Math.max(0, index - 1);
    if (neighbour < offset) setOffset(pageOf(neighbour));
    setTimeout(() => form.setFocus(`${LIST}.${neighbour}.name`));
  };
  return (
    <Card title={m.columns}>
      <Stack gap={3}>
        <Muted>{m.columnsHelp}</Muted>
        <ListProblem form={form} list={LIST} />
        <div className={styles.columns}>
          {list.fields.slice(offset, offset + PAGE_SIZE).map((field, position) => {
            const index = offset + position;
            const name = m.columnNumber(index + 1);
            return (
              <div key={field.id} className={styles.column} role="group" aria-label={name}>
                <ColumnFields form={form} index={index} />
                <div className={styles.remove}>
                  <IconButton label={m.remove(name)} onPress={() => remove(index)}>
                    <Trash2 size={16} aria-hidden />
                  </IconButton>
                </div>
              </div>
            );
          })}
        </div>
        <Pagination offset={offset} total={list.fields.length} onChange={setOffset} />
        <Row>
          <Button icon={<Plus size={16} aria-hidden />} onPress={() => add(NO_NUMBER)}>
            {m.addNumber}
          </Button>
          <Button icon={<Plus size={16} aria-hidden />} onPress={() => add(NO_CATEGORY)}>
            {m.addCategory}
          </Button>
          <Button icon={<FileSpreadsheet size={16} aria-hidden />} onPress={() => setReadsSample(true)}>
            {m.sample}
          </Button>
        </Row>
      </Stack>
      {readsSample && (
        <ColumnSample
          onUse={(columns) => {
            list.replace(mergeColumns(form.getValues(LIST), columns));
            setOffset(0);
          }}
          onClose={() => setReadsSample(false)}
        />
      )}
    </Card>
  );
}

function Correlations({ form }: { form: StatisticsForm }) {
  const m = useMessages(messages);
  const { field } = useController({ control: form.control, name: `${AT}.correlation` });
  return (
    <Card title={m.correlation}>
      <Checkbox isSelected={field.value} onChange={field.onChange} description={m.correlationHelp}>
        {m.correlationAsk}
      </Checkbox>
    </Card>
  );
}
