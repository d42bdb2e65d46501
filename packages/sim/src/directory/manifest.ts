// The manifest of a run, and how it is brought in line with the files that are there. Entries stand in the order in which files were
// written; a file that it does not know was written after it was, for whoever replaces a file takes its entry out first.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson, isDigest, isFailure, writeFileAtomic } from '@stillpoint/core';
import { openCheckpoint, type CheckpointFacts } from '../checkpoint/index.ts';
import type { CheckpointRecord, RunFacts, RunManifest } from './contract.ts';
import { checkpointName, MANIFEST, tickOfName } from './names.ts';

const GROUP = 32;

/** Undefined where there is none, or what is there cannot be read as one: then the files say it all. */
export async function readManifest(runDirectory: string): Promise<RunManifest | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(runDirectory, MANIFEST), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const manifest = JSON.parse(text) as RunManifest;
    return isManifest(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

export async function writeManifest(runDirectory: string, manifest: RunManifest): Promise<void> {
  await writeFileAtomic(path.join(runDirectory, MANIFEST), `${canonicalJson(manifest)}\n`);
}

/** By number, not by name. */
export async function checkpointFiles(runDirectory: string): Promise<readonly string[]> {
  const ticks = (await readdir(runDirectory)).flatMap((name) => tickOfName(name) ?? []);
  return ticks.toSorted((a, b) => a - b).map(checkpointName);
}

/**
 * The entries of files that are there, then those of files that were not known. A file that cannot be opened as a checkpoint has no
 * entry, nor has one of another `run` that somebody put here; it stays where it is. With `sizes` files of another size than their entry's are looked at anew.
 */
export async function reconcile(
  runDirectory: string,
  known: readonly CheckpointRecord[],
  { sizes, run }: { readonly sizes: boolean; readonly run?: RunManifest | undefined },
): Promise<readonly CheckpointRecord[]> {
  const files = await checkpointFiles(runDirectory);
  const there = new Set(files);
  const listed = known.filter(({ file }) => there.has(file));
  const fits = await inGroups(listed, async (one) => !sizes || (await isOfSize(runDirectory, one)));
  const kept = listed.filter((_, at) => fits[at]);
  const named = new Set(kept.map(({ file }) => file));
  const unknown = files.filter((file) => !named.has(file));
  const found = await inGroups(unknown, (file) => recordOf(runDirectory, file, run));
  return [...kept, ...found.filter((one) => one !== undefined)];
}

/** Of thousands of files some at once: each is open for a moment only. */
async function inGroups<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += GROUP)
    results.push(...(await Promise.all(items.slice(from, from + GROUP).map(work))));
  return results;
}

/** What the run is, by the newest of its checkpoints that can be opened: each of them says it. */
export async function factsFromFiles(
  runDirectory: string,
): Promise<(RunFacts & { readonly createdAt: string; readonly runId: string }) | undefined> {
  for (const file of (await checkpointFiles(runDirectory)).toReversed()) {
    const facts = await factsOf(path.join(runDirectory, file));
    if (facts === undefined) continue;
    const { runId, world, seed, parameters, lineage, createdAt } = facts;
    const { name, hash } = world;
    return { runId, world: { name, hash }, seed, parameters, lineage, createdAt };
  }
  return undefined;
}

async function factsOf(file: string): Promise<CheckpointFacts | undefined> {
  try {
    await using checkpoint = await openCheckpoint(file);
    return checkpoint.facts;
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}

/** Its history: by its id, or by what a run keeps for life where its directory was given another name. */
export function isOfRun(facts: CheckpointFacts, run: RunManifest): boolean {
  const keptBy = ({ seed, parameters, lineage }: RunFacts): string =>
    canonicalJson([seed, parameters, lineage]);
  return facts.runId === run.runId || keptBy(facts) === keptBy(run);
}

async function recordOf(
  runDirectory: string,
  file: string,
  run: RunManifest | undefined,
): Promise<CheckpointRecord | undefined> {
  const at = path.join(runDirectory, file);
  try {
    await using checkpoint = await openCheckpoint(at);
    const { facts, digest, base } = checkpoint;
    const { size: bytes } = await stat(at);
    const { tick, createdAt } = facts;
    // A copy that somebody gave another name is not the checkpoint of that tick.
    if (tickOfName(file) !== tick) return undefined;
    if (run !== undefined && !isOfRun(facts, run)) return undefined;
    return { tick, file, bytes, digest, base: base?.file ?? null, createdAt };
  } catch (error) {
    if (isFailure(error) || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isOfSize(runDirectory: string, { file, bytes }: CheckpointRecord): Promise<boolean> {
  const found = await stat(path.join(runDirectory, file)).catch(() => undefined);
  return found?.size === bytes;
}

function isManifest(value: RunManifest | null): value is RunManifest {
  return (
    typeof value === 'object' &&
    value !== null &&
    value.format === 1 &&
    typeof value.runId === 'string' &&
    typeof value.createdAt === 'string' &&
    typeof value.status === 'string' &&
    typeof value.seed === 'string' &&
    typeof value.world?.name === 'string' &&
    isDigest(value.world.hash) &&
    typeof value.parameters === 'object' &&
    Array.isArray(value.checkpoints) &&
    value.checkpoints.every(isRecord)
  );
}

function isRecord({ tick, file, bytes, digest, base }: CheckpointRecord): boolean {
  return (
    tickOfName(file) === tick &&
    Number.isSafeInteger(bytes) &&
    isDigest(digest) &&
    (base === null || tickOfName(base) !== undefined)
  );
}
