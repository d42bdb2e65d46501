// Plans a migration: what was, what is wanted, what stays; the questions that nobody answered; the statements there and back.
import { failure } from '@stillpoint/core';
import type { Federation } from '../registry/index.ts';
import { compare, renameHints, type Comparison } from './compare.ts';
import type { Entity, FederationSnapshot, Loss, Plan, PlanOptions } from './contract.ts';
import { startKit, type Kit } from './kit/kit.ts';
import type { OwnedEntity } from './kit/protocol.ts';
import { findLosses } from './losses.ts';
import { makeNames, type Names } from './names.ts';
import { refuseQuestions } from './questions.ts';
import { resolveRenames } from './renames.ts';
import { droppedOwners, mergeKept, ownedKey, readable, wantedSnapshot } from './snapshot.ts';
import { stopover } from './stages.ts';
import { wordsFor } from './words.ts';

/** Rejects with the MODEL_ codes of collisions and the MIGRATION_ codes of planning. Loads the extensions in a process of its own. */
export async function planMigration(options: PlanOptions): Promise<Plan> {
  await using kit = startKit(options.signal);
  return await planWith(kit, options);
}

/** The same with a process that is there already. */
export async function planWith(kit: Kit, options: PlanOptions): Promise<Plan> {
  const { federation, accept = [] } = options;
  const previous = readable(options.previous);
  const described = await kit.describe(federation);
  refuseOthers(federation, described);
  const wanted = wantedSnapshot(described);
  const names = resolveRenames(previous, wanted, federation);
  const { next, kept } = mergeKept(previous, wanted, options, names);
  const here = new Set(federation.extensions.map(({ name }) => name));
  const dropped = droppedOwners(previous, options, here);

  const comparison = compare(previous.entities, next.entities, names);
  const before = underNames(previous, names);
  const accepted = (name: string, owner: string): boolean =>
    accept.includes(name) || (dropped.has(owner) && name.startsWith('drop '));
  const losses = findLosses(comparison, before, next, accepted);
  refuseQuestions(comparison, before, next, losses);

  const back = names.inverse();
  return {
    up: await statements(kit, previous.entities, next.entities, names),
    down: await statements(kit, next.entities, previous.entities, back),
    next,
    losses,
    downLosses: lossesBack(previous, next, back),
    kept,
    words: wordsFor(comparison, names),
  };
}

/** Models are loaded once here and once in the planner's process: what is planned has to be what will run. */
function refuseOthers({ tables }: Federation, described: readonly OwnedEntity[]): void {
  const here = tables.map(({ owner, schema, name }) => `${schema}.${name} of ${owner}`);
  const there = described
    .filter(({ entity }) => entity.entityType === 'tables')
    .map(({ owner, entity }) => `${entity.schema}.${entity.name} of ${owner}`);
  const other =
    here.find((one) => !there.includes(one)) ?? there.find((one) => !here.includes(one));
  if (other !== undefined)
    throw failure('MIGRATION_PLANNER_FAILED', {
      reason: `the models are not the same each time they are loaded: ${other}.`,
    });
}

/** Nobody was asked about the way back yet. */
function lossesBack(
  previous: FederationSnapshot,
  next: FederationSnapshot,
  back: Names,
): readonly Loss[] {
  const comparison: Comparison = compare(next.entities, previous.entities, back);
  return findLosses(comparison, underNames(next, back), previous, () => false);
}

/** The snapshot with its entities and owners under the names of afterwards. */
function underNames(snapshot: FederationSnapshot, names: Names): FederationSnapshot {
  const owners: Record<string, string> = {};
  const entities = snapshot.entities.map((entity) => {
    const moved = names.forward(entity);
    const owner = snapshot.owners[ownedKey(entity)];
    if (owner !== undefined) owners[ownedKey(moved)] = owner;
    return moved;
  });
  return { ...snapshot, entities, owners };
}

async function statements(
  kit: Kit,
  from: readonly Entity[],
  to: readonly Entity[],
  names: Names,
): Promise<readonly string[]> {
  const between = stopover(from, to, names);
  if (between === undefined) return await difference(kit, from, to, names);
  const unchanged = makeNames({ schemas: [], tables: [], enums: [], columns: [] });
  return [
    ...(await difference(kit, from, between, unchanged)),
    ...(await difference(kit, between, to, names)),
  ];
}

/** What the kit asks beyond the renames that we know is new: refuseQuestions() saw to it. */
async function difference(
  kit: Kit,
  from: readonly Entity[],
  to: readonly Entity[],
  names: Names,
): Promise<readonly string[]> {
  const hints = [...renameHints(compare(from, to, names), names)];
  for (;;) {
    const answer = await kit.difference(from, to, hints);
    if ('statements' in answer)
      return answer.statements.map((one) => one.trim()).filter((one) => one !== '');
    const { questions } = answer;
    const news = questions.filter(
      ({ kind, entity }) =>
        !hints.some(
          (hint) => hint.kind === kind && same('to' in hint ? hint.to : hint.entity, entity),
        ),
    );
    // Each round answers everything that was asked: the same question twice is a kit that we do not understand.
    if (news.length === 0)
      throw failure('MIGRATION_PLANNER_FAILED', { reason: 'it asks again what it was told.' });
    hints.push(...news.map(({ kind, entity }) => ({ type: 'create' as const, kind, entity })));
  }
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
