import type { ReactNode } from 'react';
import { Label, RadioButton, RadioField, RadioGroup, Text } from 'react-aria-components';
import styles from './CardChoice.module.css';

interface CardChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; icon: ReactNode; title: string; text: string; example: string }[];
}

/** One of a few ways to go on, each on a card that says what it is for. */
export function CardChoice({ label, value, onChange, options }: CardChoiceProps) {
  return (
    <RadioGroup value={value} onChange={onChange} className={styles.group ?? ''}>
      <Label className={styles.label}>{label}</Label>
      <div className={styles.cards}>
        {options.map((option) => (
          <RadioField key={option.value} value={option.value} className={styles.card ?? ''}>
            <RadioButton className={styles.button ?? ''}>
              <span className={styles.icon} aria-hidden>
                {option.icon}
              </span>
              <span className={styles.title}>{option.title}</span>
              <span className={styles.dot} aria-hidden />
            </RadioButton>
            <Text slot="description" className={styles.text}>
              {option.text} <em>{option.example}</em>
            </Text>
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  );
}
