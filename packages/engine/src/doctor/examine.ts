// The whole examination. It goes on whatever it finds: a broken configuration, a server that is gone, a vault on a disk that is
// not mounted are findings.
import type { DoctorReport, Finding, Patient } from './contract.ts';
import { checkMachine, type Machine } from './check-machine.ts';
import { checkMembers } from './check-members.ts';
import { checkParticipants } from './check-participants.ts';
import { checkProject } from './check-project.ts';
import { checkSources } from './check-sources.ts';
import { checkVault } from './check-vault.ts';
import { createFindings } from './findings.ts';
import { createSizes } from './sizes.ts';

/** Rejects only when `signal` aborts. */
export async function examinePatient(
  patient: Patient,
  machine: Machine,
  signal: AbortSignal,
): Promise<DoctorReport> {
  const sizes = createSizes();
  return reportOf([
    ...(await checkProject(patient, signal)),
    ...(await checkMachine(machine, signal)),
    ...(await checkMembers(patient, sizes, signal)),
    ...(await checkSources(patient, sizes, signal)),
    ...(await checkParticipants(patient, signal)),
    ...(await checkVault(patient, sizes, signal)),
  ]);
}

/** Where there is no project to look at: why not comes first, then what can be said all the same. */
export async function examineWithout(
  about: string,
  error: unknown,
  machine: Machine,
  signal: AbortSignal,
): Promise<DoctorReport> {
  const findings = createFindings('project', signal);
  findings.error(about, error);
  return reportOf([...findings.list, ...(await checkMachine(machine, signal))]);
}

function reportOf(findings: readonly Finding[]): DoctorReport {
  const count = (level: Finding['level']): number =>
    findings.filter((one) => one.level === level).length;
  return { findings, failed: count('fail'), warned: count('warn') };
}
