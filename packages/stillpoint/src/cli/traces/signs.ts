// The characters that traces are drawn with: those of Unicode, or what every terminal has.
import { millisecondsText } from '../../output/units.ts';

export interface Signs {
  readonly error: string;
  readonly bar: string;
  /** Shorter than a column. */
  readonly moment: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly cut: string;
  duration(ns: bigint): string;
}

const unicode: Signs = {
  error: '✗',
  bar: '█',
  moment: '▏',
  branch: '├ ',
  lastBranch: '└ ',
  trunk: '│ ',
  cut: '…',
  duration: (ns) => durationText(ns, 'µs'),
};

const ascii: Signs = {
  error: 'x',
  bar: '=',
  moment: '|',
  branch: '+ ',
  lastBranch: '+ ',
  trunk: '| ',
  cut: '~',
  duration: (ns) => durationText(ns, 'us'),
};

/** What the terminal says of itself; where it says nothing, it is as most are. */
export function signsOf(environment: Readonly<Record<string, string | undefined>>): Signs {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'];
  return locale === undefined || locale === '' || /utf-?8/i.test(locale) ? unicode : ascii;
}

function durationText(ns: bigint, micro: string): string {
  if (ns < 1000n) return `${ns} ns`;
  const microseconds = Number(ns) / 1000;
  return microseconds < 999.5
    ? `${microseconds.toFixed(0)} ${micro}`
    : millisecondsText(microseconds / 1000);
}
