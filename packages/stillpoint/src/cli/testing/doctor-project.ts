// A project for the tests of doctor: a real repository, real databases, and what doctor says of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import type { DoctorReport, Finding } from '@stillpoint/engine';
import { inProcess, type Ran } from './run.ts';

export interface DoctorProject {
  readonly directory: string;
  configure(config: object): Promise<void>;
  repository(where: string): Promise<void>;
  sqlite(file: string, journal: 'wal' | 'delete'): void;
  run(...args: string[]): Promise<Ran>;
  /** Fails the test unless the exit status says what the report says. */
  doctor(): Promise<Examined>;
  /** Every path below the project, with its size. */
  tree(): Promise<readonly string[]>;
}

export interface Examined extends DoctorReport {
  /** The findings on one thing. */
  about(name: string): readonly Finding[];
}

export async function makeDoctorProject(t: TestContext): Promise<DoctorProject> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-doctor-test-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const run = (...args: string[]): Promise<Ran> => inProcess(args, { cwd: directory });
  return {
    directory,
    run,
    configure: (config) =>
      writeFile(path.join(directory, 'stillpoint.config.json'), JSON.stringify(config)),
    async repository(where) {
      await mkdir(path.join(directory, where), { recursive: true });
      execFileSync('git', ['init', '-q', path.join(directory, where)]);
      await writeFile(path.join(directory, where, 'file'), 'content');
    },
    sqlite(file, journal) {
      const database = new DatabaseSync(path.join(directory, file));
      database.exec(`PRAGMA journal_mode = ${journal}; CREATE TABLE t (x)`);
      database.close();
    },
    async doctor() {
      const { status, stdout, stderr } = await run('doctor', '--json');
      assert.notEqual(stdout, '', stderr);
      const report = JSON.parse(stdout) as DoctorReport;
      assert.equal(status, report.failed === 0 ? 0 : 1);
      assert.equal(stderr.includes('DOCTOR_FOUND_PROBLEMS'), report.failed > 0);
      return { ...report, about: (name) => report.findings.filter((one) => one.about === name) };
    },
    async tree() {
      const entries = await readdir(directory, { recursive: true });
      return entries.toSorted();
    },
  };
}

export function levels(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ level }) => level);
}
