# SPDX-License-Identifier: ISC
"""What the shipped policy says of archives that stand behind something else, as unpackers open them there, offline."""
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib

import pytest

from lab import check, iso, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(range(1, 200))
# A 7z that holds these eight octets as run.exe.
SEVEN = bytes.fromhex("377abcaf271c000489fc86af0c000000000000005a00000000000000effad66c0100074d5a900003000000000104060001090c00070b0100"
                      "01212101000c0800080a010107cc5f00000501190c000000000000000000000000111100720075006e002e00650078006500000019020000"
                      "140a0100b3d6bc061280dd01150601002080a4810000")


def number(n):
    return bytes([n])


def block5(body):
    """A block of RAR 5: checksum, length, what it is."""
    body = number(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body


def rar5(name, content):
    head = b"\2\2" + number(len(content)) + b"\4" + number(len(content)) + b"\0" + struct.pack("<I", zlib.crc32(content)) + b"\0\1" \
        + number(len(name)) + name
    return b"Rar!\x1a\x07\1\0" + block5(b"\1\0\0") + block5(head) + content + block5(b"\5\0\0")


def block4(body):
    return struct.pack("<H", zlib.crc32(body) & 0xffff) + body


def rar4(name, content):
    head = b"\x74\0\x80" + struct.pack("<HIIBIIBBHI", 32 + len(name), len(content), len(content), 3, zlib.crc32(content), 0, 20, 0x30, len(name), 0)
    return b"Rar!\x1a\x07\0" + block4(b"\x73\0\0\x0d\0" + bytes(6)) + block4(head + name) + content + block4(b"\x7b\0\x40\7\0")


def cab(name, content):
    file = struct.pack("<IIHHHH", len(content), 0, 0, 0, 0, 0x20) + name + b"\0"
    data = struct.pack("<IHH", 0, len(content), len(content)) + content
    files = 36 + 8
    return b"MSCF\0\0\0\0" + struct.pack("<IIIIBBHHHHH", files + len(file) + len(data), 0, files, 0, 3, 1, 1, 1, 0, 1, 0) \
        + struct.pack("<IHH", files + len(file), 1, 0) + file + data


def tar(name, content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def arj(body):
    return b"\x60\xea" + struct.pack("<H", len(body)) + body + struct.pack("<I", zlib.crc32(body)) + b"\0\0"


SIGNATURES = {"7z": b"7z\xbc\xaf\x27\x1c", "RAR 4": b"Rar!\x1a\x07\0", "RAR 5": b"Rar!\x1a\x07\1\0", "cabinet": b"MSCF\0\0\0\0"}
REAL = {"7z": SEVEN, "RAR 4": rar4(b"run.exe", samples.PROGRAM), "RAR 5": rar5(b"run.exe", samples.PROGRAM[:100]), "cabinet": cab(b"run.exe", samples.PROGRAM)}
FOUND = {**REAL, "zip": samples.zipped("run.exe", samples.PROGRAM), "tar": tar("run.exe", samples.PROGRAM), "tar.gz": gzip.compress(tar("run.exe", samples.PROGRAM)),
         "gzip": gzip.compress(samples.PROGRAM), "bzip2": bz2.compress(samples.PROGRAM), "xz": lzma.compress(samples.PROGRAM),
         "CD": iso.image({"run.exe": samples.PROGRAM})}
UNOPENED = {"ARJ": arj(b"\x1e\x0b\1\0\0\0\2" + bytes(40)), "WIM": b"MSWIM\0\0\0\xd0\0\0\0" + bytes(300), "xar": b"xar!\0\x1c\0\1" + bytes(100),
            "a FAT": (b"\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\x66\2\xf8\1\0".ljust(510, b"\0") + b"\x55\xaa").ljust(2048, b"\0")}
GOOD = {"a picture": JPEG + bytes(range(256)) * 100, "words on signatures": JPEG + b"".join(s + b" and so on " for s in SIGNATURES.values()) * 9,
        "a picture and words in a tar": JPEG + tar("a.txt", b"words\n")}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hidden")
    every = {"good " + what: content for what, content in GOOD.items()}
    every.update({"found " + what: JPEG + content for what, content in FOUND.items()})
    every.update({"unopened " + what: JPEG + content for what, content in UNOPENED.items()})
    for what, signature in SIGNATURES.items():
        for count in 5, 100, 100000:
            every["decoys %s %d" % (what, count)] = JPEG + (signature + b"decoy" * 3) * count + REAL[what]
    paths = {}
    for at, (what, content) in enumerate(every.items()):
        paths[what] = folder / ("%d.eml" % at)
        paths[what].write_bytes(samples.with_attachment("photo.jpg", content))
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged["good " + what]["verdict"] == "accept", judged["good " + what]


@pytest.mark.parametrize("what", FOUND)
def test_is_found(what, judged):
    result = judged["found " + what]
    assert result["verdict"] == "reject", result
    assert not result["facts"]["attachments"][0]["unscannable"], "it is found, not feared"


@pytest.mark.parametrize("what", UNOPENED)
def test_is_unscannable(what, judged):
    result = judged["unopened " + what]
    assert result["verdict"] == "reject" and result["facts"]["attachments"][0]["unscannable"], result


@pytest.mark.parametrize("count", [5, 100, 100000])
@pytest.mark.parametrize("what", SIGNATURES)
def test_decoys_do_not_use_up_the_search(what, count, judged):
    result = judged["decoys %s %d" % (what, count)]
    assert result["verdict"] == "reject", result
    assert "photo.jpg/run.exe" in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]
