// What the migrations that a database holds say against those that the checkout has.
import { short, type Member } from './checkout.ts';
import type { GateFinding } from './contract.ts';
import {
  ledgers,
  type Ledger,
  type LedgerEntry,
  type MigrationDirectory,
} from './ledgers/index.ts';
import type { Database, Look } from './look.ts';

export interface LedgerComparison {
  readonly findings: readonly GateFinding[];
  /** Migrations that only the database has, as a stamp names them when they are accepted. */
  readonly unknown: ReadonlyMap<Database, readonly string[]>;
}

/** More would only hide what is below it. */
const namesShown = 20;

export async function compareLedgers(look: Look): Promise<LedgerComparison> {
  const findings: GateFinding[] = [];
  const unknown = new Map<Database, readonly string[]>();
  for (const database of look.databases) {
    const tables = await database.view.tables();
    for (const ledger of ledgers) {
      for (const table of ledger.tables(tables, database.view.engine)) {
        const entries = await ledger.read(database.view, table);
        if (entries === undefined) continue;
        const compared = await compare(look, database, ledger, entries);
        findings.push(...compared.findings);
        unknown.set(database, [...(unknown.get(database) ?? []), ...compared.unknown]);
      }
    }
  }
  return { findings, unknown };
}

interface Found extends MigrationDirectory {
  readonly member: Member;
  /** undefined: in the checkout. */
  readonly commit?: string;
}

async function compare(
  look: Look,
  database: Database,
  ledger: Ledger,
  entries: readonly LedgerEntry[],
): Promise<{ findings: GateFinding[]; unknown: readonly string[] }> {
  const findings: GateFinding[] = [];
  const applied = entries.filter(({ state }) => state === 'applied');
  const directories = belonging(ledger, entries, await inCheckout(look, ledger, entries));
  const nameOf = (entry: LedgerEntry): string => `${ledger.kind} ${entry.name}`;
  const accepted = new Set(database.stamp?.accepted);
  const missing = applied.filter(
    (entry) => !accepted.has(nameOf(entry)) && !directories.some((one) => holds(one, entry)),
  );
  if (missing.length > 0) {
    const named = await inCommits(look, ledger, entries, commitsThatUsed(look, database));
    const unnamed = missing.some((entry) => !named.some((one) => holds(one, entry)));
    // Programs that were not started by exec left no stamp; then git knows where the code was.
    const recent = unnamed
      ? await inCommits(look, ledger, entries, ({ history }) => history.recentCommits())
      : [];
    // No directory now and none then: this code may never have been part of the project.
    if (directories.length > 0 || named.length > 0 || (await someFollows(recent))) {
      findings.push(unknownMigrations(database, ledger, missing, [...named, ...recent]));
    } else missing.length = 0;
  }
  const broken = entries.filter(({ state }) => state !== 'applied');
  if (broken.length > 0) findings.push(failedMigrations(database, ledger, broken));
  const pending = directories.flatMap((one) =>
    one.migrations
      .filter(({ keys }) => !entries.some((entry) => entry.keys.some((key) => keys.includes(key))))
      .map(({ name }) => `${name}, in ${placeOf(one)}`),
  );
  if (pending.length > 0) findings.push(pendingMigrations(database, ledger, pending));
  return { findings, unknown: missing.map(nameOf) };
}

async function inCheckout(
  { checkout }: Look,
  ledger: Ledger,
  entries: readonly LedgerEntry[],
): Promise<readonly Found[]> {
  const found = await Promise.all(
    checkout.members.map(async (member): Promise<Found[]> => {
      const directories = await ledger.directories(member.history.checkout, entries);
      return directories.map((directory) => ({ ...directory, member }));
    }),
  );
  return found.flat();
}

/**
 * The directories of this database: those that hold something of what it holds. If there is none, then all that look like
 * it: none of its migrations is there any more. A database that holds nothing yet belongs to the only one.
 */
function belonging(
  ledger: Ledger,
  entries: readonly LedgerEntry[],
  directories: readonly Found[],
): readonly Found[] {
  const sharing = directories.filter((one) => entries.some((entry) => holds(one, entry)));
  if (sharing.length > 0 || !ledger.knownByForm) return sharing;
  return entries.length > 0 || directories.length === 1 ? directories : [];
}

