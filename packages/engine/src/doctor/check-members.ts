// The git members: each can be captured, and no repository of the project was forgotten.
import { bytesText } from '@stillpoint/core';
import { walkProject } from '../discovery/index.ts';
import type { Finding, Patient } from './contract.ts';
import { createFindings } from './findings.ts';
import type { Sizes } from './sizes.ts';

export async function checkMembers(
  { members, config }: Patient,
  sizes: Sizes,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('members', signal);
  for (const { path: member, driver } of members) {
    await findings.check(member, async (limited) => {
      if ('error' in driver) throw driver.error;
      const probe = await driver.value.probe(limited);
      sizes.add(probe);
      findings.ok(member, `${probe.strategy}, ${bytesText(probe.bytesTotal)}`);
      for (const note of probe.notes) findings.note(member, note);
    });
  }
  const told = findings.list.map(({ what }) => what).join('\n');
  const { repositories } = await walkProject(config.projectDirectory, signal);
  for (const repository of repositories) {
    // One that keeps a member from being captured stands above already.
    if (
      members.some((one) => one.path === repository) ||
      told.includes(`${repository} is no member`)
    )
      continue;
    if (told.includes(`: ${repository}.`)) continue;
    const fix = `Add '${repository}' to \`members\`, unless you can do without it.`;
    findings.warn(repository, 'A git repository that is in no snapshot.', fix);
  }
  return findings.list;
}
