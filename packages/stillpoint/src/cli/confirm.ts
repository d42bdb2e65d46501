// The question before something is replaced. A program cannot answer it, so a program must have said --yes.
import { failure } from '@stillpoint/core';
import type { CommandContext } from './context.ts';

/** Rejects with CONFIRMATION_NEEDED where nobody can answer, and with NOT_CONFIRMED. */
export async function confirm(
  context: CommandContext,
  operation:
    | 'restore'
    | 'undo'
    | 'acceptance'
    | 'forgetting'
    | 'repair'
    | 'pruning'
    | 'migration'
    | 'rollback'
    | 'ending of a session',
  yes: boolean,
): Promise<void> {
  if (yes) return;
  const { host, output } = context;
  if (!host.interactive || output.json) throw failure('CONFIRMATION_NEEDED', { operation });
  const answer = await host.ask(`Go on with the ${operation}? [y/N] `, host.signal);
  if (!/^y(es)?$/i.test(answer.trim())) throw failure('NOT_CONFIRMED', { operation });
}
