// The process that plans: it loads the kit, and the extensions once more, since models cannot be sent. A line of JSON comes on
// standard input, a line of JSON goes to descriptor 3; standard output belongs to whoever writes to it. The kit ends its process when
// it meets what it does not like: then ours ends, and the one that asked reads why on what was printed.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api-postgres';
import { is } from 'drizzle-orm';
import {
  getTableConfig,
  PgEnumColumn,
  PgEnumObjectColumn,
  type PgEnum,
  type PgEnumObject,
} from 'drizzle-orm/pg-core';
import { loadExtensions, type FoundExtension, type RegisteredTable } from '../../registry/index.ts';
import type { Entity } from '../contract.ts';
import {
  entitiesVersion,
  type About,
  type Hint,
  type KitReply,
  type KitRequest,
  type OwnedEntity,
  type Question,
} from './protocol.ts';

const nobody = '00000000-0000-0000-0000-000000000000';

let about: About | undefined;
let answering = false;
// The kit meant to end us: then at least with a word about what it was looking at.
process.on('exit', () => {
  if (answering) reply({ kind: 'failed', reason: undefined, about });
});

const lines = createInterface({ input: process.stdin });
lines.on('close', () => {
  // Whoever asked is gone, or has what it wanted: whatever a module of an extension left running ends too.
  process.kill(process.pid, 'SIGKILL');
});
for await (const line of lines) {
  answering = true;
  const message = await answer(JSON.parse(line) as KitRequest);
  answering = false;
  reply(message);
}

async function answer(request: KitRequest): Promise<KitReply> {
  try {
    if (request.kind === 'describe')
      return { kind: 'described', entities: await describe(request.found) };
    return await difference(request.from, request.to, request.hints);
  } catch (error) {
    return {
      kind: 'failed',
      reason: error instanceof Error ? error.message : String(error),
      about,
    };
  } finally {
    about = undefined;
  }
}

/** Table by table: so the kit never sees two owners' things at once, and collisions stay ours to find. */
async function describe(found: readonly FoundExtension[]): Promise<readonly OwnedEntity[]> {
  const { tables } = await loadExtensions(found);
  const all: OwnedEntity[] = [];
  for (const [value, owner] of enumsOf(tables)) {
    about = { owner, what: `enum ${value.schema ?? 'public'}.${value.enumName}` };
    all.push(...owned(owner, await entitiesOf(value)));
  }
  for (const { owner, schema, name, model } of tables) {
    about = { owner, what: `table ${schema}.${name}` };
    all.push(...owned(owner, await entitiesOf(model)));
  }
  return all;
}

/** An enum that several use is the first one's. */
function enumsOf(
  tables: readonly RegisteredTable[],
): ReadonlyMap<PgEnum<[string, ...string[]]> | PgEnumObject<object>, string> {
  const owners = new Map<PgEnum<[string, ...string[]]> | PgEnumObject<object>, string>();
  for (const { owner, model } of tables)
    for (const column of getTableConfig(model).columns)
      if ((is(column, PgEnumColumn) || is(column, PgEnumObjectColumn)) && !owners.has(column.enum))
        owners.set(column.enum, owner);
  return owners;
}

async function entitiesOf(value: unknown): Promise<readonly Entity[]> {
  const { version, ddl } = await generateDrizzleJson({ value });
  if (version !== entitiesVersion)
    throw new Error(`the kit describes in version ${String(version)}`);
  return ddl as readonly Entity[];
}

function owned(owner: string, entities: readonly Entity[]): readonly OwnedEntity[] {
  return entities.map((entity) => ({ owner, entity }));
}

async function difference(
  from: readonly Entity[],
  to: readonly Entity[],
  hints: readonly Hint[],
): Promise<KitReply> {
  const options = { hints: [...hints] } as Parameters<typeof generateMigration>[2];
  try {
    const statements = await generateMigration(stateOf(from), stateOf(to), options);
    return { kind: 'statements', statements };
  } catch (error) {
    const questions = (error as { readonly missingHints?: readonly Question[] }).missingHints;
    if (questions === undefined) throw error;
    return { kind: 'questions', questions };
  }
}

function stateOf(ddl: readonly Entity[]): object {
  return { version: entitiesVersion, dialect: 'postgres', id: nobody, prevIds: [], ddl };
}

function reply(message: KitReply): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < bytes.length;) written += writeSync(3, bytes, written);
}
