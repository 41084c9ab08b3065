# SPDX-License-Identifier: ISC
"""What an archive says that it needs is not believed: no process takes more than it may have, and the answer is final; what is packed with
large dictionaries, as programs do at their best, is opened."""
import lzma
import os
import shutil
import struct
import subprocess
import zlib

import pytest

from lab import measured, needs, samples
from lab.check import configuration

MIB = 1 << 20
BOUND = 300 * MIB
WORDS = b"words and other words\n" * 5000
POLICY = 'rule "seen" when any a in attachments (a.name == "w.exe") then reject 550 5.7.1 "seen"\n' \
    'rule "unseen" when any a in attachments (a.unscannable) then reject 550 5.7.1 "unseen"\n'

pytestmark = [
    pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
    pytest.mark.skipif(needs.SANITIZED, reason="a sanitizer's memory says nothing"),
]


def crc(octets):
    return struct.pack("<I", zlib.crc32(octets))


def xz(dictionary):
    """A dictionary of 2 MiB << n / 2 and the like (5.3.1): 40 is 4 GiB."""
    content = bytearray(lzma.compress(WORDS, preset=6))
    size = (content[12] + 1) * 4
    at = content.index(b"\x21\x01", 12) + 2
    content[at] = dictionary
    content[12 + size - 4:12 + size] = crc(bytes(content[12:12 + size - 4]))
    return bytes(content)


def alone(dictionary):
    content = lzma.compress(WORDS, format=lzma.FORMAT_ALONE)
    return content[:1] + struct.pack("<I", dictionary) + content[5:]


def zstd(window):
    """One raw block in a frame (RFC 8878, 3.1.1) that wants a window of 1 KiB << window."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([window << 3]) + ((1000 << 3) | 1).to_bytes(3, "little") + WORDS[:1000]


def packed(kind, *options, patch=None):
    """By 7z, its header in the clear; `patch` changes that."""
    if not shutil.which("7z"):
        pytest.skip("no 7z")
    folder = os.path.join(packed.folder, kind + "".join(options).replace("/", ""))
    os.makedirs(folder)
    with open(os.path.join(folder, "w.exe"), "wb") as file:
        file.write(WORDS)
    subprocess.run(["7z", "a", "-t" + kind, *options, "a", "w.exe"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "a." + kind), "rb") as file:
        content = bytearray(file.read())
    return bytes(patch(content) if patch else content)


def in_7z(method, properties):
    """The properties of a coder, in the header at the end; both checksums of it stand at the beginning (7zFormat.txt)."""
    def patch(content):
        at = content.rindex(method) + len(method) + 1
        content[at + 5 - len(properties):at + 5] = properties
        offset, size = struct.unpack_from("<QQ", content, 12)
        content[28:32] = crc(bytes(content[32 + offset:32 + offset + size]))
        content[8:12] = crc(bytes(content[12:32]))
        return content
    return patch


def in_zip(properties):
    """Of LZMA: behind the name, a version and a length (APPNOTE.TXT 5.8.8)."""
    def patch(content):
        name, extra = struct.unpack_from("<HH", content, 26)
        at = 30 + name + extra + 4 + 1
        content[at:at + 4] = properties
        return content
    return patch


HUNGRY = {
    "xz": ("w.exe.xz", lambda: xz(40)),
    "lzma": ("w.exe.lzma", lambda: alone(0xffffffff)),
    "zstd": ("w.exe.zst", lambda: zstd(31)),
    "7z, LZMA": ("a.7z", lambda: packed("7z", "-m0=lzma", "-mhc=off", patch=in_7z(b"\x23\x03\x01\x01", b"\xff\xff\xff\xff"))),
    "7z, PPMd": ("a.7z", lambda: packed("7z", "-m0=ppmd", "-mhc=off", patch=in_7z(b"\x23\x03\x04\x01", b"\xdb\xff\xff\xff"))),
    "zip, LZMA": ("a.zip", lambda: packed("zip", "-mm=lzma", patch=in_zip(b"\xff\xff\xff\xff"))),
}
GOOD = {
    "xz -9": ("w.exe.xz", lambda: xz(28)),
    "lzma, 64 MiB": ("w.exe.lzma", lambda: alone(64 * MIB)),
    "zstd --ultra": ("w.exe.zst", lambda: zstd(17)),
    "7z, LZMA, 64 MiB": ("a.7z", lambda: packed("7z", "-m0=lzma:d=64m")),
    "7z, LZMA2": ("a.7z", lambda: packed("7z", "-mx=9")),
    "7z, PPMd": ("a.7z", lambda: packed("7z", "-m0=ppmd:mem=64m")),
    "zip, LZMA": ("a.zip", lambda: packed("zip", "-mm=lzma")),
    "zip, PPMd": ("a.zip", lambda: packed("zip", "-mm=ppmd", "-mx=9")),
    "7z in xz -9": ("a.7z.xz", lambda: lzma.compress(packed("7z", "-mx=9"), preset=9)),
}


@pytest.fixture
def check(own_dir):
    packed.folder = str(own_dir)
    config = configuration(own_dir, POLICY)

    def run(name, content):
        path, told = own_dir / "message.eml", own_dir / "told"
        path.write_bytes(samples.with_attachment(name, content))
        used = measured.run([needs.BUILD / "gatepostctl", "check", "--config", config, "--json", "--from", "a@client.example", "--rcpt", "user@example.com",
                             path], told)
        assert used.octets < BOUND
        return told.read_text()
    return run


@pytest.mark.parametrize("what", HUNGRY)
def test_whatever_an_archive_asks_for_the_answer_is_final(what, check):
    name, make = HUNGRY[what]
    assert '"reply":"550 5.7.1' in check(name, make())


@pytest.mark.parametrize("what", GOOD)
def test_what_programs_pack_at_their_best_is_opened(what, check):
    name, make = GOOD[what]
    assert '"reply":"550 5.7.1 seen' in check(name, make())
