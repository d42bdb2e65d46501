// Where there is land: drawn by hand in relief.txt, one letter a cell of a coarse map, north up.
import { COLUMNS, ROWS } from './size.ts';

/** 1 for land, into `land`, which has one element for each cell. */
export function readRelief(land: Uint8Array, bytes: Uint8Array): void {
  const lines = new TextDecoder().decode(bytes).trimEnd().split('\n').toReversed();
  const width = lines[0]?.length ?? 0;
  for (let row = 0; row < ROWS; row += 1) {
    const line = lines[Math.floor((row * lines.length) / ROWS)] ?? '';
    for (let column = 0; column < COLUMNS; column += 1)
      land[row * COLUMNS + column] = line[Math.floor((column * width) / COLUMNS)] === '#' ? 1 : 0;
  }
}
