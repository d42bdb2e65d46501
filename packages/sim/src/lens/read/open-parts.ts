// The parts of a lens that are open: each opened once, however many ask for it, and closed only while nobody uses it.
import { createBlocks } from '../chunk/index.ts';
import type { LensPlace, ReadOptions } from './contract.ts';
import { damageIn, openPart, type Part, type PartFile } from './parts.ts';

/** That stay open: the descriptors and indexes of so many chunks. */
const OPEN_PARTS = 16;

/** Those who are used stay open; of the others the latest. */
export class OpenParts implements AsyncDisposable {
  readonly #place: LensPlace;
  readonly #blocks = createBlocks();
  readonly #open = new Map<string, { readonly part: Part; users: number }>();

  constructor(place: LensPlace) {
    this.#place = place;
  }

  /** Undefined: it is gone, or damaged where somebody wants to hear of it. */
  async use<T>(
    file: PartFile,
    options: ReadOptions,
    work: (part: Part) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      const open = await this.#opened(file, options.signal);
      if (open === undefined) return undefined;
      try {
        return await work(open.part);
      } finally {
        open.users -= 1;
        await this.#trim(OPEN_PARTS);
      }
    } catch (error) {
      if (options.damaged === undefined) throw error;
      options.damaged(damageIn(error));
      return undefined;
    }
  }

  /** With one user more. */
  async #opened(
    file: PartFile,
    signal?: AbortSignal,
  ): Promise<{ readonly part: Part; users: number } | undefined> {
    const known = this.#open.get(file.name);
    const part = known?.part ?? (await openPart(this.#place, file, this.#blocks, signal));
    if (part === undefined) return undefined;
    // Two may have opened it at a time.
    const other = known ?? this.#open.get(file.name);
    const open = other ?? { part, users: 0 };
    // Before anything is waited for: it is closed only while nobody uses it.
    open.users += 1;
    this.#open.delete(file.name);
    this.#open.set(file.name, open);
    if (open.part !== part) await part[Symbol.asyncDispose]();
    return open;
  }

  async #trim(most: number): Promise<void> {
    for (const [name, { part, users }] of this.#open) {
      if (this.#open.size <= most) break;
      if (users > 0) continue;
      this.#open.delete(name);
      await part[Symbol.asyncDispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#trim(0);
  }
}
