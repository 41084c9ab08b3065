# SPDX-License-Identifier: ISC
"""No input takes more time or memory than a message has, or is put off for ever: all odd files of the corpora, and what is repeated very often."""
import json
import os
import struct

import pytest

from lab import good_mail, measured, needs, pdf, samples
from lab.check import configuration

FOLDERS = [needs.CORPORA / "archives", needs.CASES]
GROUPS = 8
MIB = 1 << 20
MARGIN, MEMORY = 1.5, 300 * MIB

pytestmark = [
    pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
    pytest.mark.skipif(needs.SANITIZED, reason="a sanitizer's time and memory say nothing"),
]


def files():
    found = [path for folder in FOLDERS if folder.exists() for path in folder.rglob("*") if path.is_file() and path.suffix != ".json"]
    return sorted(path for path in found if path.stat().st_size < 8 * MIB)


@pytest.fixture
def check(own_dir):
    """check(message): the result, once it is known that neither time nor memory was too much."""
    config = configuration(own_dir)

    def run(message, what):
        path = own_dir / "message.eml"
        path.write_bytes(message)
        used = measured.run([needs.BUILD / "gatepostctl", "check", "--json", "--config", config, "--from", "a@client.example", "--rcpt", "user@example.com",
                             path], own_dir / "answer")
        told = (own_dir / "answer").read_bytes()
        assert told, what
        assert used.seconds <= (2 + 0.2 * len(message) / MIB) * MARGIN + 0.5, "%s: %.1f s" % (what, used.seconds)
        assert used.octets < MEMORY, "%s: %d MiB" % (what, used.octets // MIB)
        result = json.loads(told)
        assert result["verdict"] in ("accept", "reject"), (what, result)
        return result
    return run


@pytest.mark.parametrize("group", range(GROUPS))
def test_each_file_of_the_corpora_has_a_final_answer_in_time(group, check):
    mine = files()[group::GROUPS]
    if not mine:
        pytest.skip("the corpora are not here")
    for path in mine:
        content = path.read_bytes()
        check(content if path.suffix == ".eml" else samples.with_attachment(os.path.basename(path), content), str(path))


def nested_zips(depth):
    content = b"words"
    for n in range(depth):
        content = good_mail.zipped({"%d.zip" % n: content})
    return content


def nested_parts(depth):
    return b"MIME-Version: 1.0\r\n" + b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))


def many_members(count):
    return good_mail.zipped({"%d.txt" % n: b"" for n in range(count)})


FILES = {
    "open groups of RTF": ("a.rtf", lambda n: b"{\\rtf1" + b"{" * n),
    "objects of RTF": ("a.rtf", lambda n: b"{\\rtf1" + b"{\\object\\objdata 0105" * (n // 20)),
    "raw octets of RTF": ("a.rtf", lambda n: b"{\\rtf1" + b"\\bin1 x" * (n // 8)),
    "arrays of PDF": ("a.pdf", lambda n: b"%PDF-1.7\n1 0 obj" + b"[" * n),
    "dictionaries of PDF": ("a.pdf", lambda n: b"%PDF-1.7\n1 0 obj" + b"<<" * (n // 2)),
    "objects of PDF": ("a.pdf", lambda n: b"%PDF-1.7\n" + b"1 0 obj<</Type/ObjStm>>stream\n" * (n // 30)),
    "streams of zeros in PDF": ("a.pdf", lambda n: pdf.file({**pdf.page(), **{k: pdf.flate(bytes(MIB), b"/Type/EmbeddedFile") for k in range(4, 60)}})),
    "tags": ("a.html", lambda n: b"<html>" + b"<a href='x" * (n // 10)),
    "elements": ("a.svg", lambda n: b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * (n // 3)),
    "character references": ("a.html", lambda n: b"<html><p title='" + b"&#x73;" * (n // 6)),
    "data: URIs": ("a.html", lambda n: b"<html>" + b'<img src="data:image/png;base64,iVBORw0KGgo=">' * (n // 48)),
    "properties of a calendar": ("a.ics", lambda n: b"BEGIN:VCALENDAR\r\n" + b"ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJD\r\n" * (n // 40)),
    "folded lines of a calendar": ("a.ics", lambda n: b"BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64:" + b"A\r\n " * (n // 4)),
    "beginnings of uuencode": ("a.txt", lambda n: b"begin 644 a.exe\r\n" * (n // 18)),
    "lines of base64": ("a.b64", lambda n: b"TVqQAAMAAAAEAAAA\r\n" * (n // 18)),
    "sequences of CMS": ("a.p7m", lambda n: b"\x30\x80" * (n // 2)),
    "attributes of TNEF": ("winmail.dat", lambda n: struct.pack("<IH", 0x223e9f78, 1) + struct.pack("<BIIH", 2, 0x00069002, 0, 0) * (n // 11)),
    "storages": ("a.doc", lambda n: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x03\x00\x3e\x00\xff\xfe\x09\x00".ljust(504, b"\0") + b"\xfe\xff\xff\xff" * (n // 4)),
    "file data of OneNote": ("a.one", lambda n: bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") * (n // 16)),
    "ends of zip": ("a.zip", lambda n: b"PK\x05\x06" + b"PK\x05\x06\0\0\0\0" * (n // 8)),
    "local headers": ("a.zip", lambda n: b"PK\x03\x04\x14\0\0\0\0\0".ljust(30, b"\0") * (n // 30)),
    "signatures of 7z": ("a.jpg", lambda n: good_mail.JPEG + b"7z\xbc\xaf\x27\x1c\0\4" * (n // 8)),
    "signatures of RAR": ("a.jpg", lambda n: good_mail.JPEG + b"Rar!\x1a\x07\x01\0" * (n // 8)),
    "members of a zip": ("a.zip", lambda n: many_members(min(n // 100, 20000))),
    "zips in zips": ("a.zip", lambda n: nested_zips(60)),
    "messages of a mailbox": ("a.mbox", lambda n: b"From a@b Thu Jan  1 00:00:00 2026\nSubject: x\n\nwords\n\n" * (n // 52)),
    "relations of a document": ("a.docx", lambda n: good_mail.office("docx", b"".join(good_mail.relation(k, "hyperlink", "https://h%d.example/" % k, True) for k in range(n // 200)))),
}
WHOLE = {
    "parts": lambda n: nested_parts(n // 60),
    "fields": lambda n: b"X: y\r\n" * (n // 6) + b"\r\nwords\r\n",
    "encoded words": lambda n: b"Subject: " + b"=?utf-8?B?YQ==?=\r\n " * (n // 20) + b"\r\n\r\nwords\r\n",
    "parameters": lambda n: b"MIME-Version: 1.0\r\nContent-Type: application/x" + b'; name*0*="a"' * (n // 13) + b"\r\n\r\nwords\r\n",
    "links": lambda n: b"From: a@b.example\r\n\r\n" + b"http://a.example/ " * (n // 18),
    "results": lambda n: b"Authentication-Results: a.example; spf=pass\r\n" * (n // 46) + b"\r\nwords\r\n",
    "signatures": lambda n: b"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=; b=\r\n" * (n // 72) + b"\r\nwords\r\n",
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_repeated_very_often_in_a_file_has_a_final_answer_in_time(what, check):
    name, make = FILES[what]
    check(samples.with_attachment(name, make(4 * MIB)), what)


@pytest.mark.parametrize("what", WHOLE)
def test_what_is_repeated_very_often_in_a_message_has_a_final_answer_in_time(what, check):
    check(WHOLE[what](4 * MIB), what)
