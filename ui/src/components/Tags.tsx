import styles from './Tags.module.css';
import { Unknown } from './values';

/** The words by which a dataset is found. */
export function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return <Unknown />;
  return (
    <ul className={styles.tags}>
      {tags.map((tag) => (
        <li key={tag}>{tag}</li>
      ))}
    </ul>
  );
}
