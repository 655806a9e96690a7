import { useLayoutEffect, useState } from 'react';
import { type FieldPath, type FieldValues, type UseFormReturn, useFormState } from 'react-hook-form';
import { PAGE_SIZE } from '@/components/lists';
import columns from './columns.module.css';

interface FormList<Values extends FieldValues> {
  form: UseFormReturn<Values, unknown, Values>;
  /** Path of the list in the form. */
  list: FieldPath<Values>;
}

/** What is wrong with a list as a whole. */
export function ListProblem<Values extends FieldValues>({ form, list }: FormList<Values>) {
  const { error } = form.getFieldState(list, useFormState({ control: form.control, name: list }));
  // With errors of its entries beside it, it stands under `root`.
  const message = error?.message ?? error?.root?.message;
  if (message === undefined) return null;
  return (
    <p role="alert" className={columns.problem}>
      {message}
    </p>
  );
}

/** The page of a list that is shown; the one with the first wrong field when the focus is to go there. */
export function usePageOfProblem<Values extends FieldValues>(
  form: FormList<Values>['form'],
  list: FieldPath<Values>,
  focus: object | null,
): [number, (offset: number) => void] {
  const [offset, setOffset] = useState(0);
  const { getValues, getFieldState } = form;
  // Before the focus goes there, which it does in an effect of the page.
  useLayoutEffect(() => {
    if (focus === null) return;
    const entries: readonly unknown[] = getValues(list);
    const wrong = entries.findIndex((_, index) => getFieldState(`${list}.${index}` as FieldPath<Values>).invalid);
    if (wrong >= 0) setOffset(pageOf(wrong));
  }, [focus, list, getValues, getFieldState]);
  return [offset, setOffset];
}

/** The offset of the page on which an entry stands. */
export function pageOf(index: number): number {
  return index - (index % PAGE_SIZE);
}
