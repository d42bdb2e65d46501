// One file of rows, whatever its format.
import type { TableFrame } from './tables.ts';

export interface TableWriter extends AsyncDisposable {
  /** The frame's numbers are used before it resolves. */
  add(frame: TableFrame): Promise<void>;
  /** `facts`: what goes along with the rows, where the format has room for it. Resolves to the file's size. */
  end(facts: string): Promise<number>;
}
