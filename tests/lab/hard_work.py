# SPDX-License-Identifier: ISC
"""Archives that take a scanner long, within all bounds."""
import bz2
import functools
import random
import struct
import zipfile
import zlib

MIB = 1 << 20


@functools.lru_cache(maxsize=None)
def slow(octets, period=7000, unit=900000):
    """Octets that bzip2 packs a hundredfold, and unpacks slowly."""
    source, out = random.Random(octets), bytearray()
    while len(out) < octets:
        out += (source.randbytes(period) * (unit // period + 1))[:unit]
    return bytes(out[:octets])


PACKED = {
    zipfile.ZIP_STORED: bytes,
    zipfile.ZIP_DEFLATED: lambda content: zlib.compress(content, wbits=-15),
    zipfile.ZIP_BZIP2: bz2.compress,
}


def zipped(method, members):
    """As zipfile makes it, but members of the same content are packed once: it would take longer than to unpack them."""
    pack = functools.lru_cache(maxsize=None)(lambda content: (zlib.crc32(content), PACKED[method](content)))
    files, directory = bytearray(), bytearray()
    for name, content in members:
        crc, packed = pack(content)
        about = struct.pack("<HHHHHIIIHH", 46, 0, method, 0, 0x21, crc, len(packed), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 46) + about + struct.pack("<HHHII", 0, 0, 0, 0, len(files)) + name.encode()
        files += b"PK\3\4" + about + name.encode() + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(files), 0)
    return bytes(files + directory + b"PK\5\6" + end)


@functools.lru_cache(maxsize=None)
def large(members=6, octets=4 * MIB):
    return zipped(zipfile.ZIP_BZIP2, [("m%d" % n, slow(octets)) for n in range(members)])
