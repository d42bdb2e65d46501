// verify: that everything a snapshot needs is in the vault; `deep` reads every byte of it. What is damaged is told by the object that
// is, and what that costs by source and file.
import type { Loss, SnapshotVerification } from '../api.ts';
import type { EngineContext } from '../context.ts';
import type { NamedStream } from '../sources/contract.ts';
import type { CheckedPacks, StreamsReport } from '../vault/contract.ts';
import type { Sealed } from './manifest.ts';
import type { SnapshotStream } from './streams.ts';

/** What checking needs of a project. */
export type Verifier = Pick<EngineContext, 'vault' | 'referencesOf'>;

export interface VerifySnapshotOptions {
  readonly deep: boolean;
  /** What was looked at for other snapshots. */
  readonly packs?: CheckedPacks;
  readonly signal: AbortSignal;
}

interface Reference extends NamedStream {
  readonly from: SnapshotStream;
}

export async function verifySnapshot(
  engine: Verifier,
  sealed: Sealed,
  options: VerifySnapshotOptions,
): Promise<SnapshotVerification> {
  const unreadable: { source: string; what: string }[] = [];
  const { lost, ...report } = await engine.vault.verify(
    references(engine, sealed, unreadable),
    options,
  );
  // A listing that nobody waited for is not damaged.
  options.signal.throwIfAborted();
  const damages = unreadable.map(({ source, what }) => ({ key: source, what }));
  return {
    snapshot: sealed.manifest.id,
    report: { ...report, damages: [...report.damages, ...damages] },
    losses: lossesOf(lost, unreadable),
  };
}

/** A listing that is itself damaged hides what it lists: that is damage too, and the rest is still checked. */
async function* references(
  engine: Verifier,
  { manifest }: Sealed,
  unreadable: { source: string; what: string }[],
): AsyncGenerator<Reference> {
  if (manifest.config !== null) {
    const stream = manifest.config.content;
    yield { ...stream, from: { source: null, driver: null, stream } };
  }
  for (const { name, driver, record } of manifest.sources) {
    try {
      for await (const stream of engine.referencesOf(driver, record, engine.vault, manifest.id)) {
        yield { ...stream, from: { source: name, driver, stream } };
      }
    } catch (error) {
      unreadable.push({ source: name, what: (error as Error).message });
    }
  }
}

/** A source whose listing is lost is lost as a whole: what else is said of it says less. */
function lossesOf(
  lost: StreamsReport<Reference>['lost'],
  unreadable: readonly { source: string; what: string }[],
): readonly Loss[] {
  const whole = new Map<string | null, string>();
  for (const { source, what } of unreadable) whole.set(source, what);
  for (const { stream, why } of lost) {
    const { source, stream: named } = stream.from;
    if (named.of === undefined && !whole.has(source)) whole.set(source, why);
  }
  const files = lost.flatMap(({ stream, why }): Loss[] => {
    const { source, stream: named } = stream.from;
    return named.of === undefined || whole.has(source) ? [] : [{ source, of: named.of, why }];
  });
  return [...[...whole].map(([source, why]) => ({ source, of: null, why })), ...files];
}
