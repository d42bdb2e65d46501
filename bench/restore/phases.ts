// How long each phase of a restore took, by its progress events. A phase ends where the next begins, of the same source where several
// are worked on at once.
import type { ProgressListener } from '@stillpoint/core';

/** Others are parts of these, told by one source. */
const mainPhases = new Set([
  'prepare',
  'prove',
  'warm up',
  'freeze',
  'capture',
  'seal',
  'close',
  'switch',
  'open',
]);

/** Of several sources at the same time. */
const atOnce = new Set(['prepare', 'prove']);

export interface Phases {
  readonly progress: ProgressListener;
  /** `prepare db` and the like, in seconds, in the order in which they came. */
  end(): ReadonlyMap<string, number>;
}

export function watchPhases(say: (text: string) => void): Phases {
  const seconds = new Map<string, number>();
  const running = new Map<string, { readonly name: string; readonly startedMs: number }>();
  const close = (subject: string): void => {
    const one = running.get(subject);
    if (one === undefined) return;
    const spent = (performance.now() - one.startedMs) / 1000;
    seconds.set(one.name, (seconds.get(one.name) ?? 0) + spent);
    running.delete(subject);
  };
  const closeAll = (): void => {
    for (const subject of running.keys()) close(subject);
  };
  return {
    progress(event) {
      if (event.type === 'note:said') say(`  ${event.text}`);
      if (event.type !== 'phase:started' || !mainPhases.has(event.phase)) return;
      // What follows a colon is a part of it: "core: history".
      const [subject = ''] = event.detail?.split(':') ?? [];
      const name = subject === '' ? event.phase : `${event.phase} ${subject}`;
      if (name === running.get(subject)?.name) return;
      if (atOnce.has(event.phase)) close(subject);
      else closeAll();
      running.set(subject, { name, startedMs: performance.now() });
      say(`  ${name}`);
    },
    end() {
      closeAll();
      return seconds;
    },
  };
}
