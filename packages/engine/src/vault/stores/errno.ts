// What an error of the file system means for whoever uses the vault.
import { failure, isFailure, type StillpointError } from '@stillpoint/core';

export interface FileOperation {
  readonly vault: string;
  readonly operation: 'read' | 'list' | 'write' | 'delete' | 'prepare';
  readonly key: string;
}

const words: Readonly<Record<string, string>> = {
  EROFS: 'its file system is mounted read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
};

/** Errors of the catalogue and aborts pass unchanged. */
export function storeError(error: unknown, doing: FileOperation): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  return named(error, code, doing);
}

function named(error: Error, code: string, doing: FileOperation): StillpointError {
  const { vault, operation, key } = doing;
  const reason = `${words[code] ?? code}, ${key}`;
  const reads = operation === 'read' || operation === 'list';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failure('VAULT_NO_SPACE', { vault }, error);
    case 'EROFS':
      return failure('VAULT_READ_ONLY', { vault, reason }, error);
    case 'EACCES':
    case 'EPERM':
      return reads
        ? failure('VAULT_NO_ACCESS', { vault, reason }, error)
        : failure('VAULT_READ_ONLY', { vault, reason }, error);
    case 'ENOENT':
      if (reads) return failure('OBJECT_MISSING', { vault, key }, error);
      break;
    default:
  }
  return failure('VAULT_IO_FAILED', { vault, operation, key, reason: error.message }, error);
}
