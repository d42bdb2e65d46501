// How long each phase of a restore took, by its progress events. A phase ends where the next begins.
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

export interface Phases {
  readonly progress: ProgressListener;
  /** `prepare db` and the like, in seconds, in the order in which they came. */
  end(): ReadonlyMap<string, number>;
}

export function watchPhases(say: (text: string) => void): Phases {
  const seconds = new Map<string, number>();
  let current: { readonly name: string; readonly startedMs: number } | undefined;
  const close = (): void => {
    if (current === undefined) return;
    const spent = (performance.now() - current.startedMs) / 1000;
    seconds.set(current.name, (seconds.get(current.name) ?? 0) + spent);
    current = undefined;
  };
  return {
    progress(event) {
      if (event.type !== 'phase:started' || !mainPhases.has(event.phase)) return;
      // What follows a colon is a part of it: "core: history".
      const detail = event.detail?.split(':')[0];
      const name = detail === undefined ? event.phase : `${event.phase} ${detail}`;
      if (name === current?.name) return;
      close();
      current = { name, startedMs: performance.now() };
      say(`  ${name}`);
    },
    end() {
      close();
      return seconds;
    },
  };
}
