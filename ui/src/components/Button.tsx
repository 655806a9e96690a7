import { LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { Link, type LinkProps } from 'react-router';
import styles from './Button.module.css';

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger';

export interface ButtonProps extends AriaButtonProps {
  variant?: Variant;
  size?: 'small' | 'medium';
  icon?: ReactNode;
  children: ReactNode;
}

/** A button; while `isPending` it turns, keeps the focus and cannot be pressed. */
export function Button({ variant = 'secondary', size = 'medium', icon, children, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className={`${styles.button} ${styles[variant]} ${styles[size]}`}>
      {props.isPending ? <LoaderCircle className={styles.spin} size={16} aria-hidden /> : icon}
      {children}
    </AriaButton>
  );
}

/** A button that shows an icon only; `label` is what it says. */
export function IconButton({ label, children, ...props }: AriaButtonProps & { label: string; children: ReactNode }) {
  return (
    <AriaButton {...props} aria-label={label} className={`${styles.button} ${styles.ghost} ${styles.icon}`}>
      {children}
    </AriaButton>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  variant = 'secondary',
  icon,
  children,
  ...props
}: LinkProps & { variant?: Variant; icon?: ReactNode }) {
  return (
    <Link {...props} className={`${styles.button} ${styles[variant]} ${styles.medium}`}>
      {icon}
      {children}
    </Link>
  );
}
