import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { useMessages } from '@/i18n/messages';
import { Button } from './Button';
import styles from './Dialog.module.css';
import { ActionError } from './feedback';
import { common } from './messages';

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Buttons below. */
  footer?: ReactNode;
  /** Interrupts: it is read out at once, and a press outside does not close it. */
  alert?: boolean;
}

/** A box over the page; Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, isOpen, onClose, children, footer, alert }: DialogProps) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => open || onClose()}
      isDismissable={!alert}
      className={styles.overlay ?? ''}
    >
      <Modal className={styles.modal ?? ''}>
        <AriaDialog role={alert ? 'alertdialog' : 'dialog'} className={styles.dialog ?? ''}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          <div className={styles.body}>{children}</div>
          {footer && <div className={styles.footer}>{footer}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmDialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** What the button does, as a verb. */
  confirmLabel: string;
  danger?: boolean;
  /** While what is to be confirmed is not known yet. */
  isConfirmDisabled?: boolean;
  /** What is missing before it can be confirmed. */
  confirmHint?: string | null;
  isPending: boolean;
  error: unknown;
  onConfirm: () => void;
}

/** Asks before something is signed or lost; shows the error when it failed, and stays open then. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const m = useMessages(common);
  const footer = (
    <>
      {props.confirmHint && (
        <p role="status" className={styles.hint}>
          {props.confirmHint}
        </p>
      )}
      <Button onPress={props.onClose}>{m.cancel}</Button>
      <Button
        variant={props.danger ? 'danger' : 'primary'}
        isPending={props.isPending}
        isDisabled={props.isConfirmDisabled ?? false}
        onPress={props.onConfirm}
      >
        {props.confirmLabel}
      </Button>
    </>
  );
  return (
    <Dialog title={props.title} isOpen={props.isOpen} onClose={props.onClose} footer={footer} alert>
      {props.children}
      <ActionError error={props.error} />
    </Dialog>
  );
}
