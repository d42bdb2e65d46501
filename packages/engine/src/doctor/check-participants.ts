// Who holds still: each participant can be reached, and everything is held by somebody. Nobody is suspended.
import { connect } from 'node:net';
import { failure, newSnapshotId, silent } from '@stillpoint/core';
import type { ResolvedParticipant } from '../config/resolved.ts';
import type { Participant } from '../freeze/contract.ts';
import type { Finding, Patient } from './contract.ts';
import { createFindings, type Findings } from './findings.ts';

export async function checkParticipants(
  patient: Patient,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('participants', signal);
  for (const { participant, made } of patient.participants) {
    await findings.check(participant.name, async (limited) => {
      if (await waitsForServer(patient, participant, findings)) return;
      if ('error' in made) throw made.error;
      await open(made.value, participant, patient, limited);
      findings.ok(
        participant.name,
        `${kindText(participant)}, can be asked; holds ${guardsText(participant)}`,
      );
      if (participant.kind === 'lock') adviseLock(patient, participant, findings);
    });
  }
  checkGuards(patient, findings);
  return findings.list;
}

/** Opens, and closes again: pauses nobody, by the first law of participants. */
async function open(
  participant: Participant,
  resolved: ResolvedParticipant,
  { config }: Patient,
  signal: AbortSignal,
): Promise<void> {
  const { budgetMs } = config.freeze;
  await using _hold = await participant.open({
    snapshot: newSnapshotId(),
    budgetMs,
    signal,
    progress: silent,
  });
  // There is nothing to open over HTTP: whether somebody listens shows without asking for anything.
  if (resolved.kind === 'http') {
    for (const address of new Set([resolved.suspend, resolved.resume])) {
      await reach(resolved.name, address, signal);
    }
  }
}

async function reach(participant: string, address: string, signal: AbortSignal): Promise<void> {
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({
    host,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    signal,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
  } catch (error) {
    signal.throwIfAborted();
    const why = `${host}: ${(error as Error).message}.`;
    throw failure('PARTICIPANT_FAILED', { participant, action: 'be reached', why }, error);
  } finally {
    socket.destroy();
  }
}

/** The lock of a managed server that does not run would only be an error of the connection; the source says it already. */
async function waitsForServer(
  { clusters }: Patient,
  participant: ResolvedParticipant,
  findings: Findings,
): Promise<boolean> {
  if (participant.kind !== 'lock' && participant.kind !== 'queue') return false;
  const status = await clusters.get(participant.source)?.status();
  if (status === undefined || status.state === 'running') return false;
  findings.info(
    participant.name,
    `${kindText(participant)} in ${participant.source}, which does not run just now`,
  );
  return true;
}

function adviseLock(
  { config }: Patient,
  { name, source }: Extract<ResolvedParticipant, { source: string }>,
  findings: Findings,
): void {
  const driver = config.sources.find((one) => one.name === source)?.driver;
  if (driver !== 'postgres' && driver !== 'postgres-url') return;
  const key = config.freeze.lockKey;
  findings.info(name, 'whether your application takes the lock cannot be seen from here', {
    fix: `Test it: in psql, SELECT pg_advisory_lock(${key}); what your application writes now must wait until SELECT pg_advisory_unlock(${key}).`,
  });
}

function checkGuards({ config, participants }: Patient, findings: Findings): void {
  const everything = [
    ...config.sources.map((source) => source.name),
    ...config.members.map((member) => member.path),
  ];
  const held = (name: string): boolean =>
    participants.some(({ participant: { guards } }) => guards === '*' || guards.includes(name));
  const loose = everything.filter((name) => !held(name));
  if (loose.length === 0) return;
  const alone = everything.length === 1;
  const what = `Nobody holds still for ${loose.join(', ')}: ${loose.length === 1 ? 'it is' : 'each is'} consistent in itself, not with the others.`;
  const fix = `Add a participant that guards ${loose.length === 1 ? 'it' : 'them'}: docs/guide/holding-still.md.`;
  // A single repository that nobody but a person writes to has no others.
  if (alone)
    findings.info(loose.join(', '), 'nobody holds still for it; it is the only thing captured');
  else findings.warn(loose.length === 1 ? loose[0]! : 'guards', what, fix);
}

const kindWords: Readonly<Record<ResolvedParticipant['kind'], string>> = {
  lock: 'a lock',
  queue: 'a job queue',
  run: 'a run of a simulation',
  command: 'two commands',
  http: 'an HTTP address',
};

function kindText({ kind }: ResolvedParticipant): string {
  return kindWords[kind];
}

function guardsText({ guards }: ResolvedParticipant): string {
  return guards === '*' ? 'everything' : guards.join(', ');
}
