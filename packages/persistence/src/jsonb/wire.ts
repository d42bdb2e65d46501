// A buffer that grows, written in network order: what both the binary form of jsonb and COPY BINARY are put together in.

export class Wire {
  #bytes: Buffer;
  #length = 0;

  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
  }

  get length(): number {
    return this.#length;
  }

  int8(value: number): void {
    this.#grow(1);
    this.#length = this.#bytes.writeUInt8(value & 0xff, this.#length);
  }

  int16(value: number): void {
    this.#grow(2);
    this.#length = this.#bytes.writeInt16BE(value, this.#length);
  }

  uint16(value: number): void {
    this.#grow(2);
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#grow(4);
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }

  int64(value: bigint): void {
    this.#grow(8);
    this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
  }

  float32(value: number): void {
    this.#grow(4);
    this.#length = this.#bytes.writeFloatBE(value, this.#length);
  }

  float64(value: number): void {
    this.#grow(8);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.#grow(value.byteLength);
    this.#bytes.set(value, this.#length);
    this.#length += value.byteLength;
  }

  /** UTF-8. A lone surrogate has none; whoever takes text from outside looks for it before. */
  text(value: string): void {
    // No character of UTF-16 takes more than three bytes; the exact length is asked only where that is much.
    const most = value.length * 3;
    this.#grow(most <= 4096 ? most : Buffer.byteLength(value));
    this.#length += this.#bytes.write(value, this.#length);
  }

  /** A length in four bytes, and then what `write` writes: the length is known only afterwards. */
  sized(write: () => void): void {
    const at = this.#length;
    this.int32(0);
    write();
    this.#bytes.writeInt32BE(this.#length - at - 4, at);
  }

  /** What was written, and an empty buffer to go on with. */
  take(sizeBytes: number): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
    this.#length = 0;
    return taken;
  }

  #grow(byBytes: number): void {
    const needed = this.#length + byBytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
