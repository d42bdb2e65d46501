// The two voices of the command. stdout is data: the table, the address, the one JSON document. stderr is talk: progress,
// notes, what to do next. With --json nothing is said but warnings and an error, each one line of JSON; with --quiet only
// warnings and errors.
import type { ProgressListener } from '@stillpoint/core';
import { errorJson, errorText } from './error-text.ts';
import { createProgress } from './progress.ts';
import { createStyle, type Style } from './style.ts';

export interface Channel {
  write(text: string): void;
  /** When what was written is taken, for who writes more than memory holds. False: nobody listens any more. */
  drained?(): Promise<boolean>;
  readonly terminal: boolean;
  columns(): number;
}

export interface OutputOptions {
  readonly stdout: Channel;
  readonly stderr: Channel;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly debug: boolean;
}

export interface Output {
  readonly json: boolean;
  /** For what is written with data(). */
  readonly style: Style;
  /** For what is written with say() and warn(). */
  readonly talkStyle: Style;
  readonly width: number;
  /** A person watches what is said. */
  readonly watched: boolean;
  /** A line of data on stdout; nothing with --json. */
  data(line: string): void;
  /** The one JSON document of --json; nothing without. */
  result(value: unknown): void;
  say(line: string): void;
  /** Nothing with --json: what it tells is in the document. */
  warn(line: string): void;
  /** Suggests the next command, to a person at a terminal. */
  next(command: string, what: string): void;
  error(error: unknown): void;
  readonly progress: ProgressListener;
}

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, json, quiet } = options;
  const style = createStyle(options.color && stdout.terminal);
  const talkStyle = createStyle(options.color && stderr.terminal);
  const progress = createProgress({
    write: (text) => stderr.write(text),
    terminal: stderr.terminal,
    columns: () => stderr.columns(),
    style: talkStyle,
    quiet,
  });
  const talk = (line: string): void => {
    progress.clear();
    stderr.write(`${line}\n`);
  };
  return {
    json,
    style,
    talkStyle,
    watched: stderr.terminal,
    get width() {
      return stdout.columns();
    },
    data(line) {
      progress.clear();
      if (!json) stdout.write(`${line}\n`);
    },
    result(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    say(line) {
      if (!json && !quiet) talk(line);
    },
    warn(line) {
      if (!json) talk(`${talkStyle.yellow('warning:')} ${line}`);
    },
    next(command, what) {
      if (json || quiet || !stderr.terminal) return;
      talk(`${talkStyle.dim(`${what}:`)} ${talkStyle.cyan(command)}`);
    },
    error(error) {
      progress.clear();
      if (json) stderr.write(`${JSON.stringify(errorJson(error))}\n`);
      else stderr.write(`${errorText(error, { style: talkStyle, debug: options.debug })}\n`);
    },
    progress: json
      ? (event) => {
          if (event.type !== 'note:said' || event.level !== 'warn') return;
          stderr.write(`${JSON.stringify({ warning: event.text })}\n`);
        }
      : progress.listener,
  };
}
