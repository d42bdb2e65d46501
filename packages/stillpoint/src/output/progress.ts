// How long work shows itself on stderr. On a terminal one line is drawn over and over; elsewhere each phase is one
// plain line, so that a log stays readable. Notes are lines of their own in both.
import type { ProgressEvent, ProgressListener } from '@stillpoint/core';
import { shorten, type Style } from './style.ts';
import { bytesText } from './units.ts';

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly terminal: boolean;
  readonly columns: () => number;
  readonly style: Style;
  /** Only warnings. */
  readonly quiet: boolean;
}

export interface Progress {
  readonly listener: ProgressListener;
  /** Takes the drawn line away, before something else is written. */
  clear(): void;
}

/** More often than this the eye sees nothing new. */
const DRAW_EVERY_MS = 80;

export function createProgress(options: ProgressOptions): Progress {
  const { style } = options;
  let drawn = false;
  let lastDrawMs = -Infinity;

  const clear = (): void => {
    if (drawn) options.write('\r\u001b[K');
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    options.write(`${text}\n`);
  };
  const draw = (text: string): void => {
    options.write(`\r\u001b[K${style.dim(shorten(text, Math.max(10, options.columns() - 1)))}`);
    drawn = true;
    lastDrawMs = performance.now();
  };

  const listener = (event: ProgressEvent): void => {
    if (event.type === 'note:said') {
      if (event.level === 'warn') line(`${style.yellow('warning:')} ${event.text}`);
      else if (!options.quiet) line(event.text);
    } else if (!options.quiet) {
      const now = event.type === 'phase:started';
      if (options.terminal && (now || performance.now() - lastDrawMs > DRAW_EVERY_MS))
        draw(phaseText(event));
      else if (!options.terminal && now) line(phaseText(event));
    }
  };
  return { listener, clear };
}

type PhaseEvent = Exclude<ProgressEvent, { type: 'note:said' }>;

function phaseText(event: PhaseEvent): string {
  if (event.type === 'phase:started') {
    return event.detail === undefined ? `${event.phase} …` : `${event.phase}: ${event.detail}`;
  }
  const done = bytesText(event.doneBytes);
  if (event.totalBytes === undefined || event.totalBytes <= 0) return `${event.phase}: ${done}`;
  const percent = Math.min(100, Math.floor((100 * event.doneBytes) / event.totalBytes));
  return `${event.phase}: ${percent} % of ${bytesText(event.totalBytes)}`;
}
