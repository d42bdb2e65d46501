// A Zarr 3 store as a directory: the arrays of a `.lens` file, each over all frames, in files of their own.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { groupJson, writeArray } from '../../zarr/index.ts';
import type { EntryWriter, ZipEntry, ZipWriter } from '../../zip/index.ts';
import type { ExportProgress, LensExportOptions } from './contract.ts';
import { exportArrays } from './export-arrays.ts';
import type { Source } from './export-tables.ts';
import { OutputFile } from './output-file.ts';

/** Into a directory that is there, and empty. Resolves to how many frames there are. */
export async function exportZarr(
  directory: string,
  sources: readonly Source[],
  options: LensExportOptions,
  manyRuns: boolean,
  progress: ExportProgress,
): Promise<number> {
  await using files = new Files(directory);
  const describe = async (group: string, attributes: object | undefined): Promise<void> => {
    const at = path.join(directory, group);
    await mkdir(at, { recursive: true });
    const isField = group.includes('fields/');
    const json =
      attributes === undefined || isField ? { ...attributes } : { stillpoint: attributes };
    await writeFile(path.join(at, 'zarr.json'), groupJson(json));
  };
  return await exportArrays(
    {
      group: (group) => describe(group, undefined),
      describe,
      array: (name, array, block) => writeArray(files, name, array, block),
    },
    sources,
    options,
    manyRuns,
    progress,
  );
}

/** What a zip is to a `.lens` file: entries are files. */
class Files implements ZipWriter, AsyncDisposable {
  readonly #directory: string;
  #open: OutputFile | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  begin(name: string): EntryWriter {
    let sum = 0;
    return {
      write: async (bytes) => {
        await (await this.#opened(name)).write(bytes);
        sum = crc32(bytes, sum);
      },
      end: async (): Promise<ZipEntry> => {
        const file = await this.#opened(name);
        this.#open = undefined;
        await file[Symbol.asyncDispose]();
        return { name, offsetBytes: 0, sizeBytes: file.sizeBytes, crc32: sum };
      },
    };
  }

  async #opened(name: string): Promise<OutputFile> {
    if (this.#open !== undefined) return this.#open;
    const file = path.join(this.#directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    this.#open = await OutputFile.create(file);
    return this.#open;
  }

  async add(name: string, bytes: Uint8Array): Promise<ZipEntry> {
    const entry = this.begin(name);
    await entry.write(bytes);
    return await entry.end();
  }

  async finish(): Promise<{ readonly sizeBytes: number }> {
    return { sizeBytes: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]();
  }
}
