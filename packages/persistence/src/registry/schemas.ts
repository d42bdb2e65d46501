// Which schemas an extension may have tables in: the open chambers, and its own.
import { failure } from '@stillpoint/core';
import type { ChamberPart } from '../chambers/contract.ts';
import { described, type Claim } from './collisions.ts';
import { coreOwner } from './contract.ts';

/** Their schemas are made by the chambers, and no extension makes, renames or drops them. */
export const openChambers: readonly string[] = ['public', 'vectors'];
const closed: readonly string[] = [
  'traces',
  'queue',
  'verbatim',
  'stillpoint',
  'information_schema',
];

export function refuseClosedSchemas(claims: readonly Claim[]): void {
  for (const claim of claims) {
    const { owner, schema = 'public' } = claim;
    if (owner === coreOwner) continue;
    if (!closed.includes(schema) && !schema.startsWith('pg_')) continue;
    throw failure('MODEL_CHAMBER_CLAIMED', { owner, what: `the ${described(claim)}`, schema });
  }
}

/** A schema that is no chamber belongs to the extension that has something in it. */
export function schemaClaims(placed: readonly Pick<Claim, 'owner' | 'schema'>[]): readonly Claim[] {
  const claims = new Map<string, Claim>();
  for (const { owner, schema = 'public' } of placed)
    if (!openChambers.includes(schema))
      claims.set(`${owner} ${schema}`, { owner, entityType: 'schemas', name: schema });
  return [...claims.values()];
}

/** The tables that the library's own rooms have in open chambers: what parts expect something of. */
export function partClaims(parts: readonly ChamberPart[]): readonly Claim[] {
  const claims = new Map<string, Claim>();
  for (const part of parts)
    for (const { table } of part.expects) {
      const [schema = '', name = ''] = table.split('.');
      if (part.name !== 'registry' && name !== '*')
        claims.set(table, { owner: part.name, entityType: 'tables', schema, name });
    }
  return [...claims.values()];
}
