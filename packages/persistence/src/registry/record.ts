// What the database itself knows of the extensions that shape it: core's table `extensions`.
import type { Queryable } from '../database/contract.ts';
import { coreOwner, type Federation } from './contract.ts';

/**
 * Writes down which extensions are here, with their version and commit, and which are not any more; those of `dropped` are forgotten,
 * their tables are gone. For the transaction of a migration, after its statements. Rows that say so already are not touched.
 */
export async function recordExtensions(
  transaction: Queryable,
  { extensions }: Federation,
  dropped: readonly string[] = [],
): Promise<void> {
  const here = extensions.filter(({ name }) => name !== coreOwner);
  for (const { name, version = null, commit = null } of here)
    await transaction.query(
      `INSERT INTO public.extensions AS e (name, release, commit, state) VALUES ($1, $2, $3, 'installed')
       ON CONFLICT (name) DO UPDATE SET release = excluded.release, commit = excluded.commit, state = excluded.state
       WHERE (e.release, e.commit, e.state) IS DISTINCT FROM (excluded.release, excluded.commit, excluded.state)`,
      [name, version, commit],
    );
  await transaction.query(`DELETE FROM public.extensions WHERE name = ANY ($1::text[])`, [dropped]);
  await transaction.query(
    `UPDATE public.extensions SET state = 'uninstalled' WHERE state <> 'uninstalled' AND NOT name = ANY ($1::text[])`,
    [here.map(({ name }) => name)],
  );
}

/** The extensions that are here and were not when the database was last migrated: their seed is due, after the statements. */
export async function unseededExtensions(
  transaction: Queryable,
  { extensions }: Federation,
): Promise<Federation['extensions']> {
  const { rows } = await transaction.query<{ name: string }>('SELECT name FROM public.extensions');
  const known = new Set(rows.map(({ name }) => name));
  return extensions.filter(({ name }) => name !== coreOwner && !known.has(name));
}
