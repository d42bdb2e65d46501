// What a restore would change, before anything is touched: `restore --dry-run`.
import { refuseMoved, summarize, type Sealed } from '../snapshot/index.ts';
import type { RestorePlan } from '../api.ts';
import type { EngineContext } from '../context.ts';
import { partsOf } from '../project/index.ts';
import { rebuildsDue, type Rebuild } from './rebuild.ts';
import { breaksSeal, selectSources, type Selection, type Wanted } from './selection.ts';

export interface PlanOptions extends Wanted {
  readonly target: Sealed;
  /** Into an empty directory: nothing is there that stays. */
  readonly elsewhere: boolean;
  readonly signal: AbortSignal;
}

export async function planRestore(
  engine: EngineContext,
  { target, elsewhere, signal, ...wanted }: PlanOptions,
): Promise<RestorePlan> {
  const changes: RestorePlan['changes'][number][] = [];
  const found = await selectSources(engine, target, wanted);
  const selection = elsewhere ? { ...found, staying: [] } : found;
  if (!elsewhere) refuseMoved(engine.config, target.manifest, selection.sources);
  const staying = breaksSeal(selection) ? selection.staying.map(({ name }) => name) : [];
  for (const source of selection.sources) {
    const driver = selection.drivers.get(source.name)!;
    const { summary, details } = (await driver.exists())
      ? await driver.compare(source.record, engine.vault, signal)
      : { summary: 'is not there yet and is made', details: [] };
    changes.push({ source: source.name, driver: source.driver, summary, details });
  }
  return {
    snapshot: summarize(target, await engine.vault.holds()),
    changes,
    warnings: [...sealWarnings(target, staying), ...warnings(engine, target, selection)],
    bytesNeeded: selection.sources.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0),
    breaksSeal: staying.length === 0 ? null : staying,
    rebuilds: await plannedRebuilds(engine, target, selection, { elsewhere, signal }),
  };
}

async function plannedRebuilds(
  engine: EngineContext,
  { manifest }: Sealed,
  { drivers }: Selection,
  { elsewhere, signal }: Pick<PlanOptions, 'elsewhere' | 'signal'>,
): Promise<readonly Rebuild[]> {
  const { members } = engine.config;
  const before = [];
  for (const { path, rebuild } of elsewhere ? [] : members) {
    if (rebuild === undefined) continue;
    const history = await engine.openHistory(path, signal);
    if (history !== undefined)
      before.push({ path, dependencyLocks: await history.dependencyLocks() });
  }
  const restored = new Set(drivers.keys());
  return rebuildsDue(members, { after: manifest.lockfile, before: { members: before }, restored });
}

function sealWarnings({ manifest }: Sealed, staying: readonly string[]): string[] {
  if (staying.length > 0) {
    const names = staying.map((name) => `"${name}"`).join(', ');
    return [`This breaks the seal: ${names} would stay as now, from another moment.`];
  }
  const mix = manifest.brokenSeal ?? undefined;
  if (mix === undefined) return [];
  const parts = partsOf(mix).map(
    ({ sources, snapshot }) => `${sources.join(', ')} had been brought back alone from ${snapshot}`,
  );
  return [`What was captured was itself a mix: ${parts.join('; ')}.`];
}

function warnings(engine: EngineContext, { manifest }: Sealed, selection: Selection): string[] {
  const captured = new Set(manifest.sources.map(({ name }) => name));
  const untouched = engine.drivers.filter(({ name }) => !captured.has(name));
  const said = untouched.map(({ name }) =>
    selection.staying.some((driver) => driver.name === name)
      ? `"${name}" is not in this snapshot and stays as it is, from another moment.`
      : `"${name}" is not in this snapshot and stays as it is.`,
  );
  for (const name of selection.unnamed) {
    said.push(
      `"${name}" stays as it is, for the configuration does not name it now. Where it names it again afterwards, stillpoint restore ${manifest.id} brings it back, too.`,
    );
  }
  if (manifest.project.id !== engine.state.id) {
    said.unshift(
      `This snapshot is of another project, ${manifest.project.directory}: its code and data take the place of this one's.`,
    );
  }
  const torn = selection.sources.filter(({ quiesced }) => !quiesced);
  if (torn.length > 0) {
    const names = torn.map(({ name }) => `"${name}"`).join(', ');
    said.push(
      `While ${names} ${torn.length === 1 ? 'was' : 'were'} captured, nobody held the writers still.`,
    );
  }
  if (!engine.participants.some(({ kind }) => kind === 'command' || kind === 'http')) {
    said.push(
      'No participant stops your programs: those that run keep the code they have loaded. Restart them after the restore.',
    );
  }
  return said;
}
