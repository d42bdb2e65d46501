// Which checkpoints of a run go when it is thinned. Whatever the rule, what a kept one needs stays, and so does the newest.
import type { CheckpointRecord } from '../directory/index.ts';

export type PruneRule =
  /** The newest so many stay. */
  | { readonly keep: number }
  /** Those of earlier ticks go. */
  | { readonly before: number }
  /** Of each so many ticks the first stays. */
  | { readonly every: number };

export interface ChosenPruned {
  readonly gone: readonly CheckpointRecord[];
  readonly kept: readonly CheckpointRecord[];
  /** Of those kept: the rule would let them go, but others need them or `latest` names them. */
  readonly needed: readonly CheckpointRecord[];
}

/** `checkpoints` in the order in which they were written; `latest` as the link of the run names it. */
export function choosePruned(
  checkpoints: readonly CheckpointRecord[],
  rule: PruneRule,
  latest: string | undefined,
): ChosenPruned {
  const byRule = new Set(wantedBy(checkpoints, rule));
  const last = checkpoints.at(-1);
  const wanted = checkpoints.filter(
    (one) => byRule.has(one) || one === last || one.file === latest,
  );
  const files = new Set(
    wanted.flatMap(({ file, base }) => (base === null ? [file] : [file, base])),
  );
  const kept = checkpoints.filter(({ file }) => files.has(file));
  return {
    gone: checkpoints.filter(({ file }) => !files.has(file)),
    kept,
    needed: kept.filter((one) => !byRule.has(one)),
  };
}

function wantedBy(
  checkpoints: readonly CheckpointRecord[],
  rule: PruneRule,
): readonly CheckpointRecord[] {
  if ('keep' in rule) return rule.keep === 0 ? [] : checkpoints.slice(-rule.keep);
  if ('before' in rule) return checkpoints.filter(({ tick }) => tick >= rule.before);
  const kept: CheckpointRecord[] = [];
  let within = -1;
  for (const one of checkpoints.toSorted((a, b) => a.tick - b.tick)) {
    const stretch = Math.floor(one.tick / rule.every);
    if (stretch !== within) kept.push(one);
    within = stretch;
  }
  return kept;
}
