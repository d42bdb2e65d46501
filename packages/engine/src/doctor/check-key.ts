// The passphrase of an encrypted vault: whoever loses it loses every snapshot, so doctor asks where it is kept.
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { countText } from '@stillpoint/core';
import type { Patient } from './contract.ts';
import type { Findings } from './findings.ts';

const keep = 'Keep a copy of it in a second place that is not this machine.';

export async function checkKey(
  { config, state, vault }: Patient,
  findings: Findings,
): Promise<void> {
  const { encryption = 'none' } = state.vault ?? config.vault;
  if (encryption === 'none') return;
  // What it cannot be read for is told with the snapshots.
  const { passphrase } = encryption;
  if ('file' in passphrase) await checkFile(passphrase.file, config.projectDirectory, findings);
  const opened = 'value' in vault ? vault.value : undefined;
  if (opened?.keyring === undefined) return;
  const slots = await opened.keyring.list();
  const what = `${countText(slots.length, 'passphrase opens', 'passphrases open')} the vault`;
  if (slots.length > 1) findings.ok('passphrase', what);
  else
    findings.info('passphrase', what, {
      fix: `${keep} \`stillpoint vault key add\` adds another.`,
    });
}

async function checkFile(file: string, project: string, findings: Findings): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return;
  if ((found.mode & 0o077) !== 0) {
    findings.warn('passphrase', `Others may read ${file}.`, `chmod 600 ${file}`);
  }
  const real = await realpath(file).catch(() => file);
  if (!path.relative(await realpath(project), real).startsWith('..')) {
    const what = `${file} lies in the project, and is lost with it.`;
    findings.warn('passphrase', what, `${keep} Best, let it lie outside the project.`);
  }
}
