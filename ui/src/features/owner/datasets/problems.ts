import type { Column, Dataset } from '../api/datasets';

/** The columns that no job can use as they are. */
export function problemColumns(dataset: Dataset): Column[] {
  return dataset.columns.filter((column) => !column.is_numeric || column.missing_count > 0);
}
