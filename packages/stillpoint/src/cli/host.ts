// What a command gets from the outside world, so that nothing below start.ts touches the process.
import type { Channel } from '../output/output.ts';

export interface Host {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Channel;
  readonly stderr: Channel;
  /** Somebody can answer a question. */
  readonly interactive: boolean;
  /** Asks on stderr; resolves to the answered line. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /** Aborts with INTERRUPTED when the person or the system wants us to end. */
  readonly signal: AbortSignal;
  /** From now on the signals of the terminal are another program's, which shares it with us. */
  handSignalsTo(receiver: (signal: NodeJS.Signals) => void): void;
  /** Ends this process the way another one ended: by the same signal. Never returns. */
  dieBy(signal: NodeJS.Signals): never;
  now(): Date;
}
