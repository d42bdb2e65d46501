// A project directory for the configuration's tests, and what "refused" means.
import { isFailure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { resolveConfig, type ResolvedConfig } from '../index.ts';

export interface Project {
  readonly directory: string;
  repository(name: string): Promise<void>;
  write(file: string, text: string): Promise<string>;
  resolve(value: unknown, missingMembers?: 'refuse' | 'keep'): Promise<ResolvedConfig>;
}

export async function makeProject(t: TestContext): Promise<Project> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-config-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return {
    directory,
    repository: async (name) => {
      // What makes a directory a repository to the configuration; git itself is the federation's matter.
      await mkdir(path.join(directory, name, '.git'), { recursive: true });
    },
    write: async (file, text) => {
      const place = path.join(directory, file);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, text);
      return place;
    },
    resolve: (value, missingMembers = 'refuse') =>
      resolveConfig(value, { projectDirectory: directory, missingMembers }),
  };
}

export async function refused(
  promise: Promise<unknown>,
  code: ErrorCode,
  ...words: string[]
): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(isFailure(error, code), `expected ${code}, got ${String(error)}`);
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.ok(text.includes(word), `"${word}" is not in "${text}"`);
    return true;
  });
}
