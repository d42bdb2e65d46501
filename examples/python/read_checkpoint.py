#!/usr/bin/env python3
"""Reads a checkpoint of a simulation by docs/format/checkpoint.md alone: Python's own library, and the zstd command.

usage: read_checkpoint.py FILE    prints a line of JSON for each section: name, dtype, shape, digest, sum
"""
import array
import json
import os
import struct
import subprocess
import sys

BLOCK, PAGE = 1 << 20, 1 << 16
TYPES = {"f64": "d", "f32": "f", "i32": "i", "u32": "I", "i16": "h", "u16": "H", "i8": "b", "u8": "B"}
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MIXES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def compress(chaining, block, counter, length, flags):
    """https://github.com/BLAKE3-team/BLAKE3-specs, section 2.2"""
    m = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = [*chaining, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(MIXES):
            for x, first, second in ((m[2 * i], 16, 12), (m[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + x) & 0xFFFFFFFF
                w = v[d] ^ v[a]
                v[d] = (w >> first | w << (32 - first)) & 0xFFFFFFFF
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                w = v[b] ^ v[c]
                v[b] = (w >> second | w << (32 - second)) & 0xFFFFFFFF
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def blake3(data):
    def node(start, end, root):
        if end - start <= 1024:
            value, at = list(IV), start
            while True:
                block = data[at:min(at + 64, end)]
                last = at + 64 >= end
                flags = (at == start) | last << 1 | (last and root) << 3
                value = compress(value, block, start // 1024, len(block), flags)
                at += 64
                if last:
                    return value
        half = 1024
        while half * 2 < end - start:
            half *= 2
        pair = node(start, start + half, False) + node(start + half, end, False)
        return compress(IV, struct.pack("<16I", *pair), 0, 64, 4 | root << 3)

    return "blake3:" + struct.pack("<8I", *node(0, len(data), True)).hex()


def check(good, what):
    if not good:
        sys.exit(what + " is damaged")


def load(path):
    data = open(path, "rb").read()
    check(data[:8] == b"STPTCKPT" and data[-8:] == b"CKPTEND.", "the file")
    major, _, endian, codecs, hash_id, block, tick = struct.unpack("<HHIHHIQ", data[8:32])
    check((major, endian, codecs, hash_id, block) == (1, 0x01020304, 1, 1, BLOCK), "the version")
    check(bytes.fromhex(blake3(data[:48])[7:])[:16] == data[48:64], "the header")
    offset, length = struct.unpack("<QQ", data[-64:-48])
    text = data[offset:offset + length]
    digest = blake3(data[:64] + text)
    check(bytes.fromhex(digest[7:]) == data[-48:-16], "the table")
    table = json.loads(text)
    check(table["facts"]["tick"] == tick, "the tick")
    return data, table, digest


def unpack(data, section, packed_bytes):
    at, plain = section["offset"], b""
    stored = data[at:at + section["storedBytes"]]
    check(blake3(stored) == section["storedDigest"], section["name"])
    if section["codec"] == "raw":
        return stored
    size = array.array(TYPES[section["dtype"]]).itemsize
    at = 0
    for length in section["blocks"]:
        expected = min(BLOCK, packed_bytes - len(plain))
        block = stored[at:at + length]
        at += length
        if length < expected:
            block = subprocess.run(["zstd", "-dc"], input=block, stdout=subprocess.PIPE, check=True).stdout
            if section["codec"] == "shuffle-zstd":
                count, together = expected // size, block
                block = bytearray(expected)
                for byte in range(size):
                    block[byte::size] = together[byte * count:(byte + 1) * count]
        check(len(block) == expected, section["name"])
        plain += block
    return plain


def read(data, section, base):
    whole = section["plainBytes"]
    if section["pages"] is None:
        return unpack(data, section, whole)
    pages = [first + n for first, count in section["pages"] for n in range(count)]
    packed = unpack(data, section, sum(min(PAGE, whole - page * PAGE) for page in pages))
    under = [one for one in base[1]["sections"] if one["name"] == section["name"]]
    content = bytearray((read(base[0], under[0], None) if under else b"")[:whole].ljust(whole, b"\0"))
    for slot, page in enumerate(pages):
        content[page * PAGE:(page + 1) * PAGE] = packed[slot * PAGE:(slot + 1) * PAGE]
    return bytes(content)


def main(path):
    data, table, _ = load(path)
    base = None
    if table["base"] is not None:
        base = load(os.path.join(os.path.dirname(path), table["base"]["file"]))
        check(base[2] == table["base"]["digest"], "the base")
    for section in table["sections"]:
        content = read(data, section, base)
        digest = blake3(content)
        check(digest == section["digest"], section["name"])
        numbers = array.array(TYPES[section["dtype"]], content)
        print(json.dumps({"name": section["name"], "dtype": section["dtype"], "shape": section["shape"],
                          "digest": digest, "sum": float(sum(numbers))}))


main(sys.argv[1])
