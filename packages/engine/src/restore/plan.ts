// What a restore would change, before anything is touched: `restore --dry-run`.
import { summarize, type Sealed } from '../snapshot/index.ts';
import type { RestorePlan } from '../api.ts';
import type { EngineContext } from '../context.ts';

export async function planRestore(
  engine: EngineContext,
  target: Sealed,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const { manifest } = target;
  const changes: RestorePlan['changes'][number][] = [];
  const drivers = engine.driversFor(manifest.sources, manifest.id);
  for (const source of manifest.sources) {
    const driver = drivers.get(source.name)!;
    const { summary, details } = (await driver.exists())
      ? await driver.compare(source.record, engine.vault, signal)
      : { summary: 'is not there yet and is made', details: [] };
    changes.push({ source: source.name, driver: source.driver, summary, details });
  }
  return {
    snapshot: summarize(target),
    changes,
    warnings: warnings(engine, target),
    bytesNeeded: manifest.sources.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0),
  };
}

function warnings(engine: EngineContext, { manifest }: Sealed): string[] {
  const captured = new Set(manifest.sources.map(({ name }) => name));
  const untouched = engine.drivers.filter(({ name }) => !captured.has(name));
  const said = untouched.map(({ name }) => `"${name}" is not in this snapshot and stays as it is.`);
  if (manifest.project.id !== engine.state.id) {
    said.unshift(
      `This snapshot is of another project, ${manifest.project.directory}: its code and data take the place of this one's.`,
    );
  }
  const torn = manifest.sources.filter(({ quiesced }) => !quiesced);
  said.push(
    ...torn.map(({ name }) => `"${name}" was captured while nobody held its writers still.`),
  );
  if (!engine.participants.some(({ kind }) => kind !== 'lock')) {
    said.push(
      'No participant stops your programs: those that run keep the code they have loaded. Restart them after the restore.',
    );
  }
  return said;
}
