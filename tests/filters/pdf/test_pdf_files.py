# SPDX-License-Identifier: ISC
"""What the shipped policy says of PDFs and what is embedded in them, offline."""
import pytest

from lab import check, needs, pdf, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

try:
    from cryptography.hazmat.primitives import ciphers  # noqa: F401
    HAS_AES = True
except ImportError:
    HAS_AES = False

INVOICE = b'<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>\n'
SCRIPT = b"var a = 1;\nalert(a);\n"
LINK = b"/Annots[<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://www.example.com/)>>>>]"
# Version, revision, octets of the key, method.
HANDLERS = {"RC4-40": (1, 2, 5, None), "RC4-80": (2, 3, 10, None), "RC4-128": (2, 3, 16, None), "RC4 by a crypt filter": (4, 4, 16, b"V2")}
if HAS_AES:
    HANDLERS |= {"AES-128": (4, 4, 16, b"AESV2"), "AES-256": (5, 5, 32, b"AESV3"), "AES-256, PDF 2.0": (5, 6, 32, b"AESV3")}


def embedded(content, name, **more):
    return pdf.file(pdf.with_file(content, b"/F(%s)/UF%s" % (name.encode(), pdf.text(name)), **more))


def sealed(content, how, password=b"", name=b"run.exe"):
    objects = pdf.with_file(content, b"")
    objects[4] = lambda string: b"<</Type/Filespec/EF<</F 5 0 R>>/F" + string(name) + b">>"
    return pdf.encrypted(objects, *HANDLERS[how], password=password)


def in_object_stream(content, name):
    objects = pdf.with_file(content, b"")
    objects[6] = pdf.object_stream({4: b"<</Type/Filespec/EF<</F 5 0 R>>/F(%s)>>" % name, 7: objects.pop(1)})
    return pdf.file(objects)


def mail(name, content):
    inner = samples.message("saved")
    inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(inner)


