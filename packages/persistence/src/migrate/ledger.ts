// The ledger: one row for each migration that is applied, written in its transaction. Its names are what the gate compares with the
// files of a checkout (docs/format/stamp.md); down and snapshot are there also where the code that made them is not.
import type { ChamberPart } from '../chambers/index.ts';
import type { Queryable } from '../database/contract.ts';
import type { CatalogText } from './catalog.ts';
import type { FederationSnapshot, Loss, StoredMigration } from './contract.ts';
import type { MigrationText } from './migration-file.ts';

export interface LedgerRow extends StoredMigration, LedgerEntry {
  readonly name: string;
  readonly downLosses: readonly Loss[];
  /** How the server tells what the migrations so far made: what drift is measured by. */
  readonly catalog: CatalogText;
}

/**
 * `json`, not `jsonb`: what was stored comes back byte for byte. Each migration but the first has one before it, and none has two
 * after it: the server itself refuses a fork, and taking back any but the last.
 */
export const migrationsPart: ChamberPart = {
  name: 'migrations',
  schema: 'public',
  steps: [
    () => [
      `CREATE TABLE stillpoint.migrations (
         name text COLLATE "C" PRIMARY KEY,
         after text COLLATE "C" UNIQUE NULLS NOT DISTINCT REFERENCES stillpoint.migrations (name),
         applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
         digest text NOT NULL,
         up json NOT NULL,
         down json NOT NULL,
         losses json NOT NULL,
         down_losses json NOT NULL,
         snapshot json NOT NULL,
         catalog json NOT NULL,
         CHECK (name > after)
       )`,
    ],
  ],
  // The gate may look as the application.
  settle: ({ appRole }) => [
    `GRANT SELECT (name, applied_at) ON stillpoint.migrations TO ${appRole}`,
  ],
  expects: [],
};

/** Versions of parts in the database; empty: nobody set it up. */
export async function installedParts(queryable: Queryable): Promise<ReadonlyMap<string, number>> {
  const there = await queryable.query<{ yes: boolean }>(
    `SELECT to_regclass('stillpoint.parts') IS NOT NULL AS yes`,
  );
  if (there.rows[0]?.yes !== true) return new Map();
  const { rows } = await queryable.query<{ name: string; version: number }>(
    'SELECT name, version FROM stillpoint.parts',
  );
  return new Map(rows.map(({ name, version }) => [name, version]));
}

/** What tells one from another; the rest of a row may be large. */
export interface LedgerEntry {
  readonly name: string;
  readonly after: string | undefined;
  readonly digest: string;
  readonly appliedAt: Date;
  readonly downLosses: readonly Loss[];
}

/** Oldest first. */
export async function readLedger(
  queryable: Queryable,
  parts: ReadonlyMap<string, number>,
): Promise<readonly LedgerEntry[]> {
  if (!parts.has(migrationsPart.name)) return [];
  const { rows } = await queryable.query<Stored<LedgerEntry>>(
    `SELECT name, after, digest, applied_at AS "appliedAt", down_losses AS "downLosses"
     FROM stillpoint.migrations ORDER BY name`,
  );
  return rows.map((row) => ({ ...row, after: row.after ?? undefined }));
}

/** Undefined: there is none of the name, or none is meant. */
export async function readRow(
  queryable: Queryable,
  name: string | undefined,
): Promise<LedgerRow | undefined> {
  if (name === undefined) return undefined;
  const { rows } = await queryable.query<Stored<LedgerRow>>(
    `SELECT name, after, digest, applied_at AS "appliedAt", up, down, losses, down_losses AS "downLosses", snapshot, catalog
     FROM stillpoint.migrations WHERE name = $1`,
    [name],
  );
  return rows.map((row) => ({ ...row, after: row.after ?? undefined }))[0];
}

type Stored<Row> = Omit<Row, 'after'> & { readonly after: string | null };

export async function recordMigration(
  queryable: Queryable,
  migration: MigrationText,
  catalog: CatalogText,
): Promise<void> {
  const { name, after = null, digest, up, down, losses, downLosses, snapshot } = migration;
  await queryable.query(
    `INSERT INTO stillpoint.migrations (name, after, digest, up, down, losses, down_losses, snapshot, catalog)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      name,
      after,
      digest,
      ...[up, down, losses, downLosses, snapshot, catalog].map((one) => JSON.stringify(one)),
    ],
  );
}

export async function forgetMigration(queryable: Queryable, name: string): Promise<void> {
  await queryable.query('DELETE FROM stillpoint.migrations WHERE name = $1', [name]);
}

/** Owners of something in the schema. */
export function ownersIn(snapshot: FederationSnapshot | undefined): ReadonlySet<string> {
  return new Set(Object.values(snapshot?.owners ?? {}));
}
