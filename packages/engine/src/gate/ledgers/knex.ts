// Knex: `knex_migrations`, and a directory, called as one likes, with a file for each migration.
import { byDirectory, splitPath, withoutEnding, type Ledger } from './contract.ts';

const code = /\.([cm]?[jt]s|coffee|ls)$/;

export const knex: Ledger = {
  kind: 'knex',
  title: 'Knex',
  knownByForm: false,
  tables: (all) => all.filter(({ name }) => name === 'knex_migrations'),
  async read(view, table) {
    const rows = await view.readAll(table, ['name', 'batch', 'migration_time']);
    return rows?.map(({ name }) => {
      return { name: name ?? '', keys: [withoutEnding(name ?? '')], state: 'applied' as const };
    });
  },
  async directories(tree, entries) {
    const applied = new Set(entries.flatMap(({ keys }) => keys));
    const files = await tree.list(
      (name) => code.test(name) && !/\.(d\.[cm]?ts|test\.\w+)$/.test(name),
    );
    const holders = new Set(
      files.map(splitPath).flatMap(([at, name]) => (applied.has(withoutEnding(name)) ? [at] : [])),
    );
    // Where those that were applied have a number in front, a file without one is no migration.
    const numbered = [...applied].every((name) => /^\d/.test(name));
    return byDirectory(
      files.map(splitPath).flatMap(([at, name]) => {
        if (!holders.has(at) || (numbered && !/^\d/.test(name))) return [];
        return [[at, { name, keys: [withoutEnding(name)] }] as const];
      }),
    );
  },
};
