# SPDX-License-Identifier: ISC
"""Looking into one message has an end: 2 s of CPU and 0.2 s more for each MiB, and then the answer is final, never 451 for ever."""
import base64
import bz2
import io
import random
import resource
import struct
import zipfile
import zlib

import pytest

from lab import check, needs

SLACK = 5 if needs.SANITIZED else 1.5
MEMBERS, MEMBER = 12, 16 << 20


def mail(name, content, kind="application/octet-stream"):
    return (b"From: a@client.example\r\nTo: b@example.com\r\nSubject: file\r\nMessage-ID: <1@client.example>\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: %s; name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" % (kind.encode(), name.encode(), name.encode())
            + base64.encodebytes(content).replace(b"\n", b"\r\n"))


def bzip2_members():
    """A zip of members that bzip2 takes its longest for, within every cap of size, number and ratio."""
    source = random.Random(7)
    block = bytes(source.choice(b"ab") for _ in range(1 << 16))
    plain = (block * (MEMBER >> 16))[:MEMBER]
    packed = bz2.compress(plain)
    out, central, crc = io.BytesIO(), b"", zlib.crc32(plain)
    for n in range(MEMBERS):
        name = b"member%d.txt" % n
        fields = struct.pack("<HHHHHIIIHH", 46, 0, 12, 0, 0x5a21, crc, len(packed), len(plain), len(name), 0)
        central += b"PK\x01\x02" + struct.pack("<H", 46) + fields + struct.pack("<HHHII", 0, 0, 0, 0, out.tell()) + name
        out.write(b"PK\x03\x04" + fields + name + packed)
    start = out.tell()
    out.write(central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, MEMBERS, MEMBERS, len(central), start, 0))
    return out.getvalue()


def tnef(attributes):
    """A winmail.dat with so many attachments of an octet each."""
    def attribute(level, kind, data):
        return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xffff)
    one = attribute(2, 0x00069002, b"\1\0" + b"\0" * 12) + attribute(2, 0x00018010, b"a.txt\0") + attribute(2, 0x0006800f, b"x")
    return struct.pack("<IH", 0x223e9f78, 1) + one * attributes


def many_files(count):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(count):
            archive.writestr("%d.txt" % n, b"")
    return out.getvalue()


def judged(folder, message):
    """The verdict, and the CPU seconds that all processes of the check took."""
    path = folder / "message.eml"
    path.write_bytes(message)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = check.batch(folder, {"it": path}, check.configuration(folder))["it"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


@pytest.mark.parametrize("name, make", [
    ("members.zip", bzip2_members),
    ("winmail.dat", lambda: tnef(20000)),
    ("many.zip", lambda: many_files(20000)),
])
def test_the_worst_ends_in_time_and_for_good(tmp_path, name, make):
    message = mail(name, make())
    _, idle = judged(tmp_path, mail("a.txt", b"hello"))
    result, took = judged(tmp_path, message)
    budget = 2 + 0.2 * len(message) / (1 << 20)
    print("%s: %.2f s of %.2f, %d octets" % (name, took - idle, budget, len(message)))
    assert (took - idle) < budget * SLACK
    assert result["verdict"] == "reject", result["reply"]
    assert any(a["unscannable"] for a in result["facts"]["attachments"])


def test_many_attachments_are_refused_and_not_deferred_for_ever(tmp_path):
    part = b"--x\r\nContent-Type: text/plain; name=\"%d.txt\"\r\n\r\nhello\r\n"
    message = (b"From: a@client.example\r\nSubject: many\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
               + b"".join(part % n for n in range(3000)) + b"--x--\r\n")
    result, _ = judged(tmp_path, message)
    assert result["verdict"] == "reject", result
