// What the gate judges by, read once: the databases with their stamps, the checkout, and what the last snapshot or restore
// captured. Changes nothing.
import { readFile } from 'node:fs/promises';
import type { Digest } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { BrokenSeal } from '../project/index.ts';
import { isSignedRight, type Lockfile } from '../snapshot/index.ts';
import type { DatabaseView } from '../sources/contract.ts';
import { readCheckout, type Checkout } from './checkout.ts';
import { parseStamp, type Stamp } from './stamp.ts';

export interface Database {
  readonly source: string;
  /** How it is called in findings: `db`, or `db/app` where a source holds several. */
  readonly label: string;
  readonly view: DatabaseView;
  readonly stamp: Stamp | undefined;
  readonly schemaDigest: Digest;
}

export interface Look extends AsyncDisposable {
  readonly checkout: Checkout;
  readonly databases: readonly Database[];
  /** undefined: nothing was captured or restored here yet. */
  readonly lock: Lockfile | undefined;
  readonly brokenSeal: BrokenSeal | undefined;
}

export async function lookAt(engine: EngineContext, signal: AbortSignal): Promise<Look> {
  await using opened = new AsyncDisposableStack();
  const looking = [
    readCheckout(engine, signal),
    openDatabases(engine, opened, signal),
    readLock(engine.state.lockfile),
    engine.state.readBrokenSeal(),
  ] as const;
  // All of them end before anything is closed.
  await Promise.allSettled(looking);
  const [checkout, databases, lock, brokenSeal] = await Promise.all(looking);
  const resources = opened.move();
  return {
    checkout,
    databases,
    lock,
    brokenSeal,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openDatabases(
  engine: EngineContext,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<readonly Database[]> {
  const opening = engine.drivers.map(async (driver): Promise<readonly Database[]> => {
    // What is not there yet can hold nothing that is newer than the code.
    if (driver.database === undefined || !(await driver.exists())) return [];
    const { databases } = opened.use(await driver.database.live(signal));
    const { name: source } = driver;
    const used = await withoutMaintenance(databases);
    return await Promise.all(
      used.map(async (view) => ({
        source,
        label: used.length === 1 ? source : `${source}/${view.name}`,
        view,
        stamp: parseStamp(await view.readStamp()),
        schemaDigest: await view.schemaDigest(),
      })),
    );
  });
  await Promise.allSettled(opening);
  return (await Promise.all(opening)).flat();
}

/** Every cluster has a database `postgres` to connect to. Where nobody made a table in it, it is none of the project's. */
async function withoutMaintenance(
  databases: readonly DatabaseView[],
): Promise<readonly DatabaseView[]> {
  const spare = databases.find(({ name, engine }) => engine === 'postgres' && name === 'postgres');
  if (spare === undefined || databases.length === 1) return databases;
  return (await spare.tables()).length > 0 ? databases : databases.filter((one) => one !== spare);
}

/** It is evidence, not something to rest on: one that cannot be read is none. */
async function readLock(file: string): Promise<Lockfile | undefined> {
  try {
    const lock = JSON.parse(await readFile(file, 'utf8')) as Lockfile;
    return isSignedRight(lock) ? lock : undefined;
  } catch {
    return undefined;
  }
}
