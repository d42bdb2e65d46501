// Spans of one trace as a tree, whatever they say of each other: a parent that is not there makes an orphan, and spans that are
// each other's ancestors are cut where the first of them began. Without recursion: a trace may be as deep as it has spans.
import type { DetailedSpan, NodePlace, Trace, TraceNode } from './contract.ts';

/** At least one. */
export function traceOf(traceId: string, unsorted: readonly DetailedSpan[]): Trace {
  const spans = unsorted.toSorted(byStart);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, DetailedSpan[]>();
  const tops: { readonly span: DetailedSpan; readonly place: NodePlace }[] = [];
  for (const span of spans) {
    const { parentId } = span;
    if (parentId === null) tops.push({ span, place: 'root' });
    else if (!ids.has(parentId)) tops.push({ span, place: 'orphan' });
    else {
      const siblings = children.get(parentId);
      if (siblings === undefined) children.set(parentId, [span]);
      else siblings.push(span);
    }
  }
  const nodes: TraceNode[] = [];
  const seen = new Set<DetailedSpan>();
  for (const { span, place } of tops) walk(span, place, { children, seen, nodes });
  // What nothing led to is in a cycle, or below one: from the first one on, all of it is reached.
  for (const span of spans)
    if (!seen.has(span)) walk(cycleAbove(span, spans), 'cycle', { children, seen, nodes });
  const startNs = spans.reduce(
    (least, one) => (one.startNs < least ? one.startNs : least),
    spans[0]!.startNs,
  );
  const endNs = spans.reduce(
    (most, one) => (endOf(one) > most ? endOf(one) : most),
    endOf(spans[0]!),
  );
  return {
    traceId,
    startNs,
    durationNs: endNs - startNs,
    errors: spans.filter(({ status }) => status === 'error').length,
    nodes,
  };
}

interface Walk {
  readonly children: ReadonlyMap<string, readonly DetailedSpan[]>;
  readonly seen: Set<DetailedSpan>;
  readonly nodes: TraceNode[];
}

function walk(top: DetailedSpan, place: NodePlace, { children, seen, nodes }: Walk): void {
  seen.add(top);
  const stack: TraceNode[] = [{ span: top, depth: 0, place, last: true }];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    // The same id twice, in different days: its children are shown once.
    const below = (children.get(node.span.spanId) ?? []).filter((one) => !seen.has(one));
    for (const [at, span] of below.toReversed().entries()) {
      seen.add(span);
      stack.push({ span, depth: node.depth + 1, place: 'child', last: at === 0 });
    }
  }
}

/** Up from a span below a cycle until one comes again; then the earliest of the cycle. */
function cycleAbove(span: DetailedSpan, spans: readonly DetailedSpan[]): DetailedSpan {
  const byId = new Map(spans.map((one) => [one.spanId, one]));
  const parentOf = (one: DetailedSpan): DetailedSpan => byId.get(one.parentId ?? '') ?? one;
  const met = new Set<DetailedSpan>();
  let at = span;
  while (!met.has(at)) {
    met.add(at);
    at = parentOf(at);
  }
  let earliest = at;
  for (let one = parentOf(at); one !== at; one = parentOf(one))
    if (byStart(one, earliest) < 0) earliest = one;
  return earliest;
}

function endOf({ startNs, durationNs }: DetailedSpan): bigint {
  return startNs + durationNs;
}

function byStart(one: DetailedSpan, other: DetailedSpan): number {
  if (one.startNs !== other.startNs) return one.startNs < other.startNs ? -1 : 1;
  return one.spanId < other.spanId ? -1 : 1;
}
