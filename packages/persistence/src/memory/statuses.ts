// What a memory item can be, and what it can become: the one table. The database holds the same (part.ts, which is made from it).

/** A change here needs a new step in part.ts that replaces the trigger's function: the one that was released has these. */
export const transitions = {
  /** Somebody's guess: recalled, and said to be one. */
  speculative: ['consecrated', 'retracted'],
  /** Confirmed. */
  consecrated: ['retracted'],
  /** Taken back. It stays readable, and is recalled only when asked for. */
  retracted: [],
} as const satisfies Record<string, readonly string[]>;

export type MemoryStatus = keyof typeof transitions;
/** What an item of status `S` can become. */
export type NextStatus<S extends MemoryStatus = MemoryStatus> = (typeof transitions)[S][number];
/** What an item can begin as. */
export type FirstStatus = Exclude<MemoryStatus, 'retracted'>;

export const statuses = Object.keys(transitions) as readonly MemoryStatus[];
export const firstStatuses = [
  'speculative',
  'consecrated',
] as const satisfies readonly FirstStatus[];
