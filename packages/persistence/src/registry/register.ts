// From extensions to one federation: setup is run, models are checked, names compared, everything put into its fixed order.
import { failure, isFailure } from '@stillpoint/core';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import type { ChamberPart } from '../chambers/contract.ts';
import { lacksOfBase } from './base.ts';
import { refuseCollisions, type Claim } from './collisions.ts';
import {
  coreOwner,
  type Extension,
  type Federation,
  type RegisteredExtension,
  type RegisteredTable,
} from './contract.ts';
import * as coreModels from './core-models.ts';
import type { FoundExtension } from './discover.ts';
import { partClaims, refuseClosedSchemas, schemaClaims } from './schemas.ts';

/** An extension, and where it came from. */
export interface LoadedExtension extends FoundExtension {
  readonly extension: Extension;
}

const core: RegisteredExtension = {
  name: coreOwner,
  file: undefined,
  directory: undefined,
  version: undefined,
  commit: undefined,
  renames: [],
  seed: undefined,
  participants: [],
};

/** Runs every setup(), in the order of names. Rejects with the MODEL_ codes, each naming the extension. */
export async function registerExtensions(
  loaded: readonly LoadedExtension[],
  parts: readonly ChamberPart[] = [],
): Promise<Federation> {
  const inOrder = loaded.toSorted((a, b) => compare(a.extension.name, b.extension.name));
  refuseEqualNames(inOrder);
  const tables = Object.values(coreModels).map((model) => registered(coreOwner, model));
  for (const one of inOrder) tables.push(...(await setUp(one)));
  tables.sort(byPlace);
  const claims = tables.map(tableClaim);
  refuseClosedSchemas(claims);
  refuseCollisions([...partClaims(parts), ...schemaClaims(claims), ...claims]);
  return { extensions: [core, ...inOrder.map(described)], tables };
}

function refuseEqualNames(inOrder: readonly LoadedExtension[]): void {
  for (const [index, { extension, file }] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before?.extension.name !== extension.name) continue;
    throw failure('MODEL_EXTENSION_TWICE', {
      name: extension.name,
      first: before.file,
      second: file,
    });
  }
}

async function setUp({ extension, file }: LoadedExtension): Promise<readonly RegisteredTable[]> {
  const { name: owner } = extension;
  const models = new Set<PgTable>();
  let open = true;
  const registerModel = (model: PgTable): void => {
    if (!open) throw failure('MODEL_SETUP_CLOSED', { owner, model: nameOf(model) });
    refuseWithoutBase(owner, model);
    models.add(model);
  };
  try {
    for (const model of extension.models ?? []) registerModel(model);
    await extension.setup?.({ owner, registerModel });
    return [...models].map((model) => registered(owner, model));
  } catch (error) {
    if (isFailure(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('MODEL_SETUP_FAILED', { owner, reason, file }, error);
  } finally {
    open = false;
  }
}

function refuseWithoutBase(owner: string, model: PgTable): void {
  const missing = is(model, PgTable) ? lacksOfBase(model) : 'it is no table of drizzle-orm/pg-core';
  if (missing !== undefined)
    throw failure('MODEL_WITHOUT_BASE', { owner, model: nameOf(model), missing });
}

function nameOf(model: unknown): string {
  return is(model, PgTable) ? getTableConfig(model).name : String(model);
}

function registered(owner: string, model: PgTable): RegisteredTable {
  const { schema = 'public', name } = getTableConfig(model);
  return { owner, schema, name, model };
}

function tableClaim({ owner, schema, name }: RegisteredTable): Claim {
  return { owner, entityType: 'tables', schema, name };
}

function described({ extension, ...found }: LoadedExtension): RegisteredExtension {
  const { name, renames = [], seed, participants = [] } = extension;
  return { ...found, name, renames, seed, participants };
}

function byPlace(a: RegisteredTable, b: RegisteredTable): number {
  return compare(a.owner, b.owner) || compare(a.schema, b.schema) || compare(a.name, b.name);
}

/** By code unit: the same on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
