// What differs in one source between two states of it.
import { isFailure } from '@stillpoint/core';
import type { TreeAccess, TreeHead, TreeView } from '../sources/contract.ts';
import type {
  CommitsDiff,
  DatabaseDiff,
  DiffState,
  FileChange,
  RunDiff,
  SourceDiff,
} from './contract.ts';
import { compareDatabases } from './databases.ts';
import { compareFiles } from './files.ts';
import { problemOf } from './problem.ts';
import { compareRuns, type RunsOptions } from './runs.ts';
import type { Call, SourceState } from './states.ts';

/** One source; a state that does not have it is undefined, and never both are. */
export interface SourcePair {
  readonly from: SourceState | undefined;
  readonly to: SourceState | undefined;
}

export interface SourceOptions extends Call {
  /** Do not look at rows. */
  readonly schemaOnly: boolean;
  /** How many files, and how many rows of each table, are shown; and how much of runs is looked into. */
  readonly shown: { readonly files: number; readonly rows: number } & RunsOptions['shown'];
  /** Undefined: nobody can. */
  readonly readRuns: Pick<RunsOptions, 'compare' | 'checkRoom' | 'place'> | undefined;
}

export interface SourceResult {
  readonly diff: SourceDiff;
  readonly dependencyLocks: readonly FileChange[];
}

export async function compareSource(
  { from, to }: SourcePair,
  options: SourceOptions,
): Promise<SourceResult> {
  const { signal, progress } = options;
  const { name, kind: driver } = (to ?? from)!;
  const known = to?.driver ?? from?.driver;
  progress({ type: 'phase:started', phase: 'compare', detail: name });
  const nothing = {
    name,
    driver,
    problem: null,
    commits: null,
    files: null,
    databases: null,
    runs: null,
  };
  const unknown = (problem: string): SourceResult => ({
    diff: { ...nothing, state: 'unknown', problem },
    dependencyLocks: [],
  });
  const missing = [from, to].some((state) => state !== undefined && state.driver === undefined);
  if (missing) return unknown('the configuration does not name it');
  try {
    if (known?.tree !== undefined) {
      const { dependencyLocks, ...trees } = await compareTrees(known.tree, { from, to }, options);
      const state = stateOf({ from, to }, trees.differ);
      const { commits, files } = trees;
      const runs = trees.differ ? await compareRunSets({ from, to }, options) : null;
      const problem = problemsIn((runs ?? []).map(({ run, ...rest }) => ({ name: run, ...rest })));
      return { diff: { ...nothing, state, problem, commits, files, runs }, dependencyLocks };
    }
    if (known?.database !== undefined) {
      const databases = await compareDatabaseSets({ from, to }, options);
      const states = new Set(databases.map((database) => database.state));
      const differ = ['added', 'removed', 'changed'].some((one) => states.has(one as DiffState));
      const whole = differ || !states.has('unknown');
      const state = whole ? stateOf({ from, to }, differ) : 'unknown';
      const problem = problemsIn(databases);
      return { diff: { ...nothing, state, problem, databases }, dependencyLocks: [] };
    }
  } catch (error) {
    return unknown(problemOf(error, signal));
  }
  return unknown(`what the driver ${driver} captures cannot be compared yet`);
}

function problemsIn(
  parts: readonly { readonly name: string; readonly problem: string | null }[],
): string | null {
  const problems = parts.flatMap(({ name, problem }) =>
    problem === null ? [] : [`${name}: ${problem}`],
  );
  return problems.length === 0 ? null : problems.join('; ');
}

async function compareRunSets(
  { from, to }: SourcePair,
  { readRuns, schemaOnly, shown, signal }: SourceOptions,
): Promise<readonly RunDiff[] | null> {
  if (readRuns === undefined || schemaOnly || from?.driver?.runs === undefined || to === undefined)
    return null;
  return await compareRuns(await from.readRuns(), await to.readRuns(), {
    ...readRuns,
    shown,
    signal,
  });
}

function stateOf({ from, to }: SourcePair, differ: boolean): SourceDiff['state'] {
  if (from === undefined) return 'added';
  if (to === undefined) return 'removed';
  return differ ? 'changed' : 'same';
}

async function compareTrees(
  access: TreeAccess,
  { from, to }: SourcePair,
  { shown, signal }: SourceOptions,
): Promise<
  Pick<SourceDiff, 'commits' | 'files'> & {
    readonly differ: boolean;
    readonly dependencyLocks: readonly FileChange[];
  }
> {
  const before = await from?.readTree();
  const after = await to?.readTree();
  const commits = await compareCommits(access, before, after, signal);
  const { dependencyLocks, ...files } = await compareFiles(before, after, {
    shown: shown.files,
    signal,
  });
  const moved =
    before?.head?.commit !== after?.head?.commit || before?.head?.branch !== after?.head?.branch;
  const differ = moved || files.added + files.removed + files.changed > 0;
  return { commits, files, differ, dependencyLocks };
}

async function compareCommits(
  access: TreeAccess,
  before: TreeView | undefined,
  after: TreeView | undefined,
  signal: AbortSignal,
): Promise<CommitsDiff | null> {
  const from: TreeHead | null = before?.head ?? null;
  const to: TreeHead | null = after?.head ?? null;
  if (access.commits === undefined || (from === null && to === null)) return null;
  const head = { from, to };
  const unknown = { head, ahead: null, behind: null, added: [], removed: [] };
  if (from === null || to === null) return unknown;
  if (from.commit === to.commit) return { ...unknown, ahead: 0, behind: 0 };
  if (from.commit === null || to.commit === null) return unknown;
  try {
    return { ...unknown, ...(await access.commits(from.commit, to.commit, signal)) };
  } catch (error) {
    // There is no repository to ask.
    if (isFailure(error)) return unknown;
    throw error;
  }
}

async function compareDatabaseSets(
  { from, to }: SourcePair,
  { schemaOnly, shown, signal, progress }: SourceOptions,
): Promise<readonly DatabaseDiff[]> {
  const digest = from?.schemaDigest ?? null;
  // The lockfiles say it already.
  if (schemaOnly && digest !== null && digest === to?.schemaDigest) return [];
  await using before = await from?.openDatabases();
  await using after = await to?.openDatabases();
  const rows = schemaOnly ? undefined : { shown: shown.rows, signal };
  return await compareDatabases(before, after, {
    rows,
    signal,
    began: (database) =>
      progress({ type: 'phase:started', phase: 'compare', detail: `database ${database}` }),
  });
}
