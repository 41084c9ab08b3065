# SPDX-License-Identifier: ISC
"""What the shipped policy says of files in archives, in documents and in attached messages, offline."""
import io
import tarfile
import zipfile
import zlib

import pytest

from lab import check, msg, needs, samples, tnef

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

XML = b'<?xml version="1.0"?><x/>'
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(40)
SCRIPT = b"var a = 1;\nalert(a);\n"


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(**more):
    return zipped(**{"[Content_Types].xml": XML, "_rels/.rels": XML, "word/document.xml": XML}, **more)


def epub(**more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, content in {"META-INF/container.xml": XML, "OEBPS/a.xhtml": XML, **more}.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarball(**members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def mail(name=None, content=b"", text="Hello,\nas promised.\n"):
    """A message as a program would save it: with or without an attachment."""
    inner = samples.message("saved", text)
    if name:
        inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(inner)


def mbox(*mails):
    return b"".join(b"From a@client.example Sat Jan  3 01:05:34 1996\n" + one.replace(b"\r\n", b"\n") + b"\n" for one in mails)


def emlx(content, listing=b'<?xml version="1.0"?>\n<plist version="1.0"><dict/></plist>\n'):
    return b"%d\n" % len(content) + content + listing


def mht(name, content):
    """A page with all that it shows, as a browser saves it."""
    page = samples.message("saved", "<html><body>words</body></html>")
    page.set_type("text/html")
    page.add_related(content, maintype="application", subtype="octet-stream", cte="base64", headers=["Content-Location: https://example.com/" + name])
    return samples.octets(page)


def rpmsg(stream="\tDRMContent", behind=b""):
    """A message under a server's rights (MS-OXORMMS 3.1.4.1)."""
    plain = msg.octets(msg.Storage({"\x06DataSpaces": msg.Storage({"Version": bytes(20)}), stream: bytes(range(256)) * 20}))
    blocks = []
    for at in range(0, len(plain), 4096):
        packed = zlib.compress(plain[at:at + 4096])
        blocks.append(b"".join(n.to_bytes(4, "little") for n in (0xfa0, len(plain[at:at + 4096]), len(packed))) + packed)
    return b"\x76\xe8\x04\x60\xc4\x11\xe3\x86" + b"".join(blocks) + behind


BINARY_LIST = b"bplist00\xd1\1\2" + bytes(20)


def within(levels, content):
    for _ in range(levels):
        content = mail("in.bin", content)
    return content


LOCKED = bytearray(zipped(**{"a.txt": b"words\n"}))
LOCKED[6] |= 1  # the first member says that it is encrypted

# What passes, and what does not and by which name.
GOOD = {
    "sources": ("a-1.tar.gz", tarball(**{"a-1/setup.py": b"import os\n", "a-1/configure.sh": b"#!/bin/sh\nid\n"})),
    "data": ("run.zip", zipped(**{"run.mat": b"MATLAB 5.0 MAT-file".ljust(200), "left.tmp": b"words\n", "server.crt": b"words\n"})),
    "a picture called .tmp in a document": ("a.docx", docx(**{"word/media/image1.tmp": PNG})),
    "a script in an EPUB": ("book.epub", epub(**{"OEBPS/s.js": SCRIPT, "OEBPS/s.css": b"p {}\n"})),
    "a document under an old name": ("old.doc", docx(**{"word/media/image1.tmp": PNG})),
    "a document that is called a zip": ("a.zip", docx(**{"word/media/image1.tmp": PNG})),
    "a forwarded message": ("fwd.eml", mail("a.pdf", b"%PDF-1.7\nwords\n")),
    "a forwarded message with a document": ("fwd.eml", mail("a.docx", docx(**{"word/media/image1.tmp": PNG}))),
    "forwarded messages in a zip": ("mails.zip", zipped(**{"1.eml": mail(), "2.eml": mail("a.docx", docx()), "3.emlx": emlx(mail())})),
    "a mailbox": ("old.mbox", mbox(mail(), mail("a.txt", b"words\n"), mail(text="From me to you: nothing.\n"))),
    "a patch": ("fix.patch", b"From 0a1b2c3d Mon Sep 17 00:00:00 2001\nFrom: A <a@b.example>\nSubject: [PATCH] x\n\n---\n a | 1 +\n"),
    "notes that look like a header": ("notes.txt", b"Date: today\nTo: do\n\n--\nFrom here on all is well\n"),
    "messages in messages": ("a.eml", within(4, mail("a.txt", b"words\n"))),
    "a document in winmail.dat": ("winmail.dat", tnef.with_file("a.docx", docx(**{"word/media/image1.tmp": PNG}))),
    "what lies in an Apple mailbox": ("1.partial.emlx", emlx(mail("a.txt", b"words\n"))),
    "a binary list behind a message": ("1.emlx", emlx(mail(), BINARY_LIST)),
    "a message under a server's rights": ("message.rpmsg", rpmsg()),
    "one under another name in a message": ("a.eml", mail("a.dat", rpmsg())),
    "a document in a zip": ("a.zip", zipped(**{"a.docx": docx(**{"word/media/image1.tmp": PNG})})),
}
BAD = {
    "a script in a zip": (("a.zip", zipped(**{"a.js": SCRIPT})), "a.js"),
    "a shortcut in a tarball": (("a.tgz", tarball(**{"a.url": b"words\n"})), "a.url"),
    "a folder elsewhere in a zip": (("a.zip", zipped(**{"a.library-ms": XML})), "a.library-ms"),
    "a script in a document": (("a.docx", docx(**{"word/a.js": SCRIPT})), "a.js"),
    "a page application in an EPUB": (("a.epub", epub(**{"OEBPS/a.html": b"<html><hta:application></html>"})), "a.html"),
    "a program in a document": (("a.docx", docx(**{"word/media/image1.png": samples.PROGRAM})), "image1.png"),
    "a program in a document in a zip": (("a.zip", zipped(**{"a.docx": docx(setup=samples.PROGRAM)})), "setup"),
    "a page in what only looks like a document": (("a.zip", docx(**{"word/a.hta": XML})), "a.hta"),
    "a script in a message": (("a.dat", mail("a.js", SCRIPT)), "a.js"),
    "a program in a message in a zip": (("a.zip", zipped(**{"mail": mail("run", samples.PROGRAM)})), "run"),
    "a script in the second message of a mailbox": (("old.txt", mbox(mail(), mail("a.vbs", SCRIPT))), "a.vbs"),
    "a script in an Apple Mail message": (("1.emlx", emlx(mail("a.js", SCRIPT))), "a.js"),
    "a script in messages in messages": (("a.eml", within(4, mail("a.js", SCRIPT))), "a.js"),
    "a script in a message in winmail.dat": (("winmail.dat", tnef.with_file("a.eml", mail("a.js", SCRIPT))), "a.js"),
    "a script in winmail.dat in a message": (("a.eml", mail("winmail.dat", tnef.with_file("a.js", SCRIPT))), "a.js"),
    "a script in winmail.dat in a zip": (("a.zip", zipped(**{"winmail.dat": tnef.with_file("a.js", SCRIPT)})), "a.js"),
    "a program in a document in winmail.dat": (("winmail.dat", tnef.with_file("a.docx", docx(setup=samples.PROGRAM))), "setup"),
    "a locked archive in a message": (("a.bin", mail("secret.zip", bytes(LOCKED))), "secret.zip"),
    "what cannot be opened in a message": (("a.bin", mail("a.arj", b"\x60\xea\x29\0\x1e\1")), "a.arj"),
    "messages deeper than is looked": (("a.eml", within(12, mail("a.js", SCRIPT))), "in.bin"),
    "a script in winmail.dat under another name": (("a.dat", tnef.with_file("a.js", SCRIPT)), "a.js"),
    "a script in winmail.dat in a message of Outlook's": (("a.msg", msg.octets(msg.message(msg.attachment("winmail.dat", tnef.with_file("a.js", SCRIPT))))), "a.js"),
    "a script in winmail.dat in a mailbox": (("old.mbox", mbox(mail(), mail("winmail.dat", tnef.with_file("a.js", SCRIPT)))), "a.js"),
    "a script in a mailbox in winmail.dat": (("winmail.dat", tnef.with_file("old.mbox", mbox(mail(), mail("a.js", SCRIPT)))), "a.js"),
    "a script in a saved page": (("a.dat", mht("a.js", SCRIPT)), "a.js"),
    "a script in a saved page in winmail.dat": (("winmail.dat", tnef.with_file("a.dat", mht("a.js", SCRIPT))), "a.js"),
    "a script in an Apple Mail message with a binary list": (("1.dat", emlx(mail("a.js", SCRIPT), BINARY_LIST)), "a.js"),
    "a script in one whose length is wrong": (("1.emlx", b"9" + emlx(mail("a.js", SCRIPT))), "a.js"),
    "what only looks like a message under rights": (("message.rpmsg", rpmsg("WordDocument")), "content"),
    "such a message that is cut": (("message.rpmsg", rpmsg()[:-100]), "message.rpmsg"),
    "something behind such a message": (("message.rpmsg", rpmsg(behind=b"words")), "content"),
    "a script in an archive behind such a message": (("message.rpmsg", rpmsg(behind=zipped(**{"a.js": SCRIPT}))), "a.js"),
    "a Python script by itself": (("setup.py", b"import os\n"), "setup.py"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("attachments")


@pytest.fixture(scope="module")
def judged(folder):
    files = {what: named for what, named in GOOD.items()}
    files.update({what: named for what, (named, _) in BAD.items()})
    messages = {}
    for number, (what, (name, content)) in enumerate(files.items()):
        messages[what] = folder / ("%d.eml" % number)
        messages[what].write_bytes(samples.with_attachment(name, content))
    return check.batch(folder, messages, check.configuration(folder))


def test_a_message_in_a_file_has_a_path_and_a_depth(judged):
    (script,) = [a for a in judged["a program in a message in a zip"]["facts"]["attachments"] if a["name"] == "run"]
    assert (script["path"], script["depth"]) == ("a.zip/mail/run", 2)


def test_a_document_in_winmail_dat_shows_no_parts(judged):
    attachments = judged["a document in winmail.dat"]["facts"]["attachments"]
    assert [a["path"] for a in attachments] == ["", "winmail.dat/a.docx"]


def test_a_message_under_rights_counts_as_encrypted(folder):
    mail_under_rights = samples.message("rights")
    mail_under_rights.add_attachment(rpmsg(), maintype="application", subtype="x-microsoft-rpmsg-message", filename="message.rpmsg")
    not_so = samples.message("rights")
    not_so.add_attachment(b"words", maintype="application", subtype="x-microsoft-rpmsg-message", filename="message.rpmsg")
    for name, one in (("rights", mail_under_rights), ("none", not_so)):
        (folder / name).write_bytes(samples.octets(one))
    results = check.batch(folder, {name: folder / name for name in ("rights", "none")}, check.configuration(folder))
    (file,) = results["rights"]["facts"]["attachments"]
    assert file["encrypted"] and not file["unscannable"] and file["type"] == "application/x-microsoft-rpmsg-message"
    assert [results[name]["facts"].get("message.encrypted") for name in ("rights", "none")] in ([True, False], [None, None])


def test_what_hides_in_a_message_in_a_file_hides_in_the_whole(folder):
    inner = mail("a.txt", b"words\n").replace(b"boundary=", b'boundary="other"; boundary=')
    (folder / "hides.eml").write_bytes(samples.with_attachment("a.bin", inner))
    result = check.batch(folder, {"hides": folder / "hides.eml"}, check.configuration(folder))["hides"]
    assert result["verdict"] == "reject" and result["facts"]["message.hides_content"], result


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged[what]["verdict"] == "accept", judged[what]["reply"]


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_name(what, judged):
    assert judged[what]["verdict"] == "reject" and "attachment %s" % BAD[what][1] in judged[what]["reply"], judged[what]
