// A project with one directory of files and drivers on it; gone when disposed.
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newSnapshotId, silent, systemClock, type Json, type SnapshotId } from '@stillpoint/core';
import type { Captured, PrepareOptions, SourceDriver } from '../../contract.ts';
import { captureOnce } from '../../testkit/capture-once.ts';
import { createMemoryObjects, type MemoryObjects } from '../../testkit/memory-objects.ts';
import type { FilesDriverOptions } from '../context.ts';
import { createFilesDriver } from '../driver.ts';

export interface TestDirectory extends AsyncDisposable {
  readonly project: string;
  readonly directory: string;
  readonly objects: MemoryObjects;
  readonly options: FilesDriverOptions;
  driver(wishes?: Partial<FilesDriverOptions>): SourceDriver;
  /** Makes what is above it too. */
  write(name: string | Buffer, content: string | Buffer, mode?: number): Promise<void>;
  capture(wishes?: CaptureWishes): Promise<Captured & { readonly id: SnapshotId }>;
  /** prepare, prove, switch, finish; the work directory must be empty afterwards. */
  restore(record: Json, driver?: SourceDriver): Promise<void>;
  prepareOptions(): Promise<PrepareOptions>;
}

export interface CaptureWishes {
  readonly driver?: SourceDriver;
  readonly history?: readonly Json[];
  readonly beforeMark?: () => unknown;
  readonly beforeCapture?: () => unknown;
}

const never = new AbortController().signal;

export async function createTestDirectory(
  options: { readonly parent?: string } = {},
): Promise<TestDirectory> {
  const project = await mkdtemp(path.join(options.parent ?? tmpdir(), 'stillpoint-files-'));
  const directory = path.join(project, 'uploads');
  await mkdir(directory);
  const objects = createMemoryObjects();
  const driverOptions: FilesDriverOptions = {
    name: 'uploads',
    directory,
    projectDirectory: project,
    exclude: [],
    cacheDirectory: path.join(project, '.stillpoint', 'cache', 'files'),
    clock: systemClock,
  };
  const make = (wishes: Partial<FilesDriverOptions> = {}) =>
    createFilesDriver({ ...driverOptions, ...wishes });

  const test: TestDirectory = {
    project,
    directory,
    objects,
    options: driverOptions,
    driver: make,
    async write(name, content, mode) {
      const at = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
      await mkdir(at.subarray(0, at.lastIndexOf('/')), { recursive: true });
      await writeFile(at, content);
      if (mode !== undefined) chmodSync(at, mode);
    },
    capture: ({ driver = make(), ...once } = {}) => captureOnce(driver, objects, once),
    async prepareOptions() {
      const works = path.join(project, '.stillpoint', 'work');
      await mkdir(works, { recursive: true });
      const workDirectory = await mkdtemp(path.join(works, 'restore-'));
      const snapshot = newSnapshotId();
      return { snapshot, source: objects, workDirectory, signal: never, progress: silent };
    },
    async restore(record, driver = make()) {
      const prepareOptions = await test.prepareOptions();
      const placement = await driver.prepare(record, prepareOptions);
      await driver.prove(placement, never);
      await driver.switch(placement, { undo: newSnapshotId(), progress: silent });
      await driver.finish(placement, null);
      const left = await readdir(prepareOptions.workDirectory);
      if (left.length > 0) throw new Error(`finish() left ${left.join(', ')}`);
    },
    async [Symbol.asyncDispose]() {
      // Some tests leave directories that even their owner may not write.
      execFileSync('chmod', ['-R', 'u+rwX', project]);
      await rm(project, { recursive: true, force: true });
    },
  };
  return test;
}
