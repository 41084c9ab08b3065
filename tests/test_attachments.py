# SPDX-License-Identifier: ISC
"""What the shipped policy says of files in archives, in documents and in attached messages, offline."""
import io
import tarfile
import zipfile

import pytest

from lab import check, needs, samples

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


# What passes, and what does not and by which name.
GOOD = {
    "sources": ("a-1.tar.gz", tarball(**{"a-1/setup.py": b"import os\n", "a-1/configure.sh": b"#!/bin/sh\nid\n"})),
    "data": ("run.zip", zipped(**{"run.mat": b"MATLAB 5.0 MAT-file".ljust(200), "left.tmp": b"words\n", "server.crt": b"words\n"})),
    "a picture called .tmp in a document": ("a.docx", docx(**{"word/media/image1.tmp": PNG})),
    "a script in an EPUB": ("book.epub", epub(**{"OEBPS/s.js": SCRIPT, "OEBPS/s.css": b"p {}\n"})),
    "a document under an old name": ("old.doc", docx(**{"word/media/image1.tmp": PNG})),
    "a document that is called a zip": ("a.zip", docx(**{"word/media/image1.tmp": PNG})),
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
    "a Python script by itself": (("setup.py", b"import os\n"), "setup.py"),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attachments")
    files = {what: named for what, named in GOOD.items()}
    files.update({what: named for what, (named, _) in BAD.items()})
    messages = {}
    for number, (what, (name, content)) in enumerate(files.items()):
        messages[what] = folder / ("%d.eml" % number)
        messages[what].write_bytes(samples.with_attachment(name, content))
    return check.batch(folder, messages, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged[what]["verdict"] == "accept", judged[what]["reply"]


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_name(what, judged):
    assert judged[what]["verdict"] == "reject" and "attachment %s" % BAD[what][1] in judged[what]["reply"], judged[what]
