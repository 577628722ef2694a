/**
 * A queue that serves its owners in turn: first the users, and among what one user waits for, the
 * documents. Items of one owner keep their order. Whoever adds a thousand items delays the next
 * user by one of them.
 *
 *     users      alice ─► bob ─► carol ─► (alice again)
 *     documents    └ d1 ─► d2 ─► (d1 again)
 *     items             └ oldest first
 */

/** Whom an item belongs to. Items without a document are one line of their user. */
export interface Owner {
  userId: string;
  documentId?: string;
}

export interface FairQueue<Item> {
  readonly size: number;
  add(owner: Owner, item: Item): void;
  /**
   * Returns the item whose turn it is, undefined if there is none. Its user and its document come
   * last from then on. The item stays in the queue until it is deleted. Users for whom `mayGo`
   * returns false keep their place and are passed over.
   */
  next(mayGo?: (userId: string) => boolean): Item | undefined;
  /** Returns whether the item was in the queue. */
  delete(item: Item): boolean;
  /** How many items of this user wait. */
  sizeOf(userId: string): number;
  /** All items, in no particular order. */
  items(): Item[];
}

/** Lines by key; the first one is next. */
type Lines<Line> = Map<string, Line>;

export function createFairQueue<Item>(): FairQueue<Item> {
  const users: Lines<Lines<Set<Item>>> = new Map();
  const owners = new Map<Item, Owner>();
  const sizes = new Map<string, number>();

  function add(owner: Owner, item: Item): void {
    const documents = lineOf(users, owner.userId, () => new Map<string, Set<Item>>());
    lineOf(documents, keyOf(owner), () => new Set<Item>()).add(item);
    owners.set(item, owner);
    sizes.set(owner.userId, sizeOf(owner.userId) + 1);
  }

  function next(mayGo: (userId: string) => boolean = () => true): Item | undefined {
    const documents = takeTurn(users, mayGo);
    const items = documents && takeTurn(documents);
    return items?.values().next().value;
  }

  function remove(item: Item): boolean {
    const owner = owners.get(item);
    if (!owner) return false;
    owners.delete(item);
    sizes.set(owner.userId, sizeOf(owner.userId) - 1);
    const documents = users.get(owner.userId);
    const items = documents?.get(keyOf(owner));
    items?.delete(item);
    if (items?.size === 0) documents?.delete(keyOf(owner));
    if (documents?.size !== 0) return true;
    users.delete(owner.userId);
    return sizes.delete(owner.userId);
  }

  function sizeOf(userId: string): number {
    return sizes.get(userId) ?? 0;
  }

  return {
    get size() {
      return owners.size;
    },
    add,
    next,
    delete: remove,
    sizeOf,
    items: () => [...owners.keys()],
  };
}

function keyOf({ documentId = '' }: Owner): string {
  return documentId;
}

function lineOf<Line>(lines: Lines<Line>, key: string, create: () => Line): Line {
  const line = lines.get(key) ?? create();
  lines.set(key, line);
  return line;
}

/** The line that has waited longest for its turn. It is the last one from then on. */
function takeTurn<Line>(
  lines: Lines<Line>,
  mayGo: (key: string) => boolean = () => true,
): Line | undefined {
  for (const [key, line] of lines) {
    if (!mayGo(key)) continue;
    lines.delete(key);
    lines.set(key, line);
    return line;
  }
  return undefined;
}
