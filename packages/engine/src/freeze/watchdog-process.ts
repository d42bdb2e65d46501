// The watchdog: a process of its own that runs the due resumes when the freezer cannot. It fires when its standard input
// closes (the freezer died) or when the deadline passes (it was stopped, or hangs). It holds nothing of the freezer's but
// the two ends of its pipes, leads its own session, and ends by itself.
//
// In, a line each: the setup as JSON; `arm <ms>`; `status`; `disarm`. Out: `ready`, then for each status or disarm one
// line, `armed` or `fired`. Not armed and the pipe closes: nobody was suspended, nothing is run.
import { createInterface } from 'node:readline';
import { carryOut, type DueResume } from './due-resume.ts';
import { settleDueResumes, type DueResumes } from './resumes-journal.ts';
import { withRetries } from './retry.ts';

export interface WatchdogSetup {
  readonly journalFile: string;
  readonly resumes: DueResumes;
}

/** About half a minute; afterwards the journal keeps what is left for the next command. */
const pausesMs = [100, 200, 400, 800, 1500, 3000, 6000, 9000, 9000];

let setup: WatchdogSetup | undefined;
let armed = false;
let deadline: NodeJS.Timeout | undefined;
let fired: Promise<void> | undefined;
const stop = new AbortController();

// Who ends a whole group or unit asks us too: that is when we are needed, and we end by ourselves.
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => {});
process.stdout.on('error', () => {});
process.stdin.on('error', () => {});
const lines = createInterface({ input: process.stdin });
lines.on('line', obey);
lines.on('close', () => {
  if (stop.signal.aborted) return;
  clearTimeout(deadline);
  if (armed) fire();
});

function obey(line: string): void {
  if (setup === undefined) {
    setup = JSON.parse(line) as WatchdogSetup;
    process.stdout.write('ready\n');
  } else if (line.startsWith('arm ')) {
    armed = true;
    deadline = setTimeout(fire, Number(line.slice(4)));
  } else if (line === 'status') {
    answer();
  } else if (line === 'disarm') {
    clearTimeout(deadline);
    stop.abort();
    answer();
    lines.close();
    process.stdin.destroy();
  }
}

function answer(): void {
  process.stdout.write(fired === undefined ? 'armed\n' : 'fired\n');
}

function fire(): void {
  fired ??= resumeAll(setup as WatchdogSetup);
}

async function resumeAll({ journalFile, resumes }: WatchdogSetup): Promise<void> {
  const outcomes = await Promise.allSettled(
    resumes.due.map((due) =>
      withRetries(() => carryOut(due, stop.signal), { pausesMs, signal: stop.signal }),
    ),
  );
  // Disarmed: the freezer lives, resumes by itself and has the journal's last word.
  if (stop.signal.aborted) return;
  const stillDue: DueResume[] = resumes.due.filter(
    (_, index) => outcomes[index]?.status === 'rejected',
  );
  // Nobody listens: what cannot be written stays as it is in the journal, and that is only more than is due.
  await settleDueResumes(journalFile, resumes, stillDue).catch(() => {});
}