function holds({ migrations }: MigrationDirectory, entry: LedgerEntry): boolean {
  return migrations.some(({ keys }) => keys.some((key) => entry.keys.includes(key)));
}

/** By what the stamp and the last lockfile say. */
function commitsThatUsed(
  { lock }: Look,
  { stamp }: Database,
): (member: Member) => Promise<readonly string[]> {
  const used = [...(stamp?.members ?? []), ...(lock?.members ?? [])];
  return async ({ path }) =>
    used.flatMap((one) => (one.path === path && one.commit !== null ? [one.commit] : []));
}

/** Commits beside HEAD may have what the checkout lacks: the directories in them that hold something of what it holds. */
async function inCommits(
  { checkout }: Look,
  ledger: Ledger,
  entries: readonly LedgerEntry[],
  commitsOf: (member: Member) => Promise<readonly string[]>,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const member of checkout.members) {
    for (const commit of new Set(await commitsOf(member))) {
      if (commit === member.head || !(await member.history.hasCommit(commit))) continue;
      const directories = await ledger.directories(member.history.at(commit), entries);
      const theirs = directories.filter((one) => entries.some((entry) => holds(one, entry)));
      found.push(...theirs.map((directory) => ({ ...directory, member, commit })));
    }
  }
  return found;
}

/** A commit on the way on from HEAD: HEAD is older. A branch that parted long ago says nothing of what HEAD should have. */
async function someFollows(found: readonly Found[]): Promise<boolean> {
  for (const { member, commit } of found) {
    if (commit === undefined || member.head === null) continue;
    if (await member.history.isAncestor(member.head, commit)) return true;
  }
  return false;
}

function unknownMigrations(
  database: Database,
  ledger: Ledger,
  missing: readonly LedgerEntry[],
  earlier: readonly Found[],
): GateFinding {
  const lines = missing.map((entry) => {
    const from = earlier.find((one) => holds(one, entry));
    const known = from?.migrations.find(({ keys }) => keys.some((key) => entry.keys.includes(key)));
    const where =
      from === undefined ? '' : `, which ${short(from.commit ?? null)} has in ${placeOf(from)}`;
    return `${known?.name ?? entry.name}${where}`;
  });
  const from = earlier.find((one) => missing.some((entry) => holds(one, entry)));
  const code = from === undefined ? 'Check out the code that has them' : checkoutLine(from);
  return {
    level: 'block',
    rule: 'unknown-migrations',
    subject: database.label,
    what: `It holds ${counted(missing.length)} of ${ledger.title} that the checkout does not have.`,
    evidence: shown(lines),
    hint: `${code}; stillpoint restore brings data back that fits this code; stillpoint gate --accept takes both as they are.`,
  };
}

function checkoutLine({ member, commit }: Found): string {
  const where = member.path === '.' ? '' : ` -C ${member.path}`;
  return `git${where} checkout ${short(commit ?? null)} brings code back that has them`;
}

function pendingMigrations(
  database: Database,
  ledger: Ledger,
  pending: readonly string[],
): GateFinding {
  return {
    level: 'warn',
    rule: 'pending-migrations',
    subject: database.label,
    what: `The checkout has ${counted(pending.length)} of ${ledger.title} that it does not hold yet.`,
    evidence: shown(pending),
    hint: 'Take a snapshot and apply them, unless the program does so when it starts.',
  };
}

function failedMigrations(
  database: Database,
  ledger: Ledger,
  broken: readonly LedgerEntry[],
): GateFinding {
  return {
    level: 'warn',
    rule: 'failed-migrations',
    subject: database.label,
    what: `${ledger.title} did not get through with ${counted(broken.length)}.`,
    evidence: shown(broken.map(({ name, state }) => `${name}: ${state}`)),
    hint: `Resolve it with ${ledger.title}, or go back to before: stillpoint restore`,
  };
}

function placeOf({ member, path }: Found): string {
  return member.path === '.' ? path : `${member.path}/${path}`;
}

function counted(count: number): string {
  return count === 1 ? '1 migration' : `${count} migrations`;
}

function shown(lines: readonly string[]): readonly string[] {
  if (lines.length <= namesShown) return lines;
  return [...lines.slice(0, namesShown), `and ${lines.length - namesShown} more`];
}
