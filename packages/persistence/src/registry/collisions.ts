// Who wants the same name. Postgres keeps several name spaces: tables and indexes of a schema share one (a primary key and a unique
// constraint are indexes too), tables and enums another, constraints have one for each table. It compares the first 63 bytes.
import { failure } from '@stillpoint/core';

/** What is asked for, by whom. `schema` and `table` as far as the kind has them. */
export interface Claim {
  readonly owner: string;
  readonly entityType: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name: string;
}

const words: Readonly<Record<string, string>> = {
  schemas: 'schema',
  tables: 'table',
  enums: 'enum',
  indexes: 'index',
  pks: 'primary key',
  uniques: 'unique constraint',
  fks: 'foreign key',
  checks: 'check',
  columns: 'column',
  policies: 'policy',
};

const longestNameBytes = 63;

/** Rejects two claims to one name with MODEL_COLLISION or MODEL_NAME_TWICE, and names that Postgres would cut. */
export function refuseCollisions(claims: readonly Claim[]): void {
  const taken = new Map<string, Claim>();
  for (const claim of claims)
    for (const space of spacesOf(claim)) {
      const key = JSON.stringify([space, cut(claim.name)]);
      const other = taken.get(key);
      if (other !== undefined) throw collision(other, claim);
      taken.set(key, claim);
    }
  for (const claim of claims) {
    refuseUnusable(claim);
    refuseLongName(claim);
  }
}

function spacesOf({ entityType, schema = '', table = '' }: Claim): readonly string[] {
  const relations = `relations of ${schema}`;
  const constraints = JSON.stringify(['constraints', schema, table]);
  switch (entityType) {
    case 'tables':
      return [relations, `types of ${schema}`];
    case 'enums':
      return [`types of ${schema}`];
    case 'indexes':
      return [relations];
    case 'pks':
    case 'uniques':
      return [relations, constraints];
    case 'fks':
    case 'checks':
      return [constraints];
    case 'columns':
    case 'policies':
      return [JSON.stringify([entityType, schema, table])];
    default:
      return [entityType];
  }
}

function collision(one: Claim, other: Claim): Error {
  const what = `${described(other)}${manner(one, other)}`;
  if (one.owner === other.owner) return failure('MODEL_NAME_TWICE', { owner: one.owner, what });
  return failure('MODEL_COLLISION', { first: one.owner, second: other.owner, what });
}

/** What is not plain to see: that the other is of another kind, in another table, or has another name behind the cut. */
function manner(one: Claim, other: Claim): string {
  if (one.name !== other.name)
    return `, which is the ${described(one)} for Postgres: it keeps 63 bytes of a name`;
  if (one.entityType !== other.entityType || one.table !== other.table)
    return `, which is also a ${described(one)}`;
  return '';
}

/** `index public.notes_title_idx (of the table notes)` */
export function described({ entityType, schema, table, name }: Omit<Claim, 'owner'>): string {
  const word = words[entityType] ?? entityType;
  if (entityType === 'columns') return `${word} ${schema}.${table}.${name}`;
  const full = schema === undefined ? name : `${schema}.${name}`;
  return table === undefined ? `${word} ${full}` : `${word} ${full} (of the table ${table})`;
}

/** A name is put into SQL by the kit, between quotation marks and no further; a dot is what we ourselves tell names apart by. */
function refuseUnusable(claim: Claim): void {
  // oxlint-disable-next-line no-control-regex
  if (claim.name !== '' && !/["'`.\\\u0000-\u001F]/.test(claim.name)) return;
  throw failure('MODEL_NAME_UNUSABLE', { owner: claim.owner, what: described(claim) });
}

function refuseLongName(claim: Claim): void {
  const bytes = Buffer.byteLength(claim.name);
  if (bytes <= longestNameBytes) return;
  throw failure('MODEL_NAME_TOO_LONG', { owner: claim.owner, what: described(claim), bytes });
}

/** As Postgres does it: at most 63 bytes, whole characters. */
function cut(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= longestNameBytes) return name;
  let end = longestNameBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
