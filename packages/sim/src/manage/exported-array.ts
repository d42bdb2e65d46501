// One array on its way out of a checkpoint. Its bytes are read, and verified, only when their turn comes.
import type { DType } from '../state/contract.ts';

export interface ExportedArray {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly lengthBytes: number;
  read(): Promise<Uint8Array>;
}
