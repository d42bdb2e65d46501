// The databases and directories: each can be captured now, how, and what would make it better.
import { bytesText } from '@stillpoint/core';
import { readAddress, type ResolvedSource } from '../config/index.ts';
import { databaseIdentity } from '../discovery/index.ts';
import type { ClusterStatus } from '../sources/postgres/cluster/contract.ts';
import type { Attempt, Finding, Patient } from './contract.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Sizes } from './sizes.ts';

export async function checkSources(
  patient: Patient,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('sources', signal);
  for (const { source, driver } of patient.sources) {
    await findings.check(source.name, async (limited) => {
      if (!(await isRunning(patient, source, findings))) return;
      await probe(source.name, driver, findings, sizes, limited);
      for (const remark of await patient.examineDatabase(source)) {
        if (remark.level === 'ok') findings.ok(source.name, remark.what);
        else findings[remark.level](source.name, remark.what, remark.fix);
      }
    });
  }
  await findings.check('addresses', () => checkTwice(patient, findings));
  return findings.list;
}

async function probe(
  name: string,
  driver: Attempt<SourceDriver>,
  findings: Findings,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<void> {
  if ('error' in driver) throw driver.error;
  const found = await driver.value.probe(signal);
  sizes.add(found);
  findings.ok(
    name,
    `${driver.value.kind}, ${howText(driver.value.kind, found.strategy)}${bytesText(found.bytesTotal)}`,
  );
  for (const note of found.notes) findings.note(name, note);
}

/** Nothing where the strategy is the driver's only one, and called as it is. */
function howText(kind: string, strategy: string): string {
  return kind === strategy ? '' : `strategy ${strategy}, `;
}

/** A managed server that is stopped would be started by its probe: doctor changes nothing, and says so instead. */
async function isRunning(
  { clusters }: Patient,
  { name, driver }: ResolvedSource,
  findings: Findings,
): Promise<boolean> {
  if (driver !== 'postgres') return true;
  const status = await clusters.get(name)?.status();
  if (status === undefined) return true;
  const start = '`stillpoint db start` starts it; the first snapshot does, too.';
  if (status.state === 'absent') {
    findings.info(name, `a managed Postgres ${status.version}, not made yet`, { fix: start });
    return false;
  }
  if (status.state === 'stopped') {
    findings.warn(name, 'The managed Postgres is stopped, and was not looked into.', start);
    return false;
  }
  if (!status.supervised) {
    const fix = '`stillpoint db stop`, then `stillpoint db start`.';
    findings.warn(name, 'Nobody watches the managed Postgres: when it dies it stays dead.', fix);
  } else findings.ok(name, runningText(status));
  return status.state === 'running';
}

function runningText({ state, version, port }: ClusterStatus): string {
  return `a managed Postgres ${version}, ${state} and supervised${port === undefined ? '' : ` on port ${port}`}`;
}

/** Two sources that are one database would be restored one over the other. */
async function checkTwice(patient: Patient, findings: Findings): Promise<void> {
  const { config, variables } = patient;
  const seen = new Map<string, string>();
  for (const source of config.sources) {
    if (source.driver !== 'postgres-url') continue;
    const place = { projectDirectory: config.projectDirectory, variables, source: source.name };
    // That an address is missing was said by the probe.
    const url = await readAddress(source.url, place).catch(() => undefined);
    const identity = url === undefined ? undefined : databaseIdentity(url);
    if (identity === undefined) continue;
    const earlier = seen.get(identity);
    if (earlier === undefined) seen.set(identity, source.name);
    else {
      const what = `It is the same database as ${earlier}: ${identity}.`;
      const fix =
        'Give one of them a variable of its own, or take it out: what the environment says wins over every .env file.';
      findings.fail(source.name, what, fix);
    }
  }
}
