import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** Each reads the history of every document around it. */
const MAX_HISTORIES = 5;
const HISTORY = 'events';

/**
 * A document's events lead to its document, and that to its events again: each level multiplies
 * what one query reads. So no history may be asked for within a history, also not by way of a
 * fragment, and few in one request.
 */
export function historyRule(context: ValidationContext): ASTVisitor {
  const known = new Map<string, boolean>();
  let histories = 0;

  function leadsToHistory(selections: SelectionSetNode | undefined): boolean {
    return (selections?.selections ?? []).some((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return fragmentLeadsToHistory(selection.name.value);
      return (
        (selection.kind === Kind.FIELD && selection.name.value === HISTORY) ||
        leadsToHistory(selection.selectionSet)
      );
    });
  }

  /**
   * Remembered before it is known, so that fragments in a circle, which another rule refuses, come
   * to an end here.
   */
  function fragmentLeadsToHistory(name: string): boolean {
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    known.set(name, false);
    const leads = leadsToHistory(context.getFragment(name)?.selectionSet);
    known.set(name, leads);
    return leads;
  }

  return {
    Field(node) {
      if (node.name.value !== HISTORY) return;
      histories += 1;
      if (leadsToHistory(node.selectionSet)) {
        context.reportError(
          new GraphQLError('events may not be asked for within events.', { nodes: [node] }),
        );
      }
      if (histories === MAX_HISTORIES + 1) {
        context.reportError(
          new GraphQLError(`events may be asked for ${MAX_HISTORIES} times in a request.`, {
            nodes: [node],
          }),
        );
      }
    },
  };
}
