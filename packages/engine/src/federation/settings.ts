// What of a repository's own configuration a snapshot keeps. An allow-list, because a repository's configuration may hold
// tokens and names of programs: what is not known to be plain and useful on another machine is left out.
//   kept: formats, line ends, sparse checkout, filters, remotes, branches, submodules, the user's name, habits of pull,
//         push, merge and rebase.
//   left out: credentials, http headers, aliases, includes, hooks, programs other than filters, core.worktree.
// URLs lose their user name, password and query. Filters are commands and are kept, because without them `git status` would
// show every filtered file as changed. In a repository that exists nothing of this is written back but the sparse keys
// (apply-settings.ts): its configuration belongs to the machine.
import type { Git } from './git.ts';

/** Key as git prints it (section and name in lower case) and value; null: a key without value, which means true. */
export type Setting = readonly [key: string, value: string | null];

/** What git read in a content, which is all that its answer depends on: each command meets the same few files again and again. */
const parsed = new Map<string, readonly Setting[]>();
const PARSED_MAX = 64;
const PARSED_BYTES_MAX = 64 * 1024;

/** Parses the content of a configuration file, without following its includes. */
export async function parseSettings(git: Git, content: Buffer | null): Promise<readonly Setting[]> {
  if (content === null) return [];
  const key = content.length <= PARSED_BYTES_MAX ? content.toString('latin1') : undefined;
  const known = key === undefined ? undefined : parsed.get(key);
  if (known !== undefined) return known;
  const stdout = await git.output(['config', '--file', '-', '--null', '--list'], {
    input: content,
  });
  const settings = parseList(stdout);
  if (key !== undefined) {
    if (parsed.size >= PARSED_MAX) parsed.clear();
    parsed.set(key, settings);
  }
  return settings;
}

/** What `git config --null --list` prints. */
export function parseList(stdout: Buffer): Setting[] {
  const entries = stdout.toString('utf8').split('\0').slice(0, -1);
  return entries.map((entry) => {
    const newline = entry.indexOf('\n');
    return newline < 0 ? [entry, null] : [entry.slice(0, newline), entry.slice(newline + 1)];
  });
}

/** The last value of a key, as git would take it. */
export function settingOf(settings: readonly Setting[], key: string): string | undefined {
  const found = settings.findLast(([name]) => name === key);
  return found === undefined ? undefined : (found[1] ?? 'true');
}

/**
 * Environment that switches every filter program off, for questions to git that would run them. They are programs of the
 * user's choosing, and neither a snapshot nor a restore has any business running them.
 */
export async function withoutFilters(git: Git): Promise<Record<string, string>> {
  const { stdout } = await git.attempt([
    'config',
    '--null',
    '--name-only',
    '--get-regexp',
    '^filter\\.',
  ]);
  const drivers = new Set<string>();
  for (const key of stdout.toString('utf8').split('\0').slice(0, -1))
    drivers.add(key.slice(0, key.lastIndexOf('.')));
  const settings = [...drivers].flatMap((driver) => [
    [`${driver}.clean`, ''],
    [`${driver}.smudge`, ''],
    [`${driver}.process`, ''],
    [`${driver}.required`, 'false'],
  ]);
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  for (const [at, [key = '', value = '']] of settings.entries()) {
    environment[`GIT_CONFIG_KEY_${at}`] = key;
    environment[`GIT_CONFIG_VALUE_${at}`] = value;
  }
  return environment;
}

const keptKeys = [
  /^core\.(repositoryformatversion|filemode|symlinks|ignorecase|precomposeunicode|logallrefupdates)$/,
  /^core\.(autocrlf|eol|safecrlf|sparsecheckout|sparsecheckoutcone|abbrev|whitespace|bare)$/,
  /^extensions\.(objectformat|worktreeconfig)$/,
  /^filter\..+\.(clean|smudge|process|required)$/,
  /^remote\..+\.(url|pushurl|fetch|push|mirror|tagopt|prune|skipdefaultupdate)$/,
  /^branch\..+\.(remote|pushremote|merge|rebase|description)$/,
  /^submodule\.(.+\.)?(url|active|branch|update|ignore|recurse|fetchrecursesubmodules)$/,
  /^user\.(name|email)$/,
  /^(push|pull|rebase|rerere|status|merge|index|lfs)\.[a-z]+$/,
];

export function keptSettings(settings: readonly Setting[]): Setting[] {
  return settings
    .filter(
      ([key, value]) => keptKeys.some((pattern) => pattern.test(key)) && !isCommand(key, value),
    )
    .filter(([key]) => !hasCredentials(key))
    .map(([key, value]) => [key, value === null ? null : stripCredentials(value)]);
}

function isCommand(key: string, value: string | null): boolean {
  if (key.startsWith('filter.')) return false;
  return (
    value !== null &&
    (value.startsWith('!') || value.startsWith('ext::') || value.startsWith('fd::'))
  );
}

function hasCredentials(text: string): boolean {
  return stripCredentials(text) !== text;
}

/** `https://user:token@host/x?token=y` becomes `https://host/x`; the user of an ssh URL stays, its password does not. */
export function stripCredentials(text: string): string {
  return text.replaceAll(
    /([a-z][a-z0-9+.-]*):\/\/(?:([^/?#\s]*)@)?([^?#\s]*)([?#][^\s]*)?/gi,
    (_, scheme: string, user: string | undefined, rest: string) => {
      const login = user?.split(':')[0];
      const kept =
        /^(ssh|git\+ssh)$/i.test(scheme) && login !== undefined && login !== '' ? `${login}@` : '';
      return `${scheme}://${kept}${rest}`;
    },
  );
}

/** The text of a configuration file with these settings. */
export function formatSettings(settings: readonly Setting[]): string {
  const lines: string[] = [];
  for (const [key, value] of settings) {
    const first = key.indexOf('.');
    const last = key.lastIndexOf('.');
    const section = key.slice(0, first);
    const subsection = first === last ? undefined : key.slice(first + 1, last);
    lines.push(subsection === undefined ? `[${section}]` : `[${section} "${escape(subsection)}"]`);
    const name = key.slice(last + 1);
    lines.push(value === null ? `\t${name}` : `\t${name} = "${escapeValue(value)}"`);
  }
  return `${lines.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

function escapeValue(text: string): string {
  return escape(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** Remotes as the lockfile shows them. */
export function remotesOf(settings: readonly Setting[]): { name: string; url: string }[] {
  const remotes = new Map<string, string>();
  for (const [key, value] of settings) {
    const name = /^remote\.(.+)\.url$/.exec(key)?.[1];
    if (name !== undefined && value !== null && !remotes.has(name))
      remotes.set(name, stripCredentials(value));
  }
  return [...remotes]
    .map(([name, url]) => ({ name, url }))
    .filter(({ name }) => !hasCredentials(name));
}
