// Cuts content into spans: whole pages that one worker thread looks at. Of a file only the places are told, and the thread reads it
// there; of a stream the bytes are copied, for its producer uses its buffers again.
import type { FileContent } from '../../sources/contract.ts';
import type { Slots } from '../flow.ts';
import type { SpanTask } from '../write/jobs.ts';

export interface CutSpan {
  readonly content: SpanTask['content'];
  readonly bytes: number;
}

export type ImageContent = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | FileContent;

/** Each span that is yielded holds a slot, which the consumer releases. All but the last have `spanBytes`. */
export async function* cutSpans(
  content: ImageContent,
  spanBytes: number,
  slots: Slots,
): AsyncGenerator<CutSpan> {
  if (!isFile(content)) {
    yield* cutStream(content, spanBytes, slots);
    return;
  }
  const { descriptor } = content;
  for (let position = 0; position < content.bytes; position += spanBytes) {
    await slots.acquire();
    const length = Math.min(spanBytes, content.bytes - position);
    yield { content: { descriptor, position, length }, bytes: length };
  }
}

export function isFile(content: ImageContent): content is FileContent {
  return 'descriptor' in content;
}

async function* cutStream(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  spanBytes: number,
  slots: Slots,
): AsyncGenerator<CutSpan> {
  let span: Buffer | undefined;
  let filled = 0;
  const take = (): CutSpan => {
    const bytes = span?.subarray(0, filled) ?? new Uint8Array(0);
    span = undefined;
    filled = 0;
    return { content: { bytes }, bytes: bytes.length };
  };
  try {
    for await (const piece of content) {
      for (let taken = 0; taken < piece.length;) {
        if (span === undefined) await slots.acquire();
        const length = Math.min(piece.length - taken, spanBytes - filled);
        span = withRoom(span, filled, filled + length, spanBytes);
        span.set(piece.subarray(taken, taken + length), filled);
        filled += length;
        taken += length;
        if (filled === spanBytes) yield take();
      }
    }
    if (filled > 0) yield take();
  } finally {
    if (span !== undefined) slots.release();
  }
}

const FIRST_BYTES = 256 * 1024;

/** Doubles, so that a small image costs a small buffer. */
function withRoom(span: Buffer | undefined, filled: number, needed: number, limit: number): Buffer {
  if (span !== undefined && needed <= span.length) return span;
  const room = Math.max(needed, FIRST_BYTES, 2 * (span?.length ?? 0));
  const larger = Buffer.allocUnsafeSlow(Math.min(limit, room));
  span?.copy(larger, 0, 0, filled);
  return larger;
}