ZIP = samples.zipped("run.exe", samples.PROGRAM)
PLAIN = pdf.file(pdf.page(LINK))
GOOD = {
    "a page": PLAIN,
    "pages in object streams": in_object_stream(b"words\n", b"a.txt"),
    "an electronic invoice": embedded(INVOICE, "factur-x.xml"),
    "a text": embedded(b"words\n", "readme.txt"),
    "a PDF in a PDF": embedded(PLAIN, "inner.pdf"),
    "a table beside a letter": embedded(samples.zipped("a.csv", b"1;2\n"), "a.zip"),
    "without its end": PLAIN[:-60],
    "with a wrong table": PLAIN.replace(b"startxref\n", b"startxref\n9"),
    "with a wrong length": pdf.file({**pdf.page(b"/Contents 4 0 R"), 4: pdf.flate(b"BT (words) Tj ET", length=b"999")}),
    "a form": pdf.file(pdf.page(catalog=b"/AcroForm<</Fields[]/DA(/Helv 0 Tf)>>")),
    "an invoice that nobody may change": sealed(INVOICE, "RC4-128", name=b"factur-x.xml"),
}
BAD = {
    "a program": (embedded(samples.PROGRAM, "run.exe"), "a.pdf/run.exe"),
    "a program under another name": (embedded(samples.PROGRAM, "a.txt"), "a.pdf/a.txt"),
    "a script": (embedded(SCRIPT, "a.js"), "a.pdf/a.js"),
    "a program in an object stream": (in_object_stream(samples.PROGRAM, b"run.exe"), "a.pdf/run.exe"),
    "a program in a zip": (embedded(ZIP, "a.zip"), "a.pdf/a.zip/run.exe"),
    "a program in a message": (embedded(mail("run.exe", samples.PROGRAM), "a.eml"), "a.pdf/a.eml/run.exe"),
    "a program in a PDF in a PDF": (embedded(embedded(samples.PROGRAM, "run.exe"), "b.pdf"), "a.pdf/b.pdf/run.exe"),
    "a program without a specification": (pdf.file({**pdf.page(), 5: pdf.flate(samples.PROGRAM, b"/Type/EmbeddedFile")}), "a.pdf/embedded"),
    "a program that no table names": (PLAIN + b"77 0 obj<</Type/EmbeddedFile>>stream\n" + samples.PROGRAM, "a.pdf/embedded"),
    "a zip that lies there as it is": (pdf.file({**pdf.page(), 4: b"<</F(a.zip)/EF<</F 5 0 R>>>>", 5: pdf.Stream(ZIP)}), "a.pdf/a.zip/run.exe"),
    "a zip behind it": (PLAIN + ZIP, "a.pdf/run.exe"),
    "a page of macros behind it": (PLAIN + b"MIME-Version: 1.0\n\nQWN0aXZlTWltZQAAAAAA\n", ""),
    "a form's data": (embedded(samples.PROGRAM, "run.exe").replace(b"%PDF-1.7", b"%FDF-1.2"), "a.pdf/run.exe"),
    "a damaged file": (pdf.file({**pdf.page(), 4: b"<</F(a.dat)/EF<</F 5 0 R>>>>", 5: pdf.Stream(b"nonsense", b"/Filter/FlateDecode")}), "a.pdf/a.dat"),
    "an unknown filter": (pdf.file({**pdf.page(), 4: b"<</F(a.dat)/EF<</F 5 0 R>>>>", 5: pdf.Stream(b"x", b"/Filter/Xz")}), "a.pdf/a.dat"),
    "a damaged object stream": (pdf.file({**pdf.page(), 4: pdf.Stream(b"nonsense", b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")}), ""),
    "a false claim of encryption": (embedded(samples.PROGRAM, "run.exe") + b"trailer<</Encrypt<</Filter/X>>>>", "a.pdf/run.exe"),
}
BAD |= {"a program behind " + how: (sealed(samples.PROGRAM, how), "a.pdf/run.exe") for how in HANDLERS}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    messages = {"good: " + what: content for what, content in GOOD.items()} | {"bad: " + what: content for what, (content, _) in BAD.items()}
    messages |= {kind + how: sealed(samples.PROGRAM, how, password=b"secret") for how in HANDLERS for kind in ("password: ", "told: ")}
    paths = {}
    for number, (what, content) in enumerate(messages.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(samples.with_attachment("a.pdf", content, "the password: secret" if what.startswith("told: ") else "attachment"))
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    result = judged["good: " + what]
    assert result["verdict"] == "accept", result
    assert not any(a["unscannable"] or a["encrypted"] for a in result["facts"]["attachments"])


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_path(what, judged):
    result = judged["bad: " + what]
    assert result["verdict"] == "reject", result
    assert BAD[what][1] in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


@pytest.mark.parametrize("how", HANDLERS)
def test_a_password_is_told(how, judged):
    result = judged["password: " + how]
    assert result["verdict"] == "accept", result
    assert [a["encrypted"] for a in result["facts"]["attachments"]] == [True]


@pytest.mark.parametrize("how", HANDLERS)
def test_a_password_that_the_message_tells_opens(how, judged):
    result = judged["told: " + how]
    found = {a["path"]: a for a in result["facts"]["attachments"]}
    assert result["verdict"] == "reject" and found[""]["encrypted"], result
    assert found["a.pdf/run.exe"]["type"] == "application/x-dosexec"


def test_a_zip_that_lies_there_is_opened_once(judged):
    paths = [a["path"] for a in judged["bad: a zip that lies there as it is"]["facts"]["attachments"]]
    assert len(paths) == len(set(paths)) == 3 and "a.pdf/run.exe" not in paths


def test_the_antivirus_sees_what_was_opened(tmp_path):
    files = {"embedded": embedded(samples.EICAR, "a.txt"), "encrypted": sealed(samples.EICAR, "RC4-128"),
             "told": sealed(samples.EICAR, "RC4-128", b"infected"), "clean": embedded(b"words\n", "a.txt")}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(samples.with_attachment("a.pdf", content))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}


DOES = {
    "script": (b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", "active"),
    "a launch": (b"/OpenAction<</S/Launch/F(cmd.exe)>>", "active"),
    "a page in another file": (b"/OpenAction<</S/GoToR/F(http://elsewhere.example/a.pdf)/D[0/Fit]>>", "remote"),
}


def facts_of(folder, files):
    paths = {what: folder / ("%s.eml" % what) for what in files}
    for what, content in files.items():
        paths[what].write_bytes(mail("a.pdf", content))
    return {what: result["facts"] for what, result in check.batch(folder, paths, check.configuration(folder)).items()}


@pytest.mark.parametrize("what", DOES)
def test_what_it_does_by_itself_is_told(what, tmp_path):
    action, fact = DOES[what]
    found = facts_of(tmp_path, {"acts": pdf.file(pdf.page(catalog=action)), "lies": PLAIN})
    assert {name: [a[fact] for a in facts["attachments"]] for name, facts in found.items()} == {"acts": [True], "lies": [False]}


def test_its_links_are_the_message_s(tmp_path):
    assert facts_of(tmp_path, {"links": PLAIN})["links"]["message.domains"] == ["example.com"]
