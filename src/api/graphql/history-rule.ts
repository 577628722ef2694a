import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** Each `events` field reads the history of every document around it. */
const MAX_HISTORIES = 5;
const HISTORY = 'events';

/**
 * Limits the `events` fields of an operation, counted as executed: a fragment that is used three
 * times counts three times. Rejects `events` within `events`: the events of a document lead to the
 * document, and from there to its events again, so that each level multiplies what one query reads.
 */
export function historyRule(context: ValidationContext): ASTVisitor {
  const countHistories = createHistoryCount(context);
  return {
    OperationDefinition: (node) => {
      if (countHistories(node.selectionSet) <= MAX_HISTORIES) return;
      const message = `An operation may select events ${MAX_HISTORIES} times, with fragments expanded.`;
      context.reportError(new GraphQLError(message, { nodes: [node] }));
    },
    Field: (node) => {
      if (node.name.value !== HISTORY || countHistories(node.selectionSet) === 0) return;
      const message = 'events must not be selected within events.';
      context.reportError(new GraphQLError(message, { nodes: [node] }));
    },
  };
}

/** Returns a function that counts outermost `events` fields. It measures each fragment once. */
function createHistoryCount(
  context: ValidationContext,
): (selectionSet: SelectionSetNode | undefined) => number {
  const counted = new Map<string, number>();

  function count(selectionSet: SelectionSetNode | undefined): number {
    const selections = selectionSet?.selections ?? [];
    return selections.reduce((total, selection) => total + countSelection(selection), 0);
  }

  function countSelection(selection: SelectionNode): number {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return countFragment(selection.name.value);
    const isHistory = selection.kind === Kind.FIELD && selection.name.value === HISTORY;
    return isHistory ? 1 : count(selection.selectionSet);
  }

  function countFragment(name: string): number {
    const known = counted.get(name);
    if (known !== undefined) return known;
    // Fragments in a circle, which another rule rejects, end here.
    counted.set(name, 0);
    const histories = count(context.getFragment(name)?.selectionSet);
    counted.set(name, histories);
    return histories;
  }

  return count;
}
