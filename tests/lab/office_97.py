# SPDX-License-Identifier: ISC
"""Documents of Word and Excel 97 with a password (MS-OFFCRYPTO 2.3.5 and 2.3.6), as these write them."""
import hashlib
import os
import struct

from lab import msg
from lab.pdf import rc4

PLAIN_RECORDS = (0x809, 0x2f)
MACRO_SHEET, WORKSHEET = 1, 0


class Standard:
    """MD5, 40 bits."""

    def __init__(self, password):
        self.salt = os.urandom(16)
        first = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
        self.base = hashlib.md5((first + self.salt) * 16).digest()[:5]
        self.header = self._header()

    def key(self, block):
        return hashlib.md5(self.base + struct.pack("<I", block)).digest()

    def _header(self):
        verifier = os.urandom(16)
        return struct.pack("<HH", 1, 1) + self.salt + rc4(self.key(0), verifier + hashlib.md5(verifier).digest())


class CryptoApi:
    """SHA-1, as many bits as one likes."""

    def __init__(self, password, bits=128):
        self.salt, self.bits = os.urandom(16), bits
        self.base = hashlib.sha1(self.salt + password.encode("utf-16-le")).digest()
        self.header = self._header()

    def key(self, block):
        made = hashlib.sha1(self.base + struct.pack("<I", block)).digest()[:self.bits // 8]
        return made.ljust(16, b"\0") if self.bits == 40 else made

    def _header(self):
        provider = "Microsoft Enhanced Cryptographic Provider v1.0\0".encode("utf-16-le")
        what = struct.pack("<IIIIIIII", 4, 0, 0x6801, 0x8004, self.bits, 1, 0, 0) + provider
        verifier = os.urandom(16)
        proof = rc4(self.key(0), verifier + hashlib.sha1(verifier).digest())
        return struct.pack("<HHII", 2, 2, 4, len(what)) + what + struct.pack("<I", 16) + self.salt + proof[:16] + struct.pack("<I", 20) + proof[16:]


def in_blocks(lock, octets, size):
    return b"".join(rc4(lock.key(at // size), octets[at:at + size]) for at in range(0, len(octets), size))


def records(*more, sheet=WORKSHEET):
    """Of a workbook: (type, content). Padded, for a small stream lies among others."""
    return [(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)), (0x85, struct.pack("<IBBBB", 4000, 0, sheet, 1, 0) + b"A"), *more,
            (0x5c, b" " * 5000), (0x0a, b"")]


def dde(program, topic):
    """The records of a link to another program."""
    path = (program + "\3" + topic).encode()
    return [(0x1ae, struct.pack("<HHB", 0, len(path), 0) + path), (0x23, struct.pack("<HI", 0x7fe2, 0) + b"\2\0A1")]


def _joined(items):
    return b"".join(struct.pack("<HH", kind, len(content)) + content for kind, content in items)


def workbook(items, lock=None, opened=False):
    """`opened`: as it is once that is undone, with a record that says nothing in place of the lock."""
    if lock:
        items = items[:1] + [(0x2f, struct.pack("<H", 1) + lock.header)] + items[1:]
    plain = _joined(items)
    if lock and opened:
        return msg.octets({"Workbook": _joined(items).replace(struct.pack("<H", 0x2f), bytes(2), 1)})
    if lock:
        hidden, at, out = in_blocks(lock, plain, 1024), 0, bytearray(plain)
        for kind, content in items:
            kept = len(content) if kind in PLAIN_RECORDS else 4 if kind == 0x85 else 0
            out[at + 4 + kept:at + 4 + len(content)] = hidden[at + 4 + kept:at + 4 + len(content)]
            at += 4 + len(content)
        plain = bytes(out)
    return msg.octets({"Workbook": plain})


def word(text, lock=None):
    header = lock.header if lock else b""
    fib = struct.pack("<HHHHHHI", 0xa5ec, 0xc1, 0, 0, 0, 0x1200 | (0x100 if lock else 0), len(header)).ljust(68, b"\0")
    body, table = fib + text.ljust(6000, b" "), bytes(5000)
    if lock:
        body = fib + in_blocks(lock, body, 512)[68:]
        table = header + in_blocks(lock, table, 512)[len(header):]
    return msg.octets({"WordDocument": body, "1Table": table})
