// A diff as people read it: what differs first, source by source, then what is the same and what was not compared.
import type { DiffSide, SourceDiff, StateDiff } from '@stillpoint/engine';
import { plainText } from '../../output/plain-text.ts';
import type { Style } from '../../output/style.ts';
import { agoText, momentText } from '../../output/units.ts';
import { commitLines, fileLines } from './code-text.ts';
import { databaseLines } from './database-text.ts';
import { createLine, SIGNS, type Page } from './page.ts';
import { runLines } from './run-text.ts';

export interface DiffTextOptions {
  readonly style: Style;
  readonly width: number;
  readonly now: Date;
}

export function diffLines(diff: StateDiff, options: DiffTextOptions): readonly string[] {
  const { style } = options;
  const page: Page = { ...options, line: createLine(options.width) };
  const lines = [
    `${style.dim('from  ')}${sideText(diff.from, options)}`,
    `${style.dim('to    ')}${sideText(diff.to, options)}`,
  ];
  for (const source of diff.sources) {
    if (source.state === 'same' || source.state === 'unknown') continue;
    lines.push('', ...sourceLines(source, page));
  }
  lines.push(...lockfileLines(diff, page), ...restLines(diff, page));
  return lines;
}

function sideText(
  { name, snapshot, createdAt }: DiffSide,
  { style, now }: DiffTextOptions,
): string {
  if (snapshot === null || createdAt === null) return 'what is there now';
  const taken = new Date(createdAt);
  const named = name === null ? '' : ` ${style.cyan(name)}`;
  return `${style.bold(snapshot)}${named}, ${momentText(taken)} (${agoText(taken, now)})`;
}

function sourceLines(source: SourceDiff, page: Page): readonly string[] {
  const { style } = page;
  const word = source.state === 'changed' ? '' : `, ${source.state}`;
  return [
    `${page.line(0, source.name, style.bold)} ${style.dim(source.driver)}${word}`,
    ...(source.commits === null ? [] : commitLines(source.commits, page)),
    ...(source.files === null ? [] : fileLines(source.files, page)),
    ...(source.databases ?? []).flatMap((database) => databaseLines(database, page)),
    ...(source.runs ?? []).flatMap((run) => runLines(run, page)),
  ];
}

function lockfileLines({ lockfile }: StateDiff, { style, line }: Page): readonly string[] {
  const { from, to } = lockfile.signature;
  const lines: string[] = [];
  if (from !== null && to !== null && from !== to) {
    lines.push(line(2, `signature ${shortDigest(from)} → ${shortDigest(to)}`));
  }
  for (const { source, path, state } of lockfile.dependencyLocks) {
    const at = source === '.' ? path : `${source}/${path}`;
    const { sign, paint } = SIGNS[state];
    lines.push(line(2, `${sign} dependencies ${at}`, paint(style)));
  }
  return lines.length === 0 ? [] : ['', style.bold('lockfile'), ...lines];
}

function shortDigest(digest: string): string {
  return digest.slice(0, 'blake3:'.length + 12);
}

function restLines({ sources, different }: StateDiff, { style, line }: Page): readonly string[] {
  const same = sources.filter(({ state }) => state === 'same').map(({ name }) => name);
  const problems = sources.flatMap(({ name, problem }) =>
    // Whole, however long: it says what to see to.
    problem === null ? [] : [`  ${style.yellow(plainText(`${name}: ${problem}`))}`],
  );
  const lines: string[] = [];
  if (!different && same.length > 0) lines.push('', 'Nothing that was compared differs.');
  else if (same.length > 0) lines.push('', line(0, `same: ${same.join(', ')}`, style.dim));
  if (problems.length > 0) lines.push('', style.yellow('not compared'), ...problems);
  return lines;
}
