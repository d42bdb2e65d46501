// One capture of a member: warm-up, mark, capture, in this order.
import type { BeginOptions, CaptureSession } from '../sources/contract.ts';
import { captureMoment } from './capture.ts';
import { takeMark, type Moment } from './mark.ts';
import type { MemberContext } from './member.ts';
import { refuseWhatCannotBeCaptured } from './probe.ts';
import { openRepository } from './repository.ts';
import { warmUp } from './warm-up.ts';
import type { Held } from './held-content.ts';
import type { ByteName } from '../file-tree/index.ts';

export async function beginSession(
  context: MemberContext,
  options: BeginOptions,
): Promise<CaptureSession> {
  const { signal, sink } = options;
  const repository = await openRepository(context);
  await refuseWhatCannotBeCaptured(context, repository, signal);
  const warm = await warmUp(context, repository, options);
  let moment: Moment | undefined;
  return {
    async mark(signal) {
      moment = await takeMark(context, warm, signal);
    },
    async capture() {
      if (moment === undefined) throw new TypeError('capture() before mark()');
      const captured = await captureMoment({ context, warm, moment, sink, signal });
      // Only saves the next capture some reading: whatever keeps it from being written does not matter.
      await warm.cache.save(cacheable(moment.held)).catch(() => {});
      return captured;
    },
    async [Symbol.asyncDispose]() {
      await warm[Symbol.asyncDispose]();
    },
  };
}

function* cacheable(held: ReadonlyMap<ByteName, Held>) {
  for (const [name, entry] of held) {
    if (entry.kind !== 'file') continue;
    const { stat, id, readAtMs, digest } = entry;
    yield [
      name,
      digest === undefined ? { stat, id, readAtMs } : { stat, id, readAtMs, digest },
    ] as const;
  }
}
