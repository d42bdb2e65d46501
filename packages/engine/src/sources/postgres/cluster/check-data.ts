// Refuses data that the binaries here cannot run, before a server gets to see it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { ClusterFacts } from './state-files.ts';

export function checkData(dataDirectory: string, facts: ClusterFacts, major: number): void {
  const file = path.join(dataDirectory, 'PG_VERSION');
  let found: string;
  try {
    found = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw failure('POSTGRES_FILE_DAMAGED', { file, reason }, error);
  }
  if (found !== String(major)) {
    throw failure('POSTGRES_MAJOR_MISMATCH', { captured: found, present: major });
  }
  if (facts.architecture !== process.arch) {
    throw failure('POSTGRES_ARCH_MISMATCH', {
      captured: facts.architecture,
      present: process.arch,
    });
  }
}
