// Positions in the write-ahead log. Postgres writes them as two hexadecimal halves, 'X/Y'; here they are bigints, so
// that they compare and subtract, and text in everything that is stored.

declare const brand: unique symbol;
export type Lsn = bigint & { readonly [brand]: 'Lsn' };

const pattern = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i;

export function isLsnText(text: string): boolean {
  return pattern.test(text);
}

/** TypeError for what is not an LSN: the text comes from the server or was checked before. */
export function parseLsn(text: string): Lsn {
  if (!pattern.test(text)) throw new TypeError(`not an LSN: ${text}`);
  const [high = '', low = ''] = text.split('/');
  return ((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)) as Lsn;
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

export function lsnAfter(lsn: Lsn, bytes: number): Lsn {
  return (lsn + BigInt(bytes)) as Lsn;
}

/** Bytes from `from` to `to`; negative if `to` lies before it. */
export function bytesBetween(from: Lsn, to: Lsn): number {
  return Number(to - from);
}

export function segmentNumber(lsn: Lsn, segmentBytes: number): bigint {
  return lsn / BigInt(segmentBytes);
}

export function segmentStart(lsn: Lsn, segmentBytes: number): Lsn {
  return (lsn - (lsn % BigInt(segmentBytes))) as Lsn;
}

/** '00000001000000000000002A': timeline and number of a segment, as Postgres names its file. */
export function segmentFileName(timeline: number, segment: bigint, segmentBytes: number): string {
  const perId = 0x100000000n / BigInt(segmentBytes);
  return [BigInt(timeline), segment / perId, segment % perId]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
}

export function historyFileName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}
