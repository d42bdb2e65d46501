// The driver of a database on somebody else's server. It keeps no state of its own: everything that must outlive a call is in
// the record, in the placement, or on the server in comments and OIDs (ours.ts), so another process can go on with it.
import { failure, isFailure } from '@stillpoint/core';
import { placeOf } from '@stillpoint/postgres';
import type { Change, SourceDriver } from '../../contract.ts';
import { digestOfSchema, readSchema } from '../schema-digest.ts';
import { withClient } from '../session.ts';
import { beginCapture, STRATEGY } from './capture.ts';
import { checkSource } from './check.ts';
import type { CreateContext } from './create.ts';
import { createDatabaseAccess } from './databases.ts';
import type { PostgresByUrlOptions } from './options.ts';
import { prepare } from './prepare.ts';
import { prove } from './prove.ts';
import {
  parsePlacement,
  parseRecord,
  postgresByUrlReferences,
  toPlacement,
  type UrlRecord,
} from './record.ts';
import { createUrlServer } from './server.ts';
import {
  abandonPrepared,
  closeDatabase,
  dropOthers,
  liveOid,
  openDatabase,
  switchTo,
} from './switch.ts';

export function createPostgresByUrlDriver(options: PostgresByUrlOptions): SourceDriver {
  const server = createUrlServer(options.address, options.databaseSuffix);
  const context: CreateContext = { server, options };
  return {
    kind: 'postgres-url',
    name: options.name,
    supports: {
      closes: true,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
    },
    database: createDatabaseAccess(context),
    async exists() {
      try {
        const client = await server.connect({ applicationName: 'stillpoint look' });
        await client.end();
        return true;
      } catch (error) {
        if (isFailure(error, 'POSTGRES_DATABASE_MISSING')) return false;
        // There, but closed: by a restore that is not at its end.
        if ((((error as Error).cause ?? {}) as { code?: string }).code === '55000') return true;
        throw error;
      }
    },
    async probe(signal) {
      const { bytes, notes } = await checkSource(server, options, signal);
      return { strategy: STRATEGY, bytesTotal: bytes, bytesNext: bytes, notes };
    },
    begin: (begin) => beginCapture(context, begin),
    compare: (record, _source, signal) => compare(context, parseRecord(record), signal),
    references: postgresByUrlReferences,
    prepare: (record, prepareOptions) => prepare(context, record, prepareOptions),
    prove: (placement, signal) => prove(context, placement, signal),
    async placementOfUndo(record, { snapshot }) {
      const { database } = parseRecord(record);
      const oid = await liveOid(context);
      if (oid !== database.oid) {
        const reason = 'the live database is not the one that the undo point was taken of';
        throw failure('POSTGRES_SWITCH_FAILED', { reason });
      }
      const live = (await server.address()).database;
      return toPlacement({ oid, database: live, snapshot, reuse: true, expected: null });
    },
    close: (close) => closeDatabase(context, close),
    async switch(placement, switching) {
      const isNew = await switchTo(context, parsePlacement(placement), switching);
      if (!isNew || options.databaseSuffix === undefined) return { kept: [] };
      // A name of our making, on a server where nobody else drops it.
      const { database } = await server.address();
      const text = `${options.name}: its database on the server is ${database}; drop it when you no longer need the copy`;
      return { kept: [text] };
    },
    open: () => openDatabase(context),
    abandon: () => abandonPrepared(context),
    async finish(live, other) {
      const kept = [live, other].filter((one) => one !== null);
      await dropOthers(context, new Set(kept.map((one) => parsePlacement(one).oid)));
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function compare(
  { server }: CreateContext,
  { database, schemaDigest }: UrlRecord,
  signal: AbortSignal,
): Promise<Change> {
  const asCompare = { applicationName: 'stillpoint compare', signal };
  return withClient(server, asCompare, async (client) => {
    const details: string[] = [];
    if (schemaDigest !== null && digestOfSchema(await readSchema(client)) !== schemaDigest) {
      details.push(`the schema of database ${database.name} differs`);
    }
    // Said aloud: a variable may lead elsewhere than it did when the snapshot was taken.
    const address = await server.address();
    const what = `database ${address.database} at ${placeOf(address)}`;
    const schema = details.length === 0 ? 'schema as it is' : 'another schema';
    const summary = `${what} is replaced by ${database.name} as captured, ${schema}`;
    return { summary, details };
  });
}
