// Commits and files of a diff in words.
import type { CommitLine, CommitsDiff, FileChange, FilesDiff, TreeHead } from '@stillpoint/engine';
import { bytesText, countText } from '../../output/units.ts';
import { countsText, SIGNS, type Page } from './page.ts';

export function commitLines(commits: CommitsDiff, page: Page): readonly string[] {
  const { style, line } = page;
  const { from, to } = commits.head;
  if (from?.commit === to?.commit && from?.branch === to?.branch) return [];
  const lines = [line(2, `${headsText(from, to)}${distanceText(commits)}`)];
  for (const [state, list, count] of [
    ['added', commits.added, commits.ahead],
    ['removed', commits.removed, commits.behind],
  ] as const) {
    const { sign, paint } = SIGNS[state];
    lines.push(...list.map((one) => line(4, `${sign} ${commitText(one)}`, paint(style))));
    const more = (count ?? 0) - list.length;
    if (more > 0) lines.push(line(4, `${sign} and ${countText(more, 'commit')} more`, style.dim));
  }
  return lines;
}

function headsText(from: TreeHead | null, to: TreeHead | null): string {
  if (from === null || to === null || from.branch !== to.branch) {
    return `${headText(from)} → ${headText(to)}`;
  }
  return `${headText(from)} → ${to.commit?.slice(0, 8) ?? 'no commit'}`;
}

function headText(head: TreeHead | null): string {
  if (head === null) return 'nothing';
  const at = head.commit?.slice(0, 8) ?? 'no commit';
  return `${head.branch ?? 'detached'} ${at}`;
}

function distanceText({ head, ahead, behind }: CommitsDiff): string {
  if (ahead === null || behind === null) {
    const both = (head.from?.commit ?? null) !== null && (head.to?.commit ?? null) !== null;
    return both ? ', which the repository does not have both any more' : '';
  }
  const parts = [
    ...(ahead > 0 ? [`${countText(ahead, 'commit')} more`] : []),
    ...(behind > 0 ? [`${countText(behind, 'commit')} less`] : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function commitText({ id, subject }: CommitLine): string {
  return `${id.slice(0, 8)} ${subject}`;
}

export function fileLines(files: FilesDiff, page: Page): readonly string[] {
  const { style, line } = page;
  const total = files.added + files.removed + files.changed;
  if (total === 0) return [];
  const { bytes } = files;
  const [before, after] = [bytesText(bytes.from), bytesText(bytes.to)];
  const size = before === after ? '' : ` (${before} → ${after} in all)`;
  const lines = [line(2, `${countText(total, 'file')}: ${countsText(files)}${size}`)];
  for (const change of files.changes) {
    const { letter, paint } = SIGNS[change.state];
    lines.push(line(4, `${letter} ${change.path}${modeText(change)}`, paint(style)));
  }
  const more = total - files.changes.length;
  if (more > 0) lines.push(line(4, `and ${more} more; --all lists them`, style.dim));
  return lines;
}

function modeText({ mode: { from, to } }: FileChange): string {
  if (from === null || to === null || from === to) return '';
  return ` (mode ${from.toString(8)} → ${to.toString(8)})`;
}
