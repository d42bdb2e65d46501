// vault.json, what makes a store a vault: canonical JSON in clear. Its checksum covers everything else in it, for from a flipped bit
// in the id of a vault that is not encrypted would follow that no chunk is found any more.
import { canonicalBytes, digestOf } from '@stillpoint/core';
import { ciphers, type Encryption } from '../crypto/keys.ts';
import { FORMAT } from './layout.ts';

export interface VaultDescription {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly encryption: Encryption;
}

/** Nobody reads more of it. */
export const DESCRIPTION_BYTES_MAX = 4096;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function writeDescription(description: VaultDescription): Uint8Array {
  const { id, createdAt, encryption } = description;
  const rest = { createdAt, encryption, format: FORMAT, id };
  return canonicalBytes({ ...rest, checksum: digestOf(canonicalBytes(rest)) });
}

/** undefined: it is damaged, or nothing that Stillpoint wrote. */
export function readDescription(
  content: Uint8Array,
): VaultDescription | { readonly tooNew: number } | undefined {
  const value = parse(content);
  if (value === undefined) return undefined;
  const { format, id, createdAt, encryption } = value;
  if (typeof format === 'number' && format > FORMAT) return { tooNew: format };
  if (typeof id !== 'string' || !uuid.test(id) || typeof createdAt !== 'string') return undefined;
  if (typeof encryption !== 'string' || !Object.hasOwn(ciphers, encryption)) return undefined;
  const description = { id, createdAt, encryption: encryption as Encryption };
  // Byte for byte what would be written: another order, a space or a key that is not known is a change by somebody else.
  return Buffer.from(writeDescription(description)).equals(content) ? description : undefined;
}

function parse(content: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (content.length > DESCRIPTION_BYTES_MAX) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
