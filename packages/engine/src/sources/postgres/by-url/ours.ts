// Databases on the server that are ours: made for a restore, or kept after one. Each says so in its comment, which is set in
// the same transaction as whatever makes it ours; only what says so, for this project and this live database, is ever dropped.
// The OID tells them apart: it survives renames.
//
// Between CREATE DATABASE and its comment there is a moment. So a database is created in a state that nobody else makes: with a
// name of this project's pattern, closed to all, with room for no session. Nobody can have put anything into it.
import { digestOf, failure } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import * as z from 'zod';
import { escapeIdentifier, escapeLiteral } from '../pg-client.ts';
import { nameWith } from './address.ts';

export interface Owner {
  /** Of the project. */
  readonly project: string;
  /** Name of the live database. */
  readonly live: string;
}

const marker = z.object({
  stillpoint: z.literal(1),
  project: z.string(),
  live: z.string(),
  /** prepared: never live yet. kept: was live until it was closed for the undo point `snapshot`. view: only looked at. */
  state: z.enum(['prepared', 'kept', 'view']),
  snapshot: z.string(),
  /** What the comment is when the database is live. */
  comment: z.string().nullable(),
});

export type Marker = z.infer<typeof marker>;

export interface Database {
  readonly oid: number;
  readonly name: string;
  readonly open: boolean;
  readonly comment: string | null;
  /** undefined: the comment is the user's. */
  readonly marker: Marker | undefined;
}

const COLUMNS = `oid::text, datname AS name, datallowconn AS open, shobj_description(oid, 'pg_database') AS comment`;

interface Row {
  readonly oid: string;
  readonly name: string;
  readonly open: boolean;
  readonly comment: string | null;
}

export async function findByName(client: Client, name: string): Promise<Database | undefined> {
  const { rows } = await client.query<Row>(
    `SELECT ${COLUMNS} FROM pg_database WHERE datname = $1`,
    [name],
  );
  return rows.map(toDatabase)[0];
}

export async function findByOid(client: Client, oid: number): Promise<Database | undefined> {
  const { rows } = await client.query<Row>(`SELECT ${COLUMNS} FROM pg_database WHERE oid = $1`, [
    oid,
  ]);
  return rows.map(toDatabase)[0];
}

/** Those that say so; the live one too while a restore is under way. */
export async function findOurs(client: Client, owner: Owner): Promise<readonly Database[]> {
  const { rows } = await client.query<Row>(`SELECT ${COLUMNS} FROM pg_database ORDER BY oid`);
  return rows
    .map(toDatabase)
    .filter((one) => one.marker?.project === owner.project && one.marker.live === owner.live);
}

/** Those that were created by a process that died before it could say whose they are. */
export async function findUnfinished(client: Client, owner: Owner): Promise<readonly Database[]> {
  const { rows } = await client.query<Row>(
    `SELECT ${COLUMNS} FROM pg_database
      WHERE NOT datallowconn AND datconnlimit = 0 AND shobj_description(oid, 'pg_database') IS NULL
        AND pg_has_role(datdba, 'USAGE')`,
  );
  const pattern = newNameParts(owner);
  return rows
    .map(toDatabase)
    .filter(
      ({ name }) =>
        name.startsWith(pattern.start) && /^[0-9a-f]{4}$/.test(name.slice(pattern.start.length)),
    );
}

function toDatabase({ oid, name, open, comment }: Row): Database {
  return { oid: Number(oid), name, open, comment, marker: parseMarker(comment) };
}

function parseMarker(comment: string | null): Marker | undefined {
  if (comment === null || !comment.startsWith('{"stillpoint":')) return undefined;
  try {
    return marker.safeParse(JSON.parse(comment)).data;
  } catch {
    return undefined;
  }
}

/** Plain ASCII, whatever the encoding of the database that it is written from. */
export function markerText(given: Omit<Marker, 'stillpoint'>): string {
  const text = JSON.stringify({ stillpoint: 1, ...given });
  return text.replaceAll(/[\u007f-\uffff]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export async function setComment(
  client: Client,
  name: string,
  comment: string | null,
): Promise<void> {
  const text = comment === null ? 'NULL' : escapeLiteral(comment);
  await client.query(`COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${text}`);
}

/** `shop_sp_<project><random>`: four hexadecimal characters each. */
function newNameParts({ project, live }: Owner): { readonly start: string } {
  const hash = digestOf(Buffer.from(project)).replaceAll(/[^0-9a-f]/g, '');
  const end = `_sp_${hash.slice(0, 4)}`;
  const whole = nameWith(live, `${end}0000`);
  return { start: whole.slice(0, -4) };
}

export function newName(owner: Owner): string {
  return newNameParts(owner).start + randomBytes(2).toString('hex');
}

export function keptName(live: string, oid: number): string {
  return nameWith(live, `_sp_old_${oid}`);
}

/** Drops it if it still is what was found. */
export async function dropDatabase(client: Client, found: Database): Promise<void> {
  const now = await findByOid(client, found.oid);
  if (now === undefined) return;
  if (now.name !== found.name || now.comment !== found.comment) {
    const reason = `the database ${found.name} has changed hands`;
    throw failure('POSTGRES_SWITCH_FAILED', { reason });
  }
  await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(now.name)} WITH (FORCE)`);
}
