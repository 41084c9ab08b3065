# SPDX-License-Identifier: ISC
"""Office documents with a password that the message tells, or that programs know, are opened, offline, and stay encrypted."""
import io
import zipfile

import pytest

from lab import check, needs, samples

pytest.importorskip("cryptography")
from lab import office_lock  # noqa: E402

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")
XML = b'<?xml version="1.0"?><x/>'
TOLD = "Hello,\nthe password is: Sesame\n"
OWN = "VelvetSweatshop"


def document(**more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {"[Content_Types].xml": XML, "_rels/.rels": XML, "word/document.xml": XML + b" " * 9000, **more}.items():
            archive.writestr(name, content)
    return out.getvalue()


PLAIN = document()
PROGRAM = document(**{"word/embeddings/run.exe": samples.PROGRAM})
MACROS = document(**{"word/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024)})
# (how it is locked: that takes long, so whoever only collects tests does not; what the message says)
OPENED = {
    "agile": (lambda: office_lock.agile(PLAIN, "Sesame"), TOLD),
    "agile with SHA-1": (lambda: office_lock.agile(PLAIN, "Sesame", "sha1", 128, 50000), TOLD),
    "agile with SHA-384": (lambda: office_lock.agile(PLAIN, "Sesame", "sha384", 192), TOLD),
    "standard": (lambda: office_lock.standard(PLAIN, "Sesame"), TOLD),
    "other letters": (lambda: office_lock.agile(PLAIN, "Schl\u00fcssel\U0001f511"), "Kennwort: Schl\u00fcssel\U0001f511\n"),
    "what programs know": (lambda: office_lock.agile(PLAIN, OWN), "Hello,\n"),
    "what programs know, standard": (lambda: office_lock.standard(PLAIN, OWN), "Hello,\n"),
    "among others": (lambda: office_lock.agile(PLAIN, "Sesame"), "Code 4711, offer A-1 of 2026-11-29: the password is Sesame\n"),
}
CLOSED = {
    "not told": (lambda: office_lock.agile(PLAIN, "Sesame"), "Hello,\nI tell you by telephone.\n"),
    "too slow": (lambda: office_lock.agile(PLAIN, "Sesame", spins=1000001), TOLD),
}
MORE = {
    "a program": (lambda: office_lock.agile(PROGRAM, OWN), "Hello,\n"),
    "macros": (lambda: office_lock.standard(MACROS, "Sesame"), TOLD),
    "damaged": (lambda: office_lock.agile(PROGRAM, "Sesame", damage=True), TOLD),
}


def mail(content, body, name="offer.docx"):
    message = samples.message("offer", body)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(message)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    paths = {}
    for number, (what, (locked, body)) in enumerate((OPENED | CLOSED | MORE).items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(mail(locked(), body))
    return check.batch(folder, paths, check.configuration(folder))


def found(result, path):
    return [a for a in result["facts"]["attachments"] if a["path"] == path]


@pytest.mark.parametrize("what", OPENED)
def test_is_opened(what, judged):
    outer, inner = found(judged[what], "")[0], found(judged[what], "offer.docx/offer.docx")
    assert len(inner) == 1, judged[what]["facts"]["attachments"]
    assert inner[0]["type"].endswith("wordprocessingml.document") and inner[0]["size"] == len(PLAIN)
    assert outer["encrypted"] and inner[0]["encrypted"] and not inner[0]["unscannable"]
    assert judged[what]["verdict"] == "reject"


@pytest.mark.parametrize("what", CLOSED)
def test_stays_closed(what, judged):
    assert not found(judged[what], "offer.docx/offer.docx")
    assert found(judged[what], "")[0]["encrypted"]


def test_what_lies_in_it_is_found(judged):
    assert found(judged["a program"], "offer.docx/offer.docx/word/embeddings/run.exe")[0]["type"] == "application/x-dosexec"
    assert found(judged["macros"], "")[0]["macros"]
    assert found(judged["damaged"], "offer.docx/offer.docx")[0]["unscannable"]


def test_the_antivirus_sees_it(tmp_path):
    infected = document(**{"word/a.txt": samples.EICAR})
    files = {"agile": mail(office_lock.agile(infected, "Sesame"), TOLD), "own": mail(office_lock.standard(infected, OWN), "Hello,\n"),
             "clean": mail(office_lock.agile(PLAIN, "Sesame"), TOLD)}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(content)
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {"agile": "infected", "own": "infected", "clean": "clean"}
