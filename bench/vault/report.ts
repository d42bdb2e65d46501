// What the samples say: ours over restic's as medians, which are judged; and the same in seconds and megabytes, to be read.
import { atMost, metricOf, type Metric, type NamedValue, type Peer } from '../metric.ts';
import { largest, median } from '../statistics.ts';
import type { Sample, Step } from './rounds.ts';
import type { ToolName } from './tools.ts';

export type Subjects = Readonly<Record<'db' | 'tree', readonly Sample[]>>;

interface Line {
  readonly subject: keyof Subjects;
  readonly step: Step;
  /** As the metric is called. */
  readonly name: string;
  readonly what: 'time' | 'bytes';
  readonly limit: number;
}

const lines: readonly Line[] = [
  { subject: 'db', step: 'full', name: 'full', what: 'time', limit: 0.8 },
  { subject: 'db', step: 'full', name: 'full', what: 'bytes', limit: 1.05 },
  { subject: 'db', step: 'next', name: 'next', what: 'time', limit: 0.6 },
  { subject: 'db', step: 'next', name: 'next', what: 'bytes', limit: 0.12 },
  { subject: 'db', step: 'restore', name: 'restore', what: 'time', limit: 0.9 },
  { subject: 'tree', step: 'full', name: 'full', what: 'time', limit: 1 },
  { subject: 'tree', step: 'full', name: 'full', what: 'bytes', limit: 1.05 },
  { subject: 'tree', step: 'next', name: 'unchanged', what: 'time', limit: 0.7 },
];
const peakLimitMb = 500;

export function reportOf(subjects: Subjects): Metric[] {
  const judged = lines.map((line) => {
    const [ours, restic] = [
      valueOf(subjects, line, 'stillpoint'),
      valueOf(subjects, line, 'restic'),
    ];
    const ratio = ours / restic;
    const name = `vault.${line.subject}.${line.name}.${line.what}`;
    return metricOf([name, ratio, 'ratio'], { judged: atMost(line.limit, ratio) });
  });
  const peaks = (tool: ToolName): number =>
    largest(
      Object.values(subjects)
        .flat()
        .filter((sample) => sample.tool === tool)
        .map(({ peakMb }) => peakMb),
    );
  const peak = peaks('stillpoint');
  return [
    ...judged,
    metricOf(['vault.peak', peak, 'MB'], {
      peer: { name: 'restic', value: peaks('restic') },
      judged: atMost(peakLimitMb, peak),
    }),
    ...lines.flatMap((line) => readings(subjects, line)),
  ];
}

function readings(subjects: Subjects, line: Line): Metric[] {
  const unit = line.what === 'time' ? 's' : 'MB';
  const ours = valueOf(subjects, line, 'stillpoint');
  return (['restic', 'borg'] as const).map((tool) => {
    const name = `vault.${line.subject}.${line.name}.${line.what} beside ${tool}`;
    const value: NamedValue = [name, ours, unit];
    const peer: Peer = { name: tool, value: valueOf(subjects, line, tool) };
    return metricOf(value, { peer });
  });
}

/** Seconds, or megabytes. */
function valueOf(subjects: Subjects, { subject, step, what }: Line, tool: ToolName): number {
  const values = subjects[subject]
    .filter((sample) => sample.tool === tool && sample.step === step)
    .map(({ seconds, addedBytes }) => (what === 'time' ? seconds : addedBytes / 1e6));
  return median(values);
}
