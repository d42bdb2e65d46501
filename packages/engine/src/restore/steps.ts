// The restore as tables: which states it goes through, and which steps in which order. docs/format/journal.md shows them;
// the crash tests generate their cases from them.
/** States of a restore; what a later process does that finds one in the journal stands beside. */
export const transitions = {
  /** Placements are made beside the live state. Found: dropped. */
  preparing: ['ready', 'ended'],
  /** All placements and the undo point are durable; sources are being closed. Found: opened again, dropped. */
  ready: ['switching', 'reversing'],
  /** At least one source may be switched. Found: carried to the end, or reversed if that fails. */
  switching: ['reversing', 'ended'],
  /** What was switched is being switched back. Found: carried on. */
  reversing: ['ended'],
  ended: [],
} as const satisfies Record<string, readonly string[]>;

export type RestoreState = keyof typeof transitions;

export type StepKind = 'close' | 'switch' | 'rebuild' | 'settle' | 'open' | 'finish';

/** `close db`, `switch .`, `settle`: a name is unique within one direction. */
export interface Step {
  readonly kind: StepKind;
  /** undefined: of the whole restore. */
  readonly source?: string;
}

export function stepName(step: Step): string {
  return step.source === undefined ? step.kind : `${step.kind} ${step.source}`;
}

export interface StepSource {
  readonly name: string;
  readonly closes: boolean;
}

/**
 * Everything closes, then everything switches, then members are rebuilt, then the books are written, then everything opens. Last,
 * what was prepared is cleared away: by then there is no way back, for others may have written since.
 * `rebuilds`: the members whose dependencies change.
 */
export function forwardSteps(
  sources: readonly StepSource[],
  rebuilds: readonly string[] = [],
): readonly Step[] {
  const closing = sources.filter(({ closes }) => closes);
  return [
    ...closing.map(({ name }): Step => ({ kind: 'close', source: name })),
    ...sources.map(({ name }): Step => ({ kind: 'switch', source: name })),
    ...rebuilds.map((member): Step => ({ kind: 'rebuild', source: member })),
    { kind: 'settle' },
    ...closing.map(({ name }): Step => ({ kind: 'open', source: name })),
    { kind: 'finish' },
  ];
}

/** The way back of what was begun: the last switched is the first to be switched back. */
export function reverseSteps(
  sources: readonly StepSource[],
  begun: ReadonlySet<string>,
  rebuilds: readonly string[] = [],
): readonly Step[] {
  const switched = sources.filter(({ name }) =>
    begun.has(stepName({ kind: 'switch', source: name })),
  );
  const closing = sources.filter(({ closes }) => closes);
  const rebuilt = rebuilds.filter((member) =>
    begun.has(stepName({ kind: 'rebuild', source: member })),
  );
  const mustClose = switched.length > 0 ? closing : [];
  return [
    ...mustClose.map(({ name }): Step => ({ kind: 'close', source: name })),
    ...switched.toReversed().map(({ name }): Step => ({ kind: 'switch', source: name })),
    ...rebuilt.map((member): Step => ({ kind: 'rebuild', source: member })),
    ...(begun.has('settle') ? [{ kind: 'settle' } as const] : []),
    ...closing.map(({ name }): Step => ({ kind: 'open', source: name })),
  ];
}
