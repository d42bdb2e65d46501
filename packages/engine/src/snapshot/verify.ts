// verify: that everything a snapshot needs is in the vault; `deep` reads every byte of it.
import type { SnapshotVerification } from '../api.ts';
import type { EngineContext } from '../context.ts';
import type { StreamRef } from '../sources/contract.ts';
import type { Sealed } from './manifest.ts';

/** What checking needs of a project. */
export type Verifier = Pick<EngineContext, 'vault' | 'referencesOf'>;

export async function verifySnapshot(
  engine: Verifier,
  sealed: Sealed,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
): Promise<SnapshotVerification> {
  const { manifest } = sealed;
  const unreadable: { key: string; what: string }[] = [];
  const report = await engine.vault.verify(references(engine, sealed, unreadable), options);
  return {
    snapshot: manifest.id,
    report: { ...report, damages: [...report.damages, ...unreadable] },
  };
}

/** A listing that is itself damaged hides what it lists: that is damage too, and the rest is still checked. */
async function* references(
  engine: Verifier,
  { manifest }: Sealed,
  unreadable: { key: string; what: string }[],
): AsyncIterable<StreamRef> {
  if (manifest.config !== null) yield manifest.config.content;
  for (const { name, driver, record } of manifest.sources) {
    try {
      yield* engine.referencesOf(driver, record, engine.vault, manifest.id);
    } catch (error) {
      unreadable.push({ key: name, what: (error as Error).message });
    }
  }
}
