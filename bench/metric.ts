// What a benchmark reports: one number each, beside what other people's tools do in the same run, and whether it is good
// enough. `--json` prints one object a line; otherwise a table. Lines without a target are there to be read, not to be met.

export interface Metric {
  readonly metric: string;
  readonly value: number;
  /** 'ms', 's', 'MB', 'MB/s', or 'ratio'. */
  readonly unit: string;
  /** What it is compared with, measured in the same run; null: nothing. */
  readonly peer: string | null;
  /** In the same unit. */
  readonly peerValue: number | null;
  /** value / peerValue */
  readonly ratio: number | null;
  /** As a reader says it: '<= 10'. */
  readonly target: string | null;
  /** null where there is no target. */
  readonly ok: boolean | null;
}

export interface Peer {
  readonly name: string;
  readonly value: number;
}

export interface Judged {
  readonly target: string;
  readonly ok: boolean;
}

export type NamedValue = readonly [metric: string, value: number, unit: string];

export function metricOf(
  [metric, value, unit]: NamedValue,
  more: { readonly peer?: Peer | undefined; readonly judged?: Judged } = {},
): Metric {
  const { peer, judged } = more;
  return {
    metric,
    value: rounded(value),
    unit,
    peer: peer?.name ?? null,
    peerValue: peer === undefined ? null : rounded(peer.value),
    ratio: peer === undefined ? null : rounded(value / peer.value),
    target: judged?.target ?? null,
    ok: judged?.ok ?? null,
  };
}

export function atMost(limit: number, value: number): Judged {
  return { target: `<= ${limit}`, ok: value <= limit };
}

export function atLeast(limit: number, value: number): Judged {
  return { target: `>= ${limit}`, ok: value >= limit };
}

/** Four significant digits: more would pretend. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function tableOf(metrics: readonly Metric[]): string {
  const rows = metrics.map((one) => [
    one.metric,
    `${one.value} ${one.unit}`,
    one.target ?? '',
    one.ok === null ? '' : one.ok ? 'ok' : 'MISSED',
    one.peer === null ? '' : `${one.peer}: ${one.peerValue} ${one.unit} (ratio ${one.ratio})`,
  ]);
  const all = [['METRIC', 'VALUE', 'TARGET', '', 'BESIDE'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
