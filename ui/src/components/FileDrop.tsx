import { FileUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { DropZone, type FileDropItem, FileTrigger, Text } from 'react-aria-components';
import { useMessages } from '@/i18n/messages';
import { Button } from './Button';
import styles from './FileDrop.module.css';
import { common } from './messages';

interface FileDropProps {
  /** File name endings: `['.csv', '.parquet']`. */
  accept: readonly string[];
  onFile: (file: File) => void;
  /** What happens to the file, shown below. */
  hint?: ReactNode;
  error?: string | undefined;
  isDisabled?: boolean;
}

/** A place to drop a file on, with a button for the keyboard and for small screens. */
export function FileDrop({ accept, onFile, hint, error, isDisabled }: FileDropProps) {
  const m = useMessages(common);
  return (
    <div>
      <DropZone
        className={styles.zone ?? ''}
        isDisabled={isDisabled ?? false}
        aria-label={m.dropHere}
        onDrop={(event) => {
          const item = event.items.find((candidate): candidate is FileDropItem => candidate.kind === 'file');
          if (item) void item.getFile().then(onFile);
        }}
      >
        <FileUp size={22} aria-hidden />
        <Text slot="label">{m.dropHere}</Text>
        <FileTrigger
          acceptedFileTypes={[...accept]}
          onSelect={(files) => {
            const file = files?.[0];
            if (file) onFile(file);
          }}
        >
          <Button isDisabled={isDisabled ?? false}>{m.chooseFile}</Button>
        </FileTrigger>
        {hint && <div className={styles.hint}>{hint}</div>}
      </DropZone>
      {error && (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      )}
    </div>
  );
}
