// The project: its configuration, what Stillpoint remembers of it, and what a command that died may have left.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { partsOf } from '../project/index.ts';
import type { Finding, Patient } from './contract.ts';
import { createFindings, type Findings } from './findings.ts';

const knownFormat = 1;

export async function checkProject(
  patient: Patient,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('project', signal);
  const { config, state, stateFormat } = patient;
  const { members, sources } = config;
  const file = config.configFile ?? 'given as an object';
  if (members.length + sources.length === 0) {
    const fix = 'Name your repositories in `members` and your databases in `sources`.';
    findings.fail('configuration', `${file}: it names nothing to capture.`, fix, {
      code: 'NOTHING_TO_CAPTURE',
    });
  } else findings.ok('configuration', file);
  if (stateFormat === undefined) {
    findings.info('state', 'no command has worked here yet; the first snapshot begins .stillpoint');
    return findings.list;
  }
  if (stateFormat === knownFormat)
    findings.ok('state', `format ${stateFormat}, project ${state.id}`);
  else {
    const fix = 'Use the Stillpoint that made it, or a newer one.';
    findings.fail(
      'state',
      `.stillpoint has format ${stateFormat}; this Stillpoint knows ${knownFormat}.`,
      fix,
    );
  }
  await findings.check('restore', () => checkRestore(patient, findings));
  await findings.check('resumes', () => checkResumes(patient, findings));
  await findings.check('seal', () => checkSeal(patient, findings));
  return findings.list;
}

/** It may run just now: who holds the lease cannot be asked without taking it. */
async function checkRestore({ state }: Patient, findings: Findings): Promise<void> {
  const unended = await stat(state.journalFile).catch(() => undefined);
  if (unended === undefined) findings.ok('restore', 'none is under way');
  else {
    const fix =
      'Run any stillpoint command but doctor, e.g. `stillpoint snapshot`: it ends the restore, forward or back.';
    const at = unended.mtime.toISOString();
    findings.warn('restore', 'A restore is under way, or died half-way.', fix, { at });
  }
}

async function checkResumes({ state }: Patient, findings: Findings): Promise<void> {
  const due = await readdir(state.resumesDirectory).catch(() => []);
  const files = due.filter((name) => name.endsWith('.json'));
  if (files.length === 0) findings.ok('resumes', 'nobody is left suspended');
  else {
    const fix = 'If no snapshot runs just now, take one: every command first resumes who is left.';
    const where = path.join(state.resumesDirectory, files[0] ?? '');
    findings.warn('resumes', `Participants may still be suspended: ${where} says which.`, fix);
  }
}

async function checkSeal({ state }: Patient, findings: Findings): Promise<void> {
  const broken = await state.readBrokenSeal();
  if (broken === undefined) return;
  const came = partsOf(broken).map(
    ({ sources, snapshot }) => `${sources.join(', ')} from snapshot ${snapshot}`,
  );
  const what = `Only a part was restored: ${came.join('; ')}; the rest is of another moment.`;
  findings.warn('seal', what, 'Restore a whole snapshot, or go back with `stillpoint undo`.', {
    at: broken.at,
  });
}
