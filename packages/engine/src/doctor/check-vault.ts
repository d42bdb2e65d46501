// The vault: it can be written and read, there is room, and what was stored last is there.
import { access, constants, readdir, stat } from 'node:fs/promises';
import { bytesText, countText, failure, isFailure } from '@stillpoint/core';
import {
  checkSpace,
  freeBytesAt,
  readSealed,
  resolveRef,
  verifySnapshot,
  type Sealed,
} from '../snapshot/index.ts';
import { parseS3Address, type Vault } from '../vault/index.ts';
import { checkKey } from './check-key.ts';
import type { Finding, Patient } from './contract.ts';
import { nearestExisting, readFileSystem } from './file-system.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Sizes } from './sizes.ts';

const take = '`stillpoint snapshot` takes one.';

export async function checkVault(
  patient: Patient,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('vault', signal);
  await findings.check('place', () => checkPlace(patient, findings));
  await findings.check('passphrase', () => checkKey(patient, findings));
  await findings.check('free space', () => checkFree(patient, sizes, findings));
  await findings.check('snapshots', async (limited) => {
    if ('error' in patient.vault) throw patient.vault.error;
    const vault = patient.vault.value;
    if (vault === undefined) findings.warn('snapshots', 'There is no snapshot yet.', take);
    else await checkSnapshots(patient, vault, findings, limited);
  });
  await findings.check('copies', () => checkCopies(patient, findings));
  return findings.list;
}

/** A copy that is behind is no fault: it is brought up to date when somebody asks for it. */
async function checkCopies({ copies }: Patient, findings: Findings): Promise<void> {
  for (const { place, behind, since, problem } of await copies()) {
    const fix = '`stillpoint vault copy` brings it up to date.';
    if (behind === null) {
      findings.warn(
        'copies',
        `${place} cannot be looked at: ${problem}`,
        'Is its disk or its server there?',
      );
    } else if (behind === 0) findings.ok('copies', `${place} has every snapshot`);
    else {
      const what = `${place} is ${countText(behind, 'snapshot')} behind`;
      findings.info('copies', what, { fix, ...(since === null ? {} : { at: since }) });
    }
  }
}

async function checkPlace(patient: Patient, findings: Findings): Promise<void> {
  const { vaultPlace } = patient;
  if (vaultPlace.kind === 's3') checkBucket(vaultPlace.url, patient, findings);
  else await checkDirectory(vaultPlace.directory, patient, findings);
}

async function checkDirectory(
  directory: string,
  { config, vault }: Patient,
  findings: Findings,
): Promise<void> {
  const nearest = await nearestExisting(directory);
  try {
    await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'no access';
    throw failure('VAULT_READ_ONLY', { vault: nearest, reason }, error);
  }
  const none = 'value' in vault && vault.value === undefined;
  if (none && nearest === directory && (await readdir(directory)).length > 0) {
    const fix = 'Name an empty directory, or one that is not there yet, as `vault`.';
    findings.fail('place', `${directory} holds other things and is no vault.`, fix);
    return;
  }
  const { name, network, volatile } = await readFileSystem(directory);
  const what = `${directory}, on ${name}`;
  if (volatile) {
    findings.warn(
      'place',
      `${what}: it is gone with the next boot.`,
      'Name a directory on a disk as `vault`.',
    );
  } else if (network || (await stat(nearest)).dev !== (await stat(config.projectDirectory)).dev) {
    findings.ok('place', what);
  } else {
    const fix =
      'Name a directory on another disk as `vault`, and the snapshots survive the loss of this one.';
    findings.info('place', `${what}, the same as the project`, { fix });
  }
}

/** Whether it can be written shows when it is: doctor changes nothing. What is wrong with reading it is told by `snapshots`. */
function checkBucket(url: string, { vault }: Patient, findings: Findings): void {
  const { endpoint } = parseS3Address(url);
  if (endpoint?.startsWith('http:') === true && !isLoopback(endpoint)) {
    const fix = 'Use https: in the endpoint, at least when the vault is not encrypted.';
    findings.warn('place', `${url}: what goes there can be read on the way.`, fix);
  } else if ('error' in vault) findings.info('place', url);
  else findings.ok('place', `${url}, which answers`);
}

function isLoopback(endpoint: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(endpoint).hostname);
}

async function checkFree(patient: Patient, sizes: Sizes, findings: Findings): Promise<void> {
  const { config, vaultPlace, members, sources } = patient;
  const next = bytesText(sizes.bytesNext);
  // Else a person would take what is said for the whole.
  const some = sizes.counted < members.length + sources.length;
  const rest = some ? ', and what could not be looked into' : '';
  const adds = `the next snapshot adds at most about ${next}${rest}`;
  if (vaultPlace.kind === 's3') findings.ok('free space', `as much as S3 gives; ${adds}`);
  else {
    const where = await nearestExisting(vaultPlace.directory);
    const freeBytes = await freeBytesAt(where);
    checkSpace({ what: 'The next snapshot', where, neededBytes: sizes.bytesNext, freeBytes });
    findings.ok('free space', `${bytesText(freeBytes)} in the vault; ${adds}`);
  }
  const project = {
    where: config.projectDirectory,
    freeBytes: await freeBytesAt(config.projectDirectory),
  };
  try {
    // A restore prepares beside what is there.
    checkSpace({ what: 'A restore', neededBytes: sizes.bytesTotal, ...project });
  } catch (error) {
    if (!isFailure(error)) throw error;
    findings.warn('free space', error.message, error.hint, { code: error.code });
  }
}

async function checkSnapshots(
  patient: Patient,
  vault: Vault,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { sealed, damaged } = await readSealed(vault, signal);
  for (const one of damaged) {
    const fix =
      'Its bytes are not what was written. The other snapshots restore as ever; look at the disk.';
    findings.fail(one.entry.id, one.damaged, fix);
  }
  const latest = latestOf(sealed, patient.state.id);
  if (latest === undefined) findings.warn('snapshots', 'There is no snapshot yet.', take);
  else await checkLatest(patient, vault, latest, findings, signal);
  const undo = await patient.state.readUndo();
  if (undo === undefined) return;
  if (sealed.some(({ manifest }) => manifest.id === undo.undo)) {
    findings.info(
      'undo point',
      `\`stillpoint undo\` goes back to before the restore of ${undo.restored}`,
    );
  } else {
    const what = `The undo point ${undo.undo} is not in the vault: the last restore cannot be undone.`;
    findings.warn(
      'undo point',
      what,
      'Is the right vault there? The next restore makes a new one.',
    );
  }
}

async function checkLatest(
  { referencesOf }: Patient,
  vault: Vault,
  latest: Sealed,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { id, createdAt, name } = latest.manifest;
  const { report } = await verifySnapshot({ vault, referencesOf }, latest, { deep: false, signal });
  const title = name === null ? id : `${name} (${id})`;
  const [first] = report.damages;
  if (first === undefined) {
    findings.ok('latest', `${title}: all ${report.objects} objects of it are there`, {
      at: createdAt,
    });
  } else {
    const what = `${title} is damaged: ${first.key}: ${first.what}`;
    findings.fail(
      'latest',
      what,
      '`stillpoint vault repair` keeps what is whole and says what is lost; take a new one then.',
      { at: createdAt },
    );
  }
}

function latestOf(sealed: readonly Sealed[], projectId: string): Sealed | undefined {
  try {
    return resolveRef('latest', sealed, projectId);
  } catch (error) {
    if (isFailure(error, 'VAULT_EMPTY')) return undefined;
    throw error;
  }
}
