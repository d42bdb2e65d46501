// A project of one directory of files, and its vault: the smallest thing that has real snapshots. For the tests of what is done with
// vaults as a whole.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { SnapshotSummary, Stillpoint } from '../../api.ts';
import { referencesOf } from '../../compose-sources.ts';
import { resolveConfig } from '../../config/index.ts';
import { createStillpoint } from '../../engine.ts';
import { createDirectoryStore, openVault, type Store, type Vault } from '../../vault/index.ts';
import { noise, randomFrom } from '../../vault/test-streams.ts';
import type { Cared } from '../copy.ts';

export interface CareStage {
  /** Of everything that the test makes; gone when it has ended. */
  readonly directory: string;
  readonly project: string;
  readonly vaultDirectory: string;
  readonly store: Store;
  readonly stillpoint: Stillpoint;
  /** Writes files into the source `uploads`; their content follows from the seed. */
  write(
    files: Readonly<Record<string, { readonly seed: number; readonly bytes: number }>>,
  ): Promise<void>;
  snapshot(name?: string): Promise<SnapshotSummary>;
  /** Opened anew: it knows nothing of what the test did to the files. Closed with the test. */
  open(directory?: string): Promise<Cared & { readonly vault: Vault }>;
}

export async function createCareStage(t: TestContext): Promise<CareStage> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-care-'));
  const project = path.join(directory, 'project');
  await mkdir(path.join(project, 'uploads'), { recursive: true });
  const vaultDirectory = path.join(directory, 'vault');
  const config = await resolveConfig(
    { sources: { uploads: { driver: 'files', path: 'uploads' } }, vault: vaultDirectory },
    { projectDirectory: project },
  );
  const stillpoint = await createStillpoint(config, {
    version: '0.0.0',
    binariesDirectory: path.join(directory, 'binaries'),
  });
  const opened: Vault[] = [];
  t.after(async () => {
    await stillpoint[Symbol.asyncDispose]();
    for (const vault of opened) await vault[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  return {
    directory,
    project,
    vaultDirectory,
    store: createDirectoryStore(vaultDirectory),
    stillpoint,
    async write(files) {
      for (const [name, { seed, bytes }] of Object.entries(files)) {
        const file = path.join(project, 'uploads', name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, noise(randomFrom(seed), bytes));
      }
    },
    snapshot: (name) => stillpoint.snapshot(name === undefined ? {} : { name }),
    async open(from = vaultDirectory) {
      const vault = await openVault(createDirectoryStore(from));
      opened.push(vault);
      return { vault, referencesOf };
    },
  };
}
