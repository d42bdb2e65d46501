// The kinds of work tree that must come back byte for byte; work-trees.test.ts runs them.
import assert from 'node:assert/strict';
import { chmod, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { createTestMember, DriverWishes, TestMember } from './test-member.ts';

export interface WorkTreeCase {
  readonly name: string;
  /** The kind that reaches the same code, which `npm test` tries every time: this one is tried in the soak alone. */
  readonly like?: string;
  readonly arrange: (member: TestMember) => unknown;
  readonly wishes?: DriverWishes;
  readonly options?: Parameters<typeof createTestMember>[0];
  /** What happens after the snapshot; by default everything is broken. */
  readonly wreck?: (member: TestMember) => unknown;
}

export const workTreeCases: readonly WorkTreeCase[] = [
  { name: 'clean', like: 'untracked', arrange: () => {} },
  { name: 'SHA-256', options: { format: 'sha256' }, arrange: (m) => m.write('new.txt', 'x') },
  {
    name: 'dirty',
    like: 'MM: staged, then changed again',
    arrange: (m) => m.write('tracked.txt', 'dirty\n'),
  },
  {
    name: 'MM: staged, then changed again',
    async arrange(m) {
      await m.write('tracked.txt', 'staged\n');
      m.git('add', 'tracked.txt');
      await m.write('tracked.txt', 'changed again\n');
    },
  },
  {
    name: 'staged only, work tree as committed',
    like: 'MM: staged, then changed again',
    async arrange(m) {
      await m.write('tracked.txt', 'staged\n');
      m.git('add', 'tracked.txt');
      await m.write('tracked.txt', 'one\n');
    },
  },
  {
    name: 'staged as new, then deleted from the disk',
    async arrange(m) {
      await m.write('fresh.txt', 'fresh\n');
      m.git('add', 'fresh.txt');
      await unlink(path.join(m.directory, 'fresh.txt'));
    },
  },
  {
    name: 'intent to add',
    async arrange(m) {
      await m.write('intended.txt', 'later\n');
      m.git('add', '-N', 'intended.txt');
    },
  },
  {
    name: 'intent to add, empty',
    like: 'intent to add',
    arrange: async (m) => {
      await m.write('e', '');
      m.git('add', '-N', 'e');
    },
  },
  {
    name: 'untracked',
    arrange: (m) => m.write('a/b/c/untracked.bin', Buffer.from([0, 1, 2, 255])),
  },
  {
    name: 'empty files',
    like: 'untracked',
    arrange: async (m) => {
      await m.write('e1', '');
      await m.write('e2', '');
      m.git('add', 'e1');
    },
  },
  {
    name: 'deleted',
    like: 'staged as new, then deleted from the disk',
    arrange: (m) => unlink(path.join(m.directory, 'tracked.txt')),
  },
  {
    name: 'deleted in the index only',
    arrange: (m) => m.git('rm', '-q', '--cached', 'tracked.txt'),
  },
  {
    name: 'renamed',
    like: 'deleted in the index only',
    arrange: (m) => m.git('mv', 'tracked.txt', 'renamed.txt'),
  },
  {
    name: 'renamed on the disk only',
    like: 'untracked',
    arrange: (m) =>
      rename(path.join(m.directory, 'tracked.txt'), path.join(m.directory, 'other.txt')),
  },
  {
    name: 'case-renamed',
    like: 'deleted in the index only',
    arrange: (m) => m.git('mv', 'tracked.txt', 'TRACKED.txt'),
  },
  {
    name: 'executable',
    like: 'modes 0600, 0400, 0777, 4755 and a directory of 0700',
    arrange: (m) => chmod(path.join(m.directory, 'tracked.txt'), 0o755),
  },
  {
    name: 'modes 0600, 0400, 0777, 4755 and a directory of 0700',
    async arrange(m) {
      await m.write('private', 'p', 0o600);
      await m.write('readonly', 'r', 0o400);
      await m.write('open', 'o', 0o777);
      await m.write('setuid', 's', 0o4755);
      await m.write('d/x', 'x');
      await chmod(path.join(m.directory, 'd'), 0o700);
    },
  },
  {
    name: 'a directory that may not be written',
    async arrange(m) {
      await m.write('locked/x', 'x');
      m.git('add', '.');
      await chmod(path.join(m.directory, 'locked'), 0o555);
    },
    async wreck(m) {
      await chmod(path.join(m.directory, 'locked'), 0o755);
      await m.write('locked/x', 'changed');
      await m.write('locked/y', 'y');
      await chmod(path.join(m.directory, 'locked'), 0o555);
    },
  },
  {
    name: 'symlinks: to a file, dangling, to a directory, tracked and not',
    async arrange(m) {
      await symlink('tracked.txt', path.join(m.directory, 'link'));
      await symlink('nowhere/\u00e9', path.join(m.directory, 'dangling'));
      await symlink('src', path.join(m.directory, 'to-directory'));
      m.git('add', 'link', 'dangling');
    },
  },
  {
    name: 'a file became a directory, a directory a link, a link a file',
    async arrange(m) {
      await symlink('src', path.join(m.directory, 'link'));
      await m.write('dir/a', 'a');
      m.git('add', '.');
      m.git('commit', '-qm', 'kinds');
      await unlink(path.join(m.directory, 'tracked.txt'));
      await m.write('tracked.txt/inside', 'inside');
      await rm(path.join(m.directory, 'dir'), { recursive: true });
      await symlink('src', path.join(m.directory, 'dir'));
      await unlink(path.join(m.directory, 'link'));
      await m.write('link', 'a file now');
    },
    async wreck(m) {
      await unlink(path.join(m.directory, 'dir'));
      m.git('reset', '-q', '--hard');
      m.git('clean', '-qfd');
    },
  },
  {
    name: 'binary, and larger than one piece',
    async arrange(m) {
      await m.write('big.bin', Buffer.alloc(3_000_000, 'stillpoint\0\r\n'));
      await m.write('tracked.big', Buffer.alloc(2_000_000, 7));
      m.git('add', 'tracked.big');
    },
  },
  {
    name: 'CRLF with autocrlf',
    like: 'a clean/smudge filter',
    async arrange(m) {
      m.git('config', 'core.autocrlf', 'true');
      await m.write('crlf.txt', 'a\r\nb\r\n');
      m.git('add', 'crlf.txt');
      m.git('commit', '-qm', 'crlf');
      await m.write('mixed.txt', 'a\r\nb\n');
    },
  },
  {
    name: 'a clean/smudge filter',
    async arrange(m) {
      m.git('config', 'filter.caesar.clean', 'tr a-z b-za');
      m.git('config', 'filter.caesar.smudge', 'tr b-za a-z');
      await m.write('.gitattributes', '*.secret filter=caesar\n');
      await m.write('x.secret', 'hello\n');
      m.git('add', '.');
      m.git('commit', '-qm', 'filtered');
      await m.write('y.secret', 'changed\n');
    },
  },
  {
    name: 'names in every encoding',
    async arrange(m) {
      const names = [
        'sp ace',
        'quo"te',
        'new\nline',
        'tab\t',
        'back\\slash',
        '\u00fcml\u00e4ut',
        'e\u0301',
        '-dash',
        ':colon',
        '*star?',
        '[x]',
        '#',
        '\u{1f600}',
        "'",
      ];
      for (const name of names) await m.write(name, name);
      await m.write(Buffer.from('latin1-\xe9\xff', 'latin1'), 'latin1');
      await m.write(Buffer.from('d\xe9p\xf4t/\xfe', 'latin1'), 'deep');
      m.git('add', '.');
      m.git('commit', '-qm', 'names');
      await m.write(Buffer.from('untracked-\xe9', 'latin1'), 'raw');
      await m.write(Buffer.from('latin1-\xe9\xff', 'latin1'), 'changed');
      await symlink(
        Buffer.from('t\xe9', 'latin1'),
        Buffer.from(`${m.directory}/link-\xe9`, 'latin1'),
      );
    },
  },
  {
    name: 'empty repository',
    like: 'empty repository with staged and untracked files',
    options: { empty: true },
    arrange: () => {},
    wreck: () => {},
  },
  {
    name: 'empty repository with staged and untracked files',
    options: { empty: true },
    async arrange(m) {
      await m.write('staged', 's');
      m.git('add', 'staged');
      await m.write('untracked', 'u');
    },
    async wreck(m) {
      await m.write('staged', 'other');
      m.git('add', '.');
      m.git('commit', '-qm', 'now there is one');
    },
  },
  { name: 'detached HEAD', arrange: (m) => m.git('checkout', '-q', '--detach') },
  {
    name: 'in the middle of a merge with conflicts',
    async arrange(m) {
      await diverge(m);
      assert.throws(() => m.git('merge', 'side'));
      await m.write('resolved-later.txt', 'x');
    },
  },
  {
    name: 'in the middle of a rebase',
    async arrange(m) {
      await diverge(m);
      assert.throws(() => m.git('rebase', 'side'));
    },
  },
  {
    name: 'in the middle of a rebase by patches',
    like: 'in the middle of a rebase',
    async arrange(m) {
      await diverge(m);
      assert.throws(() => m.git('rebase', '--apply', 'side'));
    },
  },
  {
    name: 'in the middle of a cherry-pick',
    like: 'in the middle of a merge with conflicts',
    async arrange(m) {
      await diverge(m);
      assert.throws(() => m.git('cherry-pick', 'side'));
    },
  },
  {
    name: 'in the middle of a bisect',
    like: 'detached HEAD',
    async arrange(m) {
      for (const n of ['2', '3', '4', '5']) {
        await m.write('tracked.txt', n);
        m.git('commit', '-qam', n);
      }
      m.git('bisect', 'start', 'HEAD', 'HEAD~4');
    },
  },
  {
    name: 'a stash with two entries',
    async arrange(m) {
      await m.write('tracked.txt', 'stash one\n');
      m.git('stash', '-q');
      await m.write('tracked.txt', 'stash two\n');
      await m.write('u', 'untracked in the stash');
      m.git('stash', 'push', '-qu', '-m', 'second');
    },
  },
  {
    name: 'packed refs, tags, notes, remote branches with their HEAD',
    async arrange(m) {
      m.git('tag', 'light');
      m.git('tag', '-a', 'heavy', '-m', 'annotated');
      m.git('notes', 'add', '-m', 'noted');
      m.git('branch', 'topic/one');
      m.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
      m.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
      m.git('pack-refs', '--all');
      m.git('branch', 'loose');
    },
    async wreck(m) {
      m.git('tag', '-d', 'light', 'heavy');
      m.git('branch', '-D', 'topic/one', 'loose');
      m.git('branch', 'topic');
      m.git('branch', 'loose/now-a-directory');
      m.git('symbolic-ref', '--delete', 'refs/remotes/origin/HEAD');
      m.git('update-ref', '-d', 'refs/notes/commits');
    },
  },
  {
    name: 'sparse checkout',
    like: 'sparse index',
    async arrange(m) {
      await m.write('docs/a', 'a');
      await m.write('docs/b', 'b');
      m.git('add', '.');
      m.git('commit', '-qm', 'docs');
      m.git('sparse-checkout', 'set', 'src');
    },
    wreck: (m) => m.git('sparse-checkout', 'disable'),
  },
  {
    name: 'sparse index',
    async arrange(m) {
      await m.write('docs/a', 'a');
      m.git('add', '.');
      m.git('commit', '-qm', 'docs');
      m.git('sparse-checkout', 'set', '--sparse-index', 'src');
    },
  },
  {
    name: 'split index',
    async arrange(m) {
      m.git('update-index', '--split-index');
      await m.write('more.txt', 'more');
      m.git('add', '.');
    },
  },
  {
    name: 'the index remembers a tree that no commit has',
    like: 'split index',
    async arrange(m) {
      await m.write('tracked.txt', 'soft\n');
      m.git('commit', '-qam', 'will be left');
      m.git('reset', '-q', '--soft', 'HEAD~1');
      m.git('reflog', 'expire', '--expire=all', '--all');
    },
  },
  {
    name: 'excluded by info/exclude',
    async arrange(m) {
      await writeFile(path.join(m.directory, '.git/info/exclude'), '*.tmp\n');
      await m.write('seen.log', 'log');
    },
  },
];

async function diverge(m: TestMember): Promise<void> {
  m.git('checkout', '-q', '-b', 'side');
  await m.write('tracked.txt', 'side\n');
  m.git('commit', '-qam', 'side');
  m.git('checkout', '-q', 'main');
  await m.write('tracked.txt', 'main\n');
  m.git('commit', '-qam', 'main');
}
