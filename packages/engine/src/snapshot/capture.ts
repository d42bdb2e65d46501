// All drivers of one snapshot as one: begin before the freeze, mark inside it, capture after it, seal last. A snapshot and
// the undo point of a restore are taken by the same code.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Json, ProgressListener, SnapshotId } from '@stillpoint/core';
import { writeFileAtomic } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { FreezeTimes } from '../freeze/contract.ts';
import type { Captured, CaptureSession, SourceDriver } from '../sources/contract.ts';
import type { SessionStats, VaultSession } from '../vault/contract.ts';
import { lockfileText, signLockfile, type Lockfile } from './lockfile.ts';
import type { Known } from './outline.ts';
import { placeOf } from './place.ts';
import { streamsIn } from './streams.ts';
import type { SourceSummary } from '../api.ts';
import { MANIFEST_FORMAT, manifestBytes, type Manifest, type Sealed } from './manifest.ts';

export interface CaptureOptions {
  readonly id: SnapshotId;
  readonly drivers: readonly SourceDriver[];
  /** Earlier snapshots, oldest first: what to capture incrementally against. */
  readonly earlier: readonly Known[];
  /** What a restore is about to replace. */
  readonly forUndo?: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface SealOptions {
  readonly kind: Manifest['kind'];
  readonly name: string | null;
  readonly message: string | null;
  readonly freeze: FreezeTimes;
  readonly startedAt: Date;
  readonly startedMs: number;
}

export interface Capture extends AsyncDisposable {
  /** Inside the freeze: all sources. */
  mark(signal: AbortSignal): Promise<void>;
  /** Outside the freeze: everything goes to the vault, then the seal. */
  seal(options: SealOptions): Promise<Sealed>;
}

interface Part {
  readonly driver: SourceDriver;
  readonly session: CaptureSession;
  readonly stats: () => SessionStats;
  readonly mark: (signal: AbortSignal) => Promise<void>;
  readonly markMs: () => number;
}

export async function beginCapture(
  engine: EngineContext,
  options: CaptureOptions,
): Promise<Capture> {
  await using cleanup = new AsyncDisposableStack();
  const vaultSession = cleanup.use(await engine.vault.openSession({ signal: options.signal }));
  const parts = await beginParts(engine, options, vaultSession, cleanup);
  const resources = cleanup.move();
  return {
    async mark(signal) {
      await markAll(parts, signal);
    },
    async seal(sealing) {
      options.progress({ type: 'phase:started', phase: 'capture' });
      const captured = await allOrFirstError(parts.map(({ session }) => session.capture()));
      const config = await storeConfig(engine, vaultSession);
      const brokenSeal = (await engine.state.readBrokenSeal()) ?? null;
      const manifest = describe(engine, options.id, parts, captured, {
        ...sealing,
        config,
        brokenSeal,
      });
      options.progress({ type: 'phase:started', phase: 'seal' });
      const bytes = manifestBytes(manifest);
      const entry = await vaultSession.seal(options.id, bytes, streamsIn(engine, manifest));
      if (sealing.kind === 'snapshot') await writeLockfile(engine, manifest.lockfile);
      for (const { session } of parts) await session.sealed?.();
      return { entry, manifest };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function beginParts(
  engine: EngineContext,
  { id, drivers, earlier, forUndo = false, signal, progress }: CaptureOptions,
  vaultSession: VaultSession,
  cleanup: AsyncDisposableStack,
): Promise<Part[]> {
  return allOrFirstError(
    drivers.map(async (driver): Promise<Part> => {
      const sink = vaultSession.sink();
      const history = recordsOf(engine, driver, earlier, signal);
      const shared = { snapshot: id, source: engine.vault, forUndo, signal, progress };
      const begin = { ...shared, history, sink };
      const session = cleanup.use(await driver.begin(begin));
      return { driver, session, stats: () => sink.stats(), ...timedMark(session, engine.clock) };
    }),
  );
}

/**
 * Those that wait for a server first, all at once: a few round trips, which would each wait for the end of a stat pass. Then
 * those that compute, all at once: each has processes of its own that work beside it.
 */
async function markAll(parts: readonly Part[], signal: AbortSignal): Promise<void> {
  for (const computing of [false, true]) {
    const wave = parts.filter(
      ({ driver }) => (driver.supports.marksByComputing ?? false) === computing,
    );
    await allOrFirstError(wave.map((part) => part.mark(signal)));
  }
}

/** Each source's own time, so that a slow one can be named. */
function timedMark(session: CaptureSession, clock: Clock): Pick<Part, 'mark' | 'markMs'> {
  let markMs = 0;
  return {
    async mark(signal) {
      const startedMs = clock.monotonicMs();
      await session.mark(signal);
      markMs = Math.round((clock.monotonicMs() - startedMs) * 100) / 100;
    },
    markMs: () => markMs,
  };
}

/** Most drivers look at one record. Who looks further looks at many, and the vault may be far away. */
const READ_AHEAD = 16;

/** What one source left in earlier snapshots: this project's newest first, then those of others that share the vault. */
async function* recordsOf(
  { catalogue, state }: EngineContext,
  driver: SourceDriver,
  earlier: readonly Known[],
  signal: AbortSignal,
): AsyncIterable<Json> {
  const isOurs = (one: SourceSummary): boolean =>
    one.name === driver.name && one.driver === driver.kind;
  const having = earlier.filter(({ manifest }) => manifest.sources.some(isOurs)).toReversed();
  const isForeign = ({ manifest }: Known): boolean => manifest.project.id !== state.id;
  const ordered = [...having.filter((one) => !isForeign(one)), ...having.filter(isForeign)];
  for (let at = 0, count = 1; at < ordered.length; at += count, count = READ_AHEAD) {
    const group = ordered.slice(at, at + count);
    const reading = group.map((known) => catalogue.read(known, signal));
    for (const read of await Promise.all(reading)) {
      const source = 'manifest' in read ? read.manifest.sources.find(isOurs) : undefined;
      if (source !== undefined) yield source.record;
    }
  }
}

async function storeConfig(
  engine: EngineContext,
  session: VaultSession,
): Promise<Manifest['config']> {
  const { configFile } = engine.config;
  if (configFile === undefined) return null;
  const bytes = await readFile(configFile).catch((error: NodeJS.ErrnoException) => {
    // A restore died in the middle of a switch: what is found is kept, with or without a configuration.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return null;
  const content = await session.sink().writeBytes(bytes);
  return { file: path.basename(configFile), content };
}

function describe(
  engine: EngineContext,
  id: SnapshotId,
  parts: readonly Part[],
  captured: readonly Captured[],
  sealing: SealOptions & Pick<Manifest, 'config' | 'brokenSeal'>,
): Manifest {
  const sources = parts.map(({ driver, stats, markMs }, index) => {
    const { record, strategy, bytesTotal } = captured[index]!;
    const { bytesStored } = stats();
    const quiesced = isGuarded(engine, driver.name);
    const place = placeOf(engine.config, driver.name);
    const where = place === undefined ? {} : { place };
    const described = { name: driver.name, driver: driver.kind, ...where, strategy, quiesced };
    return { ...described, markMs: markMs(), bytesTotal, bytesStored, record };
  });
  return {
    format: MANIFEST_FORMAT,
    id,
    kind: sealing.kind,
    name: sealing.name,
    message: sealing.message,
    createdAt: sealing.startedAt.toISOString(),
    durationMs: Math.round(engine.clock.monotonicMs() - sealing.startedMs),
    freeze: sealing.freeze,
    project: { id: engine.state.id, directory: engine.config.projectDirectory },
    config: sealing.config,
    lockfile: lockfileOf(parts, captured),
    brokenSeal: sealing.brokenSeal ?? null,
    sources,
    createdBy: { stillpoint: engine.version, platform: process.platform, arch: process.arch },
  };
}

function isGuarded(engine: EngineContext, name: string): boolean {
  return engine.participants.some(({ guards }) => guards === '*' || guards.includes(name));
}

function lockfileOf(parts: readonly Part[], captured: readonly Captured[]): Lockfile {
  return signLockfile({
    members: captured.flatMap(({ member }) => (member === undefined ? [] : [member])),
    sources: parts.flatMap(({ driver }, index) =>
      captured[index]!.member === undefined
        ? [
            {
              name: driver.name,
              driver: driver.kind,
              schemaDigest: captured[index]!.schemaDigest ?? null,
            },
          ]
        : [],
    ),
  });
}

function writeLockfile(engine: EngineContext, lockfile: Lockfile): Promise<void> {
  return writeFileAtomic(engine.state.lockfile, lockfileText(lockfile), { mode: 0o600 });
}

/** Promise.all that waits for the others before it rejects, so that nothing goes on behind a clean-up. */
async function allOrFirstError<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
