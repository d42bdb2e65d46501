// A project directory with one real repository and drivers on it; gone when disposed.
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newSnapshotId, silent, systemClock, type Json, type SnapshotId } from '@stillpoint/core';
import type { Captured, ObjectSource, SourceDriver } from '../../sources/contract.ts';
import { captureOnce } from '../../sources/testkit/capture-once.ts';
import { createMemoryObjects, type MemoryObjects } from '../../sources/testkit/memory-objects.ts';
import { createGitDriver } from '../driver.ts';
import { gitEnvironment, runGit } from './tree-state.ts';

export interface TestMember extends AsyncDisposable {
  readonly project: string;
  readonly directory: string;
  readonly objects: MemoryObjects;
  driver(options?: DriverWishes): SourceDriver;
  git(...args: string[]): string;
  write(name: string | Buffer, content: string | Buffer, mode?: number): Promise<void>;
  /** A driver in a project where the member is not there, on the same objects. */
  elsewhere(): Promise<{ driver: SourceDriver; directory: string; project: string }>;
  capture(options?: CaptureWishes): Promise<Captured & { readonly id: SnapshotId }>;
  /** prepare, prove, switch. */
  restore(
    record: Json,
    options?: { driver?: SourceDriver; undo?: SnapshotId; source?: ObjectSource },
  ): Promise<readonly string[]>;
  workDirectory(): Promise<string>;
}

export interface DriverWishes {
  readonly include?: readonly string[];
  readonly otherMembers?: readonly string[];
  /** In the project. */
  readonly neverCaptured?: readonly string[];
  readonly path?: string;
}

export interface CaptureWishes {
  readonly driver?: SourceDriver;
  readonly history?: readonly Json[];
  readonly beforeMark?: () => unknown;
  readonly beforeCapture?: () => unknown;
}

const never = new AbortController().signal;

export async function createTestMember(
  options: { format?: 'sha1' | 'sha256'; empty?: boolean } = {},
): Promise<TestMember> {
  const project = await mkdtemp(path.join(tmpdir(), 'stillpoint-git-'));
  const directory = path.join(project, 'core');
  await mkdir(directory);
  runGit(directory, 'init', '-q', '-b', 'main', `--object-format=${options.format ?? 'sha1'}`);
  const objects = createMemoryObjects();
  let places = 0;

  const make = (root: string, wishes: DriverWishes = {}) =>
    createGitDriver({
      projectDirectory: root,
      member: { path: wishes.path ?? 'core', include: wishes.include ?? [] },
      otherMembers: wishes.otherMembers ?? [],
      neverCaptured: (wishes.neverCaptured ?? []).map((place) => path.join(root, place)),
      cacheDirectory: path.join(root, '.stillpoint', 'cache'),
      clock: systemClock,
      environment: gitEnvironment,
    });

  const member: TestMember = {
    project,
    directory,
    objects,
    driver: (wishes) => make(project, wishes),
    git: (...args) => runGit(directory, ...args),
    async write(name, content, mode) {
      const at = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
      const slash = at.lastIndexOf('/');
      await mkdir(at.subarray(0, slash), { recursive: true });
      await writeFile(at, content);
      if (mode !== undefined) chmodSync(at, mode);
    },
    async elsewhere() {
      places += 1;
      const root = path.join(project, '.stillpoint', `elsewhere-${places}`);
      await mkdir(root, { recursive: true });
      return { driver: make(root), directory: path.join(root, 'core'), project: root };
    },
    capture: ({ driver = make(project), ...once } = {}) => captureOnce(driver, objects, once),
    async restore(
      record,
      { driver = make(project), undo = newSnapshotId(), source = objects } = {},
    ) {
      const workDirectory = await member.workDirectory();
      const options = {
        snapshot: newSnapshotId(),
        source,
        workDirectory,
        signal: never,
        progress: silent,
      };
      const placement = await driver.prepare(record, options);
      await driver.prove(placement, never);
      const { kept } = await driver.switch(placement, { undo, progress: silent });
      await driver.finish(placement, placement);
      const left = await readdir(workDirectory);
      if (left.length > 0) throw new Error(`finish() left ${left.join(', ')}`);
      return kept;
    },
    async workDirectory() {
      await mkdir(path.join(project, '.stillpoint', 'work'), { recursive: true });
      return await mkdtemp(path.join(project, '.stillpoint', 'work', 'restore-'));
    },
    async [Symbol.asyncDispose]() {
      // Some tests leave directories that even their owner may not write.
      execFileSync('chmod', ['-R', 'u+rwX', project]);
      await rm(project, { recursive: true, force: true });
    },
  };
  if (options.empty !== true) {
    await member.write('tracked.txt', 'one\n');
    await member.write('src/deep/code.ts', 'export {};\n');
    member.git('add', '.');
    member.git('commit', '-qm', 'first');
  }
  return member;
}
