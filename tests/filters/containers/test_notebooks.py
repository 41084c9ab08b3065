# SPDX-License-Identifier: ISC
"""What the shipped policy says of OneNote's sections, offline."""
import pytest

from lab import check, needs, onenote, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(40)
PAGE = b'<html><head><script language="VBScript">MsgBox "hello"</script></head></html>'
INNER = onenote.section(("run.hta", PAGE))


def saved(name, content):
    inner = samples.message("saved")
    inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(inner)


GOOD = {
    "words alone": ("a.one", onenote.section()),
    "pictures": ("a.one", onenote.section((None, PNG), (None, PNG))),
    "a document": ("a.one", onenote.section(("report.pdf", b"%PDF-1.7\nwords\n"), (None, PNG))),
    "an office document": ("a.one", onenote.section(("a.docx", samples.zipped("word/document.xml", b"<w:document/>")))),
    "a text": ("a.one", onenote.section(("list.csv", b"a,b\r\n1,2\r\n"))),
    "in a zip": ("notes.zip", samples.zipped("a.one", onenote.section((None, PNG)))),
}
BAD = {
    "a program": ("a.one", onenote.section(("run.exe", samples.PROGRAM)), "a.one/run.exe"),
    "a program without a name": ("a.one", onenote.section((None, PNG), (None, samples.PROGRAM)), "a.one/file2.png"),
    "a page that runs": ("a.one", INNER, "a.one/run.hta"),
    "a script": ("a.dat", onenote.section(("a.txt", b"words"), ("open.wsf", b"<job><script>1</script></job>")), "a.dat/open.wsf"),
    "a section in a section": ("a.one", onenote.section(("b.one", INNER)), "a.one/b.one/run.hta"),
    "in a zip in a message": ("invoice.eml", saved("a.zip", samples.zipped("a.one", INNER)), "invoice.eml/a.zip/a.one/run.hta"),
    "a zipped program": ("a.one", onenote.section(("a.zip", samples.zipped("run.exe", samples.PROGRAM))), "a.one/a.zip/run.exe"),
    "in the other form": ("a.one", onenote.section(form=onenote.PACKAGE), ""),
    "cut": ("a.one", onenote.section(("a.pdf", b"%PDF-1.7\n" + bytes(4000)))[:3000], ""),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    paths = {}
    for number, (what, (name, content, *_)) in enumerate([("good: " + w, v) for w, v in GOOD.items()] + [("bad: " + w, v) for w, v in BAD.items()]):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(samples.with_attachment(name, content))
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged["good: " + what]["verdict"] == "accept", judged["good: " + what]
    assert not any(a["unscannable"] for a in judged["good: " + what]["facts"]["attachments"])


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_path(what, judged):
    result = judged["bad: " + what]
    assert result["verdict"] == "reject", result
    assert BAD[what][2] in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


def test_pictures_are_no_attachments(judged):
    assert len(judged["good: pictures"]["facts"]["attachments"]) == 1


def test_the_antivirus_sees_what_was_opened(tmp_path):
    zipped = samples.zipped("a.txt", samples.EICAR)
    files = {"named": onenote.section(("a.zip", zipped)), "without a name": onenote.section((None, zipped)),
             "clean": onenote.section(("a.zip", samples.zipped("a.txt", b"words\n")))}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(samples.with_attachment("a.one", content))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}
