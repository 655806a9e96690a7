import { type Control, type FieldPath, type FieldValues, useController } from 'react-hook-form';
import { SelectField, type SelectFieldProps, TextField, type TextFieldProps } from '@/components/fields';

interface Bound<Values extends FieldValues> {
  control: Control<Values>;
  name: FieldPath<Values>;
}

/** A `TextField` of a form, with its error. */
export function FormTextField<Values extends FieldValues>({
  control,
  name,
  ...field
}: Bound<Values> & Omit<TextFieldProps, 'name' | 'value' | 'onChange' | 'error' | 'inputRef'>) {
  const { field: bound, fieldState } = useController({ control, name });
  return (
    <TextField
      {...field}
      name={name}
      value={bound.value}
      onChange={bound.onChange}
      onBlur={bound.onBlur}
      inputRef={bound.ref}
      error={fieldState.error?.message}
    />
  );
}

/** A `SelectField` of a form, with its error. */
export function FormSelectField<Values extends FieldValues>({
  control,
  name,
  ...field
}: Bound<Values> & Omit<SelectFieldProps, 'name' | 'value' | 'onChange' | 'error' | 'form'>) {
  const { field: bound, fieldState } = useController({ control, name });
  return (
    <SelectField
      {...field}
      name={name}
      value={bound.value}
      onChange={bound.onChange}
      onBlur={bound.onBlur}
      ref={bound.ref}
      error={fieldState.error?.message}
    />
  );
}
