// What the last snapshot or restore captured against the checkout: evidence that a project without stamps has too.
import { digestOf } from '@stillpoint/core';
import { relate, short, type Member } from './checkout.ts';
import { waysOut } from './compare-code.ts';
import type { GateFinding } from './contract.ts';
import type { Look } from './look.ts';

export async function compareLock(look: Look): Promise<GateFinding[]> {
  const { checkout, lock } = look;
  if (lock === undefined) return [];
  const findings = await Promise.all(
    checkout.members.map(async (member) => {
      const captured = lock.members.find(({ path }) => path === member.path);
      if (captured === undefined || captured.commit === null) return [];
      return [
        ...(await compareDependencies(member, captured)),
        ...(await compareCommit(look, member, captured.commit)),
      ];
    }),
  );
  return findings.flat();
}

/**
 * Stale dependencies: HEAD is the commit that was captured, but a dependency lockfile is another one. So what is installed
 * and what the lockfile names may differ, and no commit says why.
 */
async function compareDependencies(
  member: Member,
  captured: NonNullable<Look['lock']>['members'][number],
): Promise<GateFinding[]> {
  if (captured.commit !== member.head) return [];
  const changed: string[] = [];
  for (const { path, digest } of captured.dependencyLocks) {
    const content = await member.history.checkout.read(path);
    if (content === undefined) changed.push(`${path} is gone`);
    else if (digestOf(content) !== digest) changed.push(`${path} is not the one that was captured`);
  }
  if (changed.length === 0) return [];
  return [
    {
      level: 'warn',
      rule: 'stale-dependencies',
      subject: member.path,
      what: 'The dependency lockfiles changed since the last snapshot or restore, without a commit.',
      evidence: [...changed, `HEAD is at ${short(member.head)}, as it was then`],
      hint: 'Install what they name now, then take a snapshot: stillpoint snapshot',
    },
  ];
}

/** A database that was never stamped does not say which code shaped it; what was captured with it hints at it. */
async function compareCommit(
  { databases }: Look,
  member: Member,
  commit: string,
): Promise<GateFinding[]> {
  const unstamped = databases.filter(({ stamp }) => stamp === undefined);
  if (unstamped.length === 0 || (await relate(member, commit)) !== 'behind') return [];
  return [
    {
      level: 'warn',
      rule: 'code-older',
      subject: member.path,
      what: 'The checkout is older than what the last snapshot or restore captured.',
      evidence: [
        `captured was ${short(commit)}, HEAD is at ${short(member.head)}`,
        `never stamped: ${unstamped.map(({ label }) => label).join(', ')}`,
      ],
      hint: waysOut(member.path, commit),
    },
  ];
}
