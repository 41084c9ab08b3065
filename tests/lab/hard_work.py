# SPDX-License-Identifier: ISC
"""Archives that take a scanner long, within all bounds."""
import functools
import io
import random
import zipfile

MIB = 1 << 20


@functools.lru_cache(maxsize=None)
def slow(octets, period=7000, unit=900000):
    """Octets that bzip2 packs a hundredfold, and unpacks slowly."""
    source, out = random.Random(octets), bytearray()
    while len(out) < octets:
        out += (source.randbytes(period) * (unit // period + 1))[:unit]
    return bytes(out[:octets])


def zipped(method, members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


@functools.lru_cache(maxsize=None)
def large(members=6, octets=4 * MIB):
    return zipped(zipfile.ZIP_BZIP2, [("m%d" % n, slow(octets)) for n in range(members)])
