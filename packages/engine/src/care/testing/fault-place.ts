// Where a case of the fault matrix happens: a project, the store of its vault and that of the copy. In a directory, where processes can be
// killed, or with stores in memory, which need no disk to be waited for.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createDirectoryStore, createMemoryStore, type Store } from '../../vault/index.ts';

export interface Place {
  readonly project: string;
  readonly vault: Store;
  readonly copy: Store;
}

const stores = ['vault', 'copy'] as const;

export function placeIn(root: string): Place {
  const storeAt = (name: string): Store => createDirectoryStore(path.join(root, name));
  return { project: path.join(root, 'project'), vault: storeAt('vault'), copy: storeAt('copy') };
}

/** What lies in a directory, in memory. The project stays where it is. */
export async function loadPlace(root: string): Promise<Place> {
  const [vault, copy] = await Promise.all(stores.map((name) => loadStore(path.join(root, name))));
  return { ...placeIn(root), vault: vault!, copy: copy! };
}

/** By itself: to list through a store waits for the disk in every directory. */
async function loadStore(directory: string): Promise<Store> {
  const store = createMemoryStore();
  const options = { recursive: true, withFileTypes: true } as const;
  const found = await readdir(directory, options).catch(() => []);
  for (const entry of found) {
    const file = path.join(entry.parentPath, entry.name);
    const key = path.relative(directory, file);
    if (!entry.isFile() || key.startsWith(`tmp${path.sep}`)) continue;
    await store.put(key, await readFile(file));
  }
  return store;
}

/** Nothing is there yet. */
export function emptyPlace(project: string): Place {
  return { project, vault: createMemoryStore(), copy: createMemoryStore() };
}

/** The place as a directory, with a project of its own: nobody needs it to survive power loss. */
export async function savePlace(place: Place, root: string): Promise<void> {
  await cp(place.project, path.join(root, 'project'), { recursive: true });
  for (const name of stores) {
    for await (const { key } of place[name].list('')) {
      const file = path.join(root, name, key);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, await place[name].get(key));
    }
  }
}

/** With a project of its own. */
export async function clonePlace(place: Place, project: string): Promise<Place> {
  await cp(place.project, project, { recursive: true });
  return { project, vault: await cloneStore(place.vault), copy: await cloneStore(place.copy) };
}

async function cloneStore(from: Store): Promise<Store> {
  const store = createMemoryStore();
  for await (const { key } of from.list('')) await store.put(key, await from.get(key));
  return store;
}

/** Half-written objects. The next writer takes away those of dead processes. */
export async function leftovers(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of stores) {
    const directory = path.join(root, name);
    if ((await readdir(directory).catch(() => [])).length === 0) continue;
    await mkdir(path.join(directory, 'tmp'), { recursive: true });
    await createDirectoryStore(directory).ensureWritable();
    found.push(...(await readdir(path.join(directory, 'tmp'))));
  }
  return found;
}
