// A forced resume: the state of one world taken over into another by the names of things. What has no counterpart is told, never lost
// silently.
import type { OpenCheckpoint, SectionEntry } from '../checkpoint/contract.ts';
import { arrayOf, bytesPerElement, clockOf, createSet, WORDS_PER_STREAM } from '../state/index.ts';
import type { SectionLayout, StateSet } from '../state/contract.ts';
import type { ForcedMapping } from './contract.ts';
import { isAs, readElements } from './read-section.ts';
import { copyBytes, type Prepared } from './run.ts';

/** The newest set of `prepared` is that of a fresh run; it gets what the checkpoint has. */
export async function adoptByName(
  prepared: Prepared,
  checkpoint: OpenCheckpoint,
): Promise<ForcedMapping> {
  const { layout, rotation } = prepared;
  const fresh = createSet(layout);
  copyBytes(rotation.newest.buffer, fresh.buffer);
  const adopted = { dropped: new Set<string>(), defaulted: new Set<string>() };
  for (const which of ['previous', 'current'] as const) {
    copyBytes(fresh.buffer, rotation.target.buffer);
    await adoptSet(prepared, rotation.target, which, { checkpoint, ...adopted });
    rotation.turn();
  }
  return { dropped: [...adopted.dropped], defaulted: [...adopted.defaulted] };
}

interface Adoption {
  readonly checkpoint: OpenCheckpoint;
  readonly dropped: Set<string>;
  readonly defaulted: Set<string>;
}

async function adoptSet(
  prepared: Prepared,
  set: StateSet,
  which: 'current' | 'previous',
  adoption: Adoption,
): Promise<void> {
  const { checkpoint, dropped, defaulted } = adoption;
  const left = new Map(
    checkpoint.sections
      .filter(({ name }) => name.startsWith(`${which}/`))
      .map((entry) => [entry.name.slice(which.length + 1), entry]),
  );
  const take = (name: string): SectionEntry | undefined => {
    const entry = left.get(name);
    left.delete(name);
    return entry;
  };
  for (const section of prepared.layout.sections) {
    const entry = take(section.name);
    if (section.kind === 'clock') await adoptClock(prepared, set, entry, adoption);
    else if (section.kind === 'random') await adoptStreams(prepared, set, entry, adoption);
    else if (entry !== undefined && isAs(entry, section))
      await adoptElements(set, section, entry, checkpoint);
    else {
      defaulted.add(wordsOf(section));
      const entity = checkpoint.sections.some(
        ({ name }) => name === `${which}/${section.entity}@instances`,
      );
      // The instances are those of the checkpoint: what `init` gave to others is nothing to them.
      if (section.kind === 'member' && entity) set.arrays.get(section.name)!.fill(0);
    }
  }
  for (const [name, { kind }] of left) dropped.add(wordsOf({ name, kind }));
}

async function adoptElements(
  set: StateSet,
  section: SectionLayout,
  entry: SectionEntry,
  checkpoint: OpenCheckpoint,
): Promise<void> {
  // Behind the living there are zeros.
  if (section.entity !== undefined) set.arrays.get(section.name)!.fill(0);
  await readElements(set, section, entry, checkpoint);
}

async function adoptClock(
  { plan }: Prepared,
  set: StateSet,
  entry: SectionEntry | undefined,
  { checkpoint, defaulted }: Adoption,
): Promise<void> {
  if (entry === undefined) return;
  const [tick = 0, simTimeSeconds = 0, era = 0, eraStartedTick = 0] = new Float64Array(
    await aligned(checkpoint, entry),
  );
  const name = checkpoint.facts.eras[era];
  const index = plan.eras.findIndex((one) => one.name === name);
  if (index === -1) defaulted.add(`era (it was in ${name ?? 'none'})`);
  Object.assign(clockOf(set), { tick, simTimeSeconds, eraStartedTick, era: Math.max(0, index) });
}

async function adoptStreams(
  { plan }: Prepared,
  set: StateSet,
  entry: SectionEntry | undefined,
  { checkpoint, dropped, defaulted }: Adoption,
): Promise<void> {
  if (entry === undefined) return;
  const words = new Uint32Array(await aligned(checkpoint, entry));
  const own = arrayOf(set, '@random', 'u32');
  // One a stratum, last that of `init`.
  const was = [...checkpoint.facts.strata, undefined];
  const is = [...plan.strata.map(({ name }) => name), undefined];
  for (const [index, name] of is.entries()) {
    const from = was.indexOf(name);
    if (from === -1) defaulted.add(`stratum ${name} (its random numbers begin anew)`);
    else
      own.set(
        words.subarray(from * WORDS_PER_STREAM, (from + 1) * WORDS_PER_STREAM),
        index * WORDS_PER_STREAM,
      );
  }
  for (const name of was) if (!is.includes(name)) dropped.add(`stratum ${name}`);
}

/** In a buffer of its own: what is read may begin anywhere in a larger one. */
async function aligned(checkpoint: OpenCheckpoint, entry: SectionEntry): Promise<ArrayBuffer> {
  const bytes = await checkpoint.read(entry.name);
  const copy = new ArrayBuffer(Math.ceil(bytes.length / bytesPerElement.f64) * bytesPerElement.f64);
  new Uint8Array(copy).set(bytes);
  return copy;
}

function wordsOf({ name, kind }: Pick<SectionLayout, 'name' | 'kind'>): string {
  if (kind === 'instances') return `entity ${name.replace(/@instances$/, '')}`;
  return `${kind} ${name}`;
}
