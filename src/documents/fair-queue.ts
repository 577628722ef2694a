/**
 * A queue in which owners take turns: first the users, then the documents of one user. Items of one
 * owner keep their order. A user who adds a thousand items delays the next user by one item.
 *
 *     users      alice ─► bob ─► carol ─► (alice again)
 *     documents    └ d1 ─► d2 ─► (d1 again)
 *     items             └ oldest first
 */

/** The owner of an item. The items of a user that belong to no document share one turn. */
export interface Owner {
  userId: string;
  documentId?: string;
}

export interface FairQueue<Item> {
  readonly size: number;
  add(owner: Owner, item: Item): void;
  /**
   * Returns the item whose turn it is, or undefined if there is none. Its user and its document
   * then come last. The item stays in the queue until it is deleted. Users for whom `isEligible`
   * returns false are skipped and keep their position.
   */
  next(isEligible?: (userId: string) => boolean): Item | undefined;
  /** Returns whether the item was in the queue. */
  delete(item: Item): boolean;
  /** Returns the number of items of this user. */
  sizeOf(userId: string): number;
  /** Returns all items, in no particular order. */
  items(): Item[];
}

/** Entries that take turns, by key. The first one is next. */
type Turns<Entry> = Map<string, Entry>;

export function createFairQueue<Item>(): FairQueue<Item> {
  const users: Turns<Turns<Set<Item>>> = new Map();
  const owners = new Map<Item, Owner>();
  const sizes = new Map<string, number>();

  function add(owner: Owner, item: Item): void {
    const documents = getOrAdd(users, owner.userId, () => new Map<string, Set<Item>>());
    getOrAdd(documents, keyOf(owner), () => new Set<Item>()).add(item);
    owners.set(item, owner);
    sizes.set(owner.userId, sizeOf(owner.userId) + 1);
  }

  function next(isEligible: (userId: string) => boolean = () => true): Item | undefined {
    const documents = takeTurn(users, isEligible);
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

function getOrAdd<Entry>(turns: Turns<Entry>, key: string, create: () => Entry): Entry {
  const entry = turns.get(key) ?? create();
  turns.set(key, entry);
  return entry;
}

/** Returns the first eligible entry and moves it to the end. */
function takeTurn<Entry>(
  turns: Turns<Entry>,
  isEligible: (key: string) => boolean = () => true,
): Entry | undefined {
  for (const [key, entry] of turns) {
    if (!isEligible(key)) continue;
    turns.delete(key);
    turns.set(key, entry);
    return entry;
  }
  return undefined;
}
