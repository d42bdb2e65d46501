// An open checkpoint: each section is read and proved by itself, whole ones and those of which the base has a part.
import path from 'node:path';
import { createHasher, failure, isFailure } from '@stillpoint/core';
import type { OpenCheckpoint } from './contract.ts';
import { aligned } from './layout.ts';
import { asUnreadable, openOutline, type Outline } from './outline.ts';
import { readAt } from './read-at.ts';
import {
  digestOfBlocks,
  digestOfStored,
  overlaidFiller,
  packedFiller,
  plainLengthOf,
  type BlockFiller,
} from './section-reader.ts';
import { blocksOf, type StoredSection } from './table.ts';

/** Throws CKPT_MISSING, CKPT_UNREADABLE, CKPT_FOREIGN, CKPT_VERSION, CKPT_DAMAGED. Of the base it looks at nothing yet. */
export async function openCheckpoint(file: string): Promise<OpenCheckpoint> {
  return new Reader(await openOutline(file));
}

/** That the bytes of the file are those that it has the digests of; the content is not looked at, nor the base. */
export async function verifyStored(file: string): Promise<void> {
  const outline = await openOutline(file);
  try {
    for (const section of outline.table.sections) await checkStored(outline, section);
    await checkPadding(outline);
  } finally {
    await outline.handle.close();
  }
}

class Reader implements OpenCheckpoint {
  readonly path: string;
  readonly facts;
  readonly sections;
  readonly digest;
  readonly base;
  readonly #outline: Outline;
  #baseReader: Promise<Reader> | undefined;

  constructor(outline: Outline) {
    this.#outline = outline;
    this.path = outline.file;
    this.facts = outline.table.facts;
    this.sections = outline.table.sections;
    this.base = outline.table.base;
    this.digest = outline.trailer.digest;
  }

  async read(name: string): Promise<Uint8Array> {
    const section = this.#sectionOf(name);
    // By what the file and its base can hold, and not before that was checked: the filler does.
    const fill = await this.#within(section, () => this.#fillerOf(section));
    const target = new Uint8Array(section.plainBytes);
    await this.#fillAll(section, fill, target);
    return target;
  }

  async readInto(name: string, target: Uint8Array): Promise<void> {
    const section = this.#sectionOf(name);
    if (target.length !== section.plainBytes)
      throw new RangeError(`${name} has ${section.plainBytes} bytes, the target ${target.length}`);
    const fill = await this.#within(section, () => this.#fillerOf(section));
    await this.#fillAll(section, fill, target);
  }

  async verify(signal?: AbortSignal): Promise<void> {
    for (const section of this.#outline.table.sections) {
      await checkStored(this.#outline, section, signal);
      // Of a raw whole section that was the content.
      if (section.codec === 'raw' && section.pages === null) {
        if (section.digest !== section.storedDigest) throw this.#damaged(section, otherDigest);
        continue;
      }
      await this.#within(section, async () => {
        const fill = await this.#fillerOf(section);
        if ((await digestOfBlocks(fill, section.plainBytes, signal)) !== section.digest)
          throw new Error(otherDigest);
      });
    }
    await checkPadding(this.#outline);
    if (this.base !== null) await (await this.#openBase()).verify(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const base = await this.#baseReader?.catch(() => undefined);
    await base?.[Symbol.asyncDispose]();
    await this.#outline.handle.close();
  }

  #sectionOf(name: string): StoredSection {
    const found = this.#outline.table.sections.find((one) => one.name === name);
    if (found === undefined)
      throw failure('CKPT_SECTION_UNKNOWN', { file: this.path, section: name });
    return found;
  }

  async #fillerOf(section: StoredSection): Promise<BlockFiller> {
    const packed = packedFiller(this.#outline.handle, section);
    if (section.pages === null) return packed;
    const base = await this.#openBase();
    const under = base.#outline.table.sections.find(
      ({ name, pages }) => name === section.name && pages === null,
    );
    return overlaidFiller(packed, section, {
      fill: under === undefined ? noBlock : packedFiller(base.#outline.handle, under),
      plainBytes: under?.plainBytes ?? 0,
    });
  }

  async #fillAll(section: StoredSection, fill: BlockFiller, target: Uint8Array): Promise<void> {
    await this.#within(section, async () => {
      const hasher = createHasher();
      for (let number = 0, at = 0; number < blocksOf(target.length); number += 1) {
        const into = target.subarray(at, at + plainLengthOf(target.length, number));
        await fill(number, into);
        hasher.update(into);
        at += into.length;
      }
      if (hasher.digest() !== section.digest) throw new Error(otherDigest);
    });
  }

  /** Beside it under the name that it had, and still the same. */
  async #openBase(): Promise<Reader> {
    this.#baseReader ??= openBase(this.#outline).then((outline) => new Reader(outline));
    return await this.#baseReader;
  }

  async #within<T>(section: StoredSection, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asDamage(this.path, section, error);
    }
  }

  #damaged(section: StoredSection, why: string): Error {
    return failure('CKPT_DAMAGED', { file: this.path, part: `section ${section.name}`, why });
  }
}

const otherDigest = 'its digest is another';

async function openBase({ file, table: { base } }: Outline): Promise<Outline> {
  if (base === null) throw new Error('it has pages without a base');
  const missing = (why: string, cause?: unknown): Error =>
    failure('CKPT_BASE_MISSING', { file, base: base.file, why }, cause);
  const outline = await openOutline(path.join(path.dirname(file), base.file)).catch(
    (error: unknown) => {
      throw missing(error instanceof Error ? error.message : String(error), error);
    },
  );
  if (outline.trailer.digest === base.digest && outline.table.base === null) return outline;
  await outline.handle.close();
  throw missing('another one has its name now');
}

async function checkStored(
  { file, handle }: Outline,
  section: StoredSection,
  signal?: AbortSignal,
): Promise<void> {
  try {
    if ((await digestOfStored(handle, section, signal)) !== section.storedDigest)
      throw new Error(otherDigest);
  } catch (error) {
    throw asDamage(file, section, error);
  }
}

/** What lies between sections is in no digest, and is zero. */
async function checkPadding({ file, handle, table, trailer }: Outline): Promise<void> {
  for (const { offset, storedBytes } of table.sections) {
    const at = offset + storedBytes;
    // The table was refused if the next thing were anywhere else.
    const gap = Math.min(aligned(at), trailer.tableOffset) - at;
    if ((await readAt(handle, at, gap)).every((byte) => byte === 0)) continue;
    throw failure('CKPT_DAMAGED', { file, part: 'padding', why: 'it is not zero' });
  }
}

async function noBlock(): Promise<void> {
  throw new Error('its base has no such section');
}

/** Errors of the catalogue and of the system, and an abort, are told as they are; all else is damage. */
function asDamage(file: string, section: StoredSection, error: unknown): unknown {
  const told = asUnreadable(file, error);
  if (isFailure(told) || (error as Error).name === 'AbortError') return told;
  const why = error instanceof Error ? error.message : String(error);
  return failure('CKPT_DAMAGED', { file, part: `section ${section.name}`, why }, error);
}
