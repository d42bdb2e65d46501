// What the stamps say against the checkout: did this code, or code that it comes from, shape the data last?
import { relate, short, type Member } from './checkout.ts';
import type { GateFinding } from './contract.ts';
import type { Database, Look } from './look.ts';

interface Sighting {
  readonly database: Database;
  readonly commit: string;
}

export async function compareCode({ checkout, databases }: Look): Promise<GateFinding[]> {
  const findings = await Promise.all(
    checkout.members.map((member) => compareMember(member, databases)),
  );
  return findings.flat();
}

async function compareMember(
  member: Member,
  databases: readonly Database[],
): Promise<GateFinding[]> {
  const behind: Sighting[] = [];
  const diverged: Sighting[] = [];
  const unknown: Sighting[] = [];
  for (const database of databases) {
    const stamped = database.stamp?.members.find(({ path }) => path === member.path);
    if (stamped === undefined || stamped.commit === null) continue;
    const sighting = { database, commit: stamped.commit };
    const relation = await relate(member, stamped.commit);
    if (relation === 'behind') behind.push(sighting);
    if (relation === 'diverged') diverged.push(sighting);
    if (relation === 'unknown') unknown.push(sighting);
  }
  const findings: GateFinding[] = [];
  if (behind.length > 0) {
    const what = 'Newer code than the checkout has shaped the data last.';
    findings.push(finding(member, 'data-newer', what, behind));
  }
  if (diverged.length > 0) {
    const what = 'The code that shaped the data last and the checkout have parted.';
    findings.push(finding(member, 'diverged', what, diverged));
  }
  if (unknown.length > 0) {
    const what = 'The code that shaped the data last is not in this repository.';
    findings.push(finding(member, 'diverged', what, unknown));
  }
  return findings;
}

function finding(
  { path, head }: Member,
  rule: 'data-newer' | 'diverged',
  what: string,
  sightings: readonly Sighting[],
): GateFinding {
  const commit = sightings[0]!.commit;
  return {
    level: 'block',
    rule,
    subject: path,
    what,
    evidence: [
      ...sightings.map(
        ({ database, commit: at }) =>
          `${database.label} was last used with ${short(at)}, on ${database.stamp!.at}`,
      ),
      `HEAD is at ${short(head)}`,
    ],
    hint: waysOut(path, commit),
  };
}

export function waysOut(path: string, commit: string): string {
  const where = path === '.' ? '' : ` -C ${path}`;
  return `git${where} checkout ${short(commit)} brings that code back; stillpoint restore brings data back that fits this code; stillpoint gate --accept takes both as they are.`;
}
