// Prisma: `_prisma_migrations`, and a directory with `<name>/migration.sql` in it.
import { byDirectory, splitPath, type Ledger, type LedgerEntry } from './contract.ts';

export const prisma: Ledger = {
  kind: 'prisma',
  title: 'Prisma',
  knownByForm: true,
  tables: (all) => all.filter(({ name }) => name === '_prisma_migrations'),
  async read(view, table) {
    const columns = ['migration_name', 'finished_at', 'rolled_back_at'];
    const rows = await view.readAll(table, columns);
    if (rows === undefined) return undefined;
    // One that failed and was applied again has several rows.
    const byName = Map.groupBy(rows, (row) => row['migration_name'] ?? '');
    return [...byName].map(([name, tries]): LedgerEntry => {
      const applied = tries.some(
        (row) => row['finished_at'] != null && row['rolled_back_at'] == null,
      );
      const undone = tries.every((row) => row['rolled_back_at'] != null);
      const state = applied ? 'applied' : undone ? 'rolled back' : 'failed';
      return { name, keys: [name], state };
    });
  },
  async directories(tree) {
    const files = new Set(
      await tree.list((name) => /\/(migration\.sql|snapshot\.json)$/.test(name)),
    );
    const found = [...files].flatMap((file) => {
      const [folder, last] = splitPath(file);
      // Drizzle's newer layout has a snapshot beside each migration.
      if (last !== 'migration.sql' || files.has(`${folder}/snapshot.json`)) return [];
      const [directory, name] = splitPath(folder);
      return [[directory, { name, keys: [name] }] as const];
    });
    return byDirectory(found);
  },
};
