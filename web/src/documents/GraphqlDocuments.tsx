import { DocumentsView } from './DocumentsView.js';
import { useListPosition } from './list-position.js';
import type { DocumentActions } from './use-document-actions.js';
import { useDocumentCounts } from './use-document-counts.js';
import { useDocumentPage } from './use-document-page.js';
import type { DocumentWatch } from './watch-documents.js';

interface GraphqlDocumentsProps {
  watch: DocumentWatch;
  actions: DocumentActions;
  hrefOf: (documentId: string) => string;
}

export function GraphqlDocuments({ watch, actions, hrefOf }: GraphqlDocumentsProps) {
  const position = useListPosition<string>();
  return (
    <DocumentsView
      position={position}
      counts={useDocumentCounts(watch)}
      page={useDocumentPage(watch, position.filter, position.cursor)}
      hrefOf={hrefOf}
      onSave={actions.save}
      onDelete={actions.confirmDelete}
    />
  );
}
