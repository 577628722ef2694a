import { useEffect, useSyncExternalStore } from 'react';
import classes from './upload.module.css';
import { UploadRow } from './UploadRow.js';
import type { Upload, Uploads } from './uploads.js';

interface UploadListProps {
  uploads: Uploads;
  hrefOf: (documentId: string) => string | null;
}

/** The document list shows accepted uploads; this list keeps those that need a person. */
const isDone = ({ state }: Upload) => state.phase === 'accepted' && state.duplicateOf === null;

export function UploadList({ uploads, hrefOf }: UploadListProps) {
  const all = useSyncExternalStore(uploads.subscribe, uploads.get);
  useEffect(() => {
    for (const { key } of all.filter(isDone)) uploads.dismiss(key);
  }, [all, uploads]);
  const shown = all.filter((upload) => !isDone(upload));
  if (shown.length === 0) return null;
  return (
    <ul className={classes['list']} aria-label="Uploads">
      {shown.map((upload) => (
        <UploadRow key={upload.key} upload={upload} uploads={uploads} hrefOf={hrefOf} />
      ))}
    </ul>
  );
}
