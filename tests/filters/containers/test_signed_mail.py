# SPDX-License-Identifier: ISC
"""What the shipped policy says of signed, compressed and encrypted mail (S/MIME) and files, made by openssl, offline."""
import base64
import zlib

import pytest

from lab import check, needs, samples
from lab.smime import Signer, clear

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

TEXT = b"Content-Type: text/plain\r\n\r\nHello,\r\nas promised.\r\n"
INVOICE = b'<?xml version="1.0"?>\n<FatturaElettronica/>\n'


def entity(name, content):
    """Mail as it is signed: a header with fields of MIME alone."""
    inner = samples.message("inner")
    inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    for field in ("From", "To", "Subject", "Date", "Message-ID"):
        del inner[field]
    return samples.octets(inner)


def element(tag, content):
    length = len(content)
    return bytes([tag]) + (bytes([length]) if length < 128 else b"\x84" + length.to_bytes(4, "big")) + content


def compressed(content):
    """CompressedData (RFC 3274), which Debian's openssl cannot make."""
    def oid(text):
        return element(0x06, bytes.fromhex(text))
    octets = element(0xa0, element(0x04, zlib.compress(content)))
    data = b"\2\1\0" + element(0x30, oid("2a864886f70d0109100308")) + element(0x30, oid("2a864886f70d010701") + octets)
    return element(0x30, oid("2a864886f70d0109100109") + element(0xa0, element(0x30, data)))


def smime(content, kind=None, name="smime.p7m", field="application/pkcs7-mime"):
    """A message that is one S/MIME part."""
    head = b"From: a@client.example\r\nTo: user@example.com\r\nSubject: s\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    kind = "; smime-type=%s" % kind if kind else ""
    head += ('Content-Type: %s%s; name="%s"\r\nContent-Transfer-Encoding: base64\r\n\r\n' % (field, kind, name)).encode()
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n")


def clear_signed(signer):
    return clear(b"From: a@client.example\r\nTo: user@example.com\r\nSubject: s\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n", TEXT, signer.sign(TEXT))


def good(signer):
    return {
        "clear signed": clear_signed(signer),
        "opaque": smime(signer.opaque(TEXT), "signed-data"),
        "opaque, in pieces": smime(signer.opaque(TEXT * 1000, "-stream"), "signed-data"),
        "compressed": smime(compressed(TEXT), "compressed-data"),
        "certificates": smime(signer.openssl("crl2pkcs7", "-nocrl", "-certfile", "cert.pem", "-outform", "DER"), "certs-only", "smime.p7c"),
        "encrypted": smime(signer.encrypt(TEXT, "-aes-128-cbc"), "enveloped-data"),
        "encrypted and authenticated": smime(signer.encrypt(TEXT, "-aes-128-gcm"), "authEnveloped-data"),
        "encrypted, without a word": smime(signer.encrypt(TEXT, "-aes-128-cbc")),
        "an invoice": smime(signer.opaque(INVOICE), name="IT01234567890_1.xml.p7m"),
        "an invoice as text": samples.with_attachment("IT01234567890_1.xml.p7m", base64.encodebytes(signer.opaque(INVOICE))),
        "an invoice in a zip": samples.with_attachment("a.zip", samples.zipped("a.xml.p7m", signer.opaque(INVOICE))),
        "a signed zip": samples.with_attachment("a.zip.p7m", signer.opaque(samples.zipped("a.txt", b"words\n"), "-stream")),
        "a signed file, its signature beside it": samples.with_attachment("a.pdf.p7s", signer.sign(b"%PDF-1.7\n")),
    }


def bad(signer):
    program = entity("run.exe", samples.PROGRAM)
    signed = signer.opaque(program)
    return {
        "opaque": (smime(signed, "signed-data"), "smime.p7m/run.exe"),
        "opaque, called something else": (smime(signed, name="a.dat", field="application/octet-stream"), "a.dat/run.exe"),
        "opaque, in pieces": (smime(signer.opaque(program, "-stream")), "smime.p7m/run.exe"),
        "opaque, as text": (smime(signer.opaque(program, form="PEM")), "smime.p7m/run.exe"),
        "compressed": (smime(compressed(program), "compressed-data"), "smime.p7m/run.exe"),
        "signed in compressed in signed": (smime(signer.opaque(smime(compressed(smime(signed))))), "smime.p7m/smime.p7m/smime.p7m/run.exe"),
        "a signed script": (samples.with_attachment("a.js.p7m", signer.opaque(b"alert(1)\n")), "a.js.p7m/a.js"),
        "a signed program in a zip": (samples.with_attachment("a.zip", samples.zipped("a.p7m", signer.opaque(samples.PROGRAM))), "a.zip/a.p7m/content"),
        "a zip that breaks off": (smime(compressed(program)[:-40], "compressed-data"), ""),
        "no message at all": (smime(b"\0\1words", "signed-data"), ""),
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    signer = Signer(tmp_path_factory.mktemp("keys"))
    return {"good": good(signer), "bad": bad(signer)}


@pytest.fixture(scope="module")
def judged(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    messages = {("good", what): octets for what, octets in made["good"].items()}
    messages.update({("bad", what): octets for what, (octets, _) in made["bad"].items()})
    paths = {}
    for number, (key, octets) in enumerate(messages.items()):
        paths["%s: %s" % key] = folder / ("%d.eml" % number)
        paths["%s: %s" % key].write_bytes(octets)
    return check.batch(folder, paths, check.configuration(folder))


def test_good_mail_is_delivered(judged):
    refused = {what: result["reply"] for what, result in judged.items() if what.startswith("good") and result["verdict"] != "accept"}
    assert not refused


def test_what_hides_is_refused_by_its_path(made, judged):
    for what, (_, path) in made["bad"].items():
        result = judged["bad: " + what]
        assert result["verdict"] == "reject", what
        assert any(a["path"] == path for a in result["facts"]["attachments"]), (what, result["facts"]["attachments"])


def test_what_cannot_be_opened_is_unscannable(judged):
    for what in ("a zip that breaks off", "no message at all"):
        assert [a["unscannable"] for a in judged["bad: " + what]["facts"]["attachments"]][0], what


def test_the_content_tells_what_is_encrypted(judged):
    encrypted = {what for what, result in judged.items() if result["facts"]["message.encrypted"]}
    assert encrypted == {"good: encrypted", "good: encrypted and authenticated", "good: encrypted, without a word"}
    locked = {what for what, result in judged.items() if any(a["encrypted"] for a in result["facts"].get("attachments", []))}
    assert locked == encrypted


def test_the_antivirus_sees_what_was_opened(made, tmp_path):
    signer = Signer(tmp_path)
    virus = entity("readme.txt", samples.EICAR)
    messages = {"opaque": smime(signer.opaque(virus)), "as text": smime(signer.opaque(virus, form="PEM")), "compressed": smime(compressed(virus)),
                "in pieces": smime(signer.opaque(virus * 50, "-stream")), "a signed zip": samples.with_attachment(
                    "a.zip.p7m", signer.opaque(samples.zipped("a.txt", samples.EICAR))), "clean": made["good"]["opaque"]}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(messages)}
    for what, octets in messages.items():
        paths[what].write_bytes(octets)
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in messages}
