import { Check, ChevronDown } from 'lucide-react';
import { type ComponentProps, type ReactNode, type Ref, useId } from 'react';
import {
  CheckboxButton,
  CheckboxField,
  type CheckboxFieldProps,
  FieldError,
  Input,
  Label,
  RadioButton,
  RadioField as AriaRadioField,
  RadioGroup as AriaRadioGroup,
  type RadioGroupProps,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from 'react-aria-components';
import { useMessages } from '@/i18n/messages';
import styles from './fields.module.css';
import { common } from './messages';

interface FieldTexts {
  label: string;
  /** Help that is always shown. */
  description?: ReactNode;
  /** What is wrong and what to do; shown beside the field. */
  error?: string | undefined;
  /** Says so beside the label. */
  optional?: boolean;
}

export interface TextFieldProps extends Omit<AriaTextFieldProps, 'children' | 'className'>, FieldTexts {
  placeholder?: string;
  /** More than one line. */
  rows?: number;
  /** Shown inside, at the end: a unit. */
  suffix?: ReactNode;
  inputRef?: Ref<HTMLInputElement | HTMLTextAreaElement>;
  monospace?: boolean;
}

/** A line or more of text. For numbers give `inputMode="decimal"`: what was typed stays as it was typed. */
export function TextField(props: TextFieldProps) {
  const { label, description, error, optional, placeholder, rows, suffix, inputRef, monospace, ...field } = props;
  const className = `${styles.input} ${monospace ? styles.monospace : ''}`;
  return (
    <AriaTextField {...field} className={styles.field ?? ''} isInvalid={error !== undefined} validationBehavior="aria">
      <FieldLabel label={label} optional={optional} />
      {rows ? (
        <TextArea
          ref={inputRef as Ref<HTMLTextAreaElement>}
          rows={rows}
          placeholder={placeholder}
          className={className}
        />
      ) : (
        <div className={styles.line}>
          <Input ref={inputRef as Ref<HTMLInputElement>} placeholder={placeholder} className={className} />
          {suffix && <span className={styles.suffix}>{suffix}</span>}
        </div>
      )}
      <Help description={description} error={error} />
    </AriaTextField>
  );
}

export interface SelectFieldProps extends FieldTexts, Omit<ComponentProps<'select'>, 'onChange' | 'children'> {
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  /** The label is read out but not seen. */
  hideLabel?: boolean;
}

/** One of a few values, by the browser's own list. */
export function SelectField({
  label,
  description,
  error,
  optional,
  options,
  onChange,
  hideLabel,
  ...select
}: SelectFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : styles.label}>
        {label}
        {optional && <Optional />}
      </label>
      <div className={styles.line}>
        <select
          {...select}
          id={id}
          className={`${styles.input} ${styles.select}`}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={`${id}-help`}
          onChange={(event) => onChange(event.target.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <ChevronDown size={16} aria-hidden className={styles.chevron} />
      </div>
      <div id={`${id}-help`}>
        {error ? (
          <p className={styles.error}>{error}</p>
        ) : (
          description && <p className={styles.description}>{description}</p>
        )}
      </div>
    </div>
  );
}

interface CheckboxProps extends Omit<CheckboxFieldProps, 'children' | 'className'> {
  children: ReactNode;
  description?: ReactNode;
}

/** A box to tick. */
export function Checkbox({ children, description, ...props }: CheckboxProps) {
  return (
    <CheckboxField {...props} className={styles.choice ?? ''}>
      <CheckboxButton className={styles.checkbox ?? ''}>
        <span className={styles.box} aria-hidden>
          <Check size={14} strokeWidth={3} />
        </span>
        {children}
      </CheckboxButton>
      {description && (
        <Text slot="description" className={`${styles.description} ${styles.indented}`}>
          {description}
        </Text>
      )}
    </CheckboxField>
  );
}

export interface RadioFieldProps extends FieldTexts, Omit<RadioGroupProps, 'children' | 'className'> {
  options: readonly { value: string; label: string; description?: string }[];
}

/** One of a few values, all seen at once. */
export function RadioField({ label, description, error, optional, options, ...group }: RadioFieldProps) {
  return (
    <AriaRadioGroup {...group} className={styles.field ?? ''} isInvalid={error !== undefined}>
      <FieldLabel label={label} optional={optional} />
      <div className={styles.options}>
        {options.map((option) => (
          <AriaRadioField key={option.value} value={option.value} className={styles.choice ?? ''}>
            <RadioButton className={styles.radio ?? ''}>
              <span className={styles.dot} aria-hidden />
              {option.label}
            </RadioButton>
            {option.description && (
              <Text slot="description" className={`${styles.description} ${styles.indented}`}>
                {option.description}
              </Text>
            )}
          </AriaRadioField>
        ))}
      </div>
      <Help description={description} error={error} />
    </AriaRadioGroup>
  );
}

function FieldLabel({ label, optional }: { label: string; optional: boolean | undefined }) {
  return (
    <Label className={styles.label}>
      {label}
      {optional && <Optional />}
    </Label>
  );
}

function Optional() {
  return <span className={styles.optional}> ({useMessages(common).optional})</span>;
}

function Help({ description, error }: { description: ReactNode; error: string | undefined }) {
  return (
    <>
      {description && !error && (
        <Text slot="description" className={styles.description}>
          {description}
        </Text>
      )}
      <FieldError className={styles.error ?? ''}>{error}</FieldError>
    </>
  );
}
