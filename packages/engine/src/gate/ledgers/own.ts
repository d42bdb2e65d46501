// Stillpoint's own: for migrations that no tool keeps a ledger of. docs/format/stamp.md describes both ends.
import { byDirectory, withoutEnding, type Ledger } from './contract.ts';

const directory = 'stillpoint/migrations';

export const own: Ledger = {
  kind: 'stillpoint',
  title: 'Stillpoint',
  knownByForm: true,
  tables: (all, engine) => [
    ...all.filter(({ name }) => name === 'stillpoint_migrations'),
    // Beside the stamp, where the role that applies migrations may write there.
    ...(engine === 'postgres' ? [{ schema: 'stillpoint', name: 'migrations' }] : []),
  ],
  async read(view, table) {
    const rows = await view.readAll(table, ['name']);
    return rows?.map(({ name }) => {
      return { name: name ?? '', keys: [withoutEnding(name ?? '')], state: 'applied' as const };
    });
  },
  async directories(tree) {
    const files = await tree.list((name) => name.startsWith(`${directory}/`));
    const names = new Set(files.map((file) => file.split('/')[2] ?? ''));
    return byDirectory(
      [...names].map((name) => [directory, { name, keys: [withoutEnding(name)] }] as const),
    );
  },
};
