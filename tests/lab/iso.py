# SPDX-License-Identifier: ISC
"""Images of CDs (ECMA-119) with a primary tree and Joliet's, which need not agree."""
import struct

SECTOR = 2048


def both(value, size):
    """A number as images have it: in both orders of octets."""
    return value.to_bytes(size, "little") + value.to_bytes(size, "big")


def record(name, sector, size, folder=False):
    pad = b"" if len(name) % 2 else b"\0"
    body = struct.pack("<B", 0) + both(sector, 4) + both(size, 4) + bytes(7) + bytes([2 if folder else 0, 0, 0]) + both(1, 2) \
        + bytes([len(name)]) + name + pad
    return bytes([len(body) + 1]) + body


def descriptor(kind, escapes, root, sectors):
    text = (lambda s, n: s.encode("utf-16-be").ljust(n, b"\0")) if escapes else (lambda s, n: s.encode().ljust(n))
    head = bytes([kind]) + b"CD001\1\0" + text("", 32) + text("CD", 32) + bytes(8) + both(sectors, 4) + escapes.ljust(32, b"\0") \
        + both(1, 2) + both(1, 2) + both(SECTOR, 2) + both(0, 4) + bytes(16) + record(b"\0", root, SECTOR, True)
    return (head + text("", 623) + bytes(68) + b"\1").ljust(SECTOR, b"\0")


def image(primary, joliet=None):
    """Files {name: content} of the primary tree and, unless there is none, of Joliet's."""
    trees = [(1, b"", {name.upper().encode() + b";1": c for name, c in primary.items()})]
    if joliet is not None:
        trees.append((2, b"%/E", {name.encode("utf-16-be"): c for name, c in joliet.items()}))
    contents = list(dict.fromkeys(c for *_, files in trees for c in files.values()))
    places, at = {}, 17 + 2 * len(trees)
    for content in contents:
        places[content] = at
        at += -(-len(content) // SECTOR)
    out = bytearray(16 * SECTOR)
    for number, (kind, escapes, _) in enumerate(trees):
        out += descriptor(kind, escapes, 17 + len(trees) + number, at)
    out += b"\xffCD001\1".ljust(SECTOR, b"\0")
    for number, (*_, files) in enumerate(trees):
        root = 17 + len(trees) + number
        records = [record(b"\0", root, SECTOR, True), record(b"\1", root, SECTOR, True)]
        out += b"".join(records + [record(n, places[c], len(c)) for n, c in sorted(files.items())]).ljust(SECTOR, b"\0")
    for content in contents:
        out += content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0")
    return bytes(out)


def raw(content):
    """The same as it is on the disc, in sectors of 2352 octets (mode 1)."""
    out = bytearray()
    for number in range(len(content) // SECTOR):
        out += b"\0" + b"\xff" * 10 + b"\0" + bytes([0, 2, number % 75, 1]) + content[number * SECTOR:][:SECTOR] + bytes(288)
    return bytes(out)
