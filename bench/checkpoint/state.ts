// The state that is checkpointed: sixteen arrays, half of them doubles, half floats; a field with noise, which compresses a little.
export type Arrays = Readonly<Record<string, Float64Array | Float32Array>>;

const COUNT = 16;

export function arraysOf(bytes: number): Arrays {
  const each = Math.floor(bytes / COUNT / 8) * 8;
  return Object.fromEntries(
    Array.from({ length: COUNT }, (_, number) => {
      const array = number % 2 === 0 ? new Float64Array(each / 8) : new Float32Array(each / 4);
      fill(array, number);
      return [`field${String(number).padStart(2, '0')}`, array];
    }),
  );
}

export function bytesOf(arrays: Arrays): number {
  return Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** 8 bytes of another value in each of so many pages of 64 KiB, spread over all arrays. */
export function changePages(arrays: Arrays, share: number): void {
  for (const array of Object.values(arrays)) {
    const perPage = 65_536 / array.BYTES_PER_ELEMENT;
    const pages = Math.ceil(array.length / perPage);
    const step = 1 / share;
    for (let page = 0; page < pages; page += step)
      for (let at = 0; at < perPage; at += 1) {
        const index = Math.floor(page) * perPage + at;
        if (index < array.length) array[index]! += 1.5;
      }
  }
}

function fill(array: Float64Array | Float32Array, seed: number): void {
  let random = seed * 2_654_435_761 + 1;
  for (let at = 0; at < array.length; at += 1) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    array[at] = Math.sin(at * 1e-3 + seed) * 20 + 280 + random / 2 ** 32;
  }
}
