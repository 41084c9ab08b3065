# SPDX-License-Identifier: ISC
"""What the shipped policy says of Outlook's messages in files (.msg, .oft), offline."""
import shutil
import subprocess

import pytest

from lab import check, msg, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(40)
SCRIPT = b"var a = 1;\nalert(a);\n"


def sized(content):
    return len(content).to_bytes(4, "little") + content


# An OLE 1 object (MS-OLEDS 2.2.5) that is a package.
PACKAGE = b"\2\0run\0C:\\run.exe\0\0\0\3\0" + sized(b"t\0") + sized(samples.PROGRAM)
OBJECT = b"\1\5\0\0\2\0\0\0" + sized(b"Package\0") + sized(b"") + sized(b"") + sized(PACKAGE)
RTF_WITH_PROGRAM = b"{\\rtf1{\\object\\objemb{\\*\\objdata " + OBJECT.hex().encode() + b"}}}"


def file(*attachments, **more):
    return msg.octets(msg.message(*attachments, **more))


def within(*attachments, display="FW: offer of example.com"):
    return msg.attachment("", msg.message(*attachments, top=False), display)


def mail(name, content):
    inner = samples.message("saved")
    inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(inner)


GOOD = {
    "words alone": ("fwd.msg", file()),
    "with RTF": ("fwd.msg", file(rtf=b"{\\rtf1 hello}")),
    "a picture": ("fwd.msg", file(msg.attachment("image001.png", PNG))),
    "a large picture": ("fwd.msg", file(msg.attachment("image001.png", PNG + bytes(200000)), rtf=b"{\\rtf1 hello}")),
    "a message within": ("fwd.msg", file(within(msg.attachment("a.pdf", b"%PDF-1.7\nwords\n")))),
    "a template": ("a.oft", file(msg.attachment("image001.png", PNG))),
    "in a zip": ("mails.zip", samples.zipped("1.msg", file(msg.attachment("image001.png", PNG)))),
}
BAD = {
    "a program": ("fwd.msg", file(msg.attachment("run.exe", samples.PROGRAM)), "fwd.msg/run.exe"),
    "a large program": ("fwd.msg", file(msg.attachment("a.pdf", samples.PROGRAM + bytes(100000))), "fwd.msg/a.pdf"),
    "a script": ("a.dat", file(msg.attachment("a.js", SCRIPT)), "a.dat/a.js"),
    "a script in a message within": ("a.msg", file(within(within(msg.attachment("a.js", SCRIPT), display="b"), display="a")), "a.msg/a.msg/b.msg/a.js"),
    "a script in a zip in a message": ("mail.msg", file(msg.attachment("invoice.eml", mail("a.zip", samples.zipped("run.js", SCRIPT)))),
                                       "mail.msg/invoice.eml/a.zip/run.js"),
    "a program in a template in a zip": ("a.zip", samples.zipped("a.oft", file(msg.attachment("run.exe", samples.PROGRAM))), "a.zip/a.oft/run.exe"),
    "a program in the words": ("fwd.msg", file(rtf=RTF_WITH_PROGRAM), "fwd.msg/C:\\run.exe"),
    "cut": ("fwd.msg", file(msg.attachment("a.pdf", b"%PDF-1.7\n" + bytes(20000)))[:9000], ""),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outlook")
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


@pytest.mark.skipif(not shutil.which("7z"), reason="no 7z")
def test_other_programs_read_what_is_made_here(tmp_path):
    path = tmp_path / "a.msg"
    path.write_bytes(file(msg.attachment("a.bin", bytes(range(256)) * 100), within()))
    listed = subprocess.run(["7z", "l", "-slt", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Type = Compound" in listed and "Size = 25600" in listed and "__substg1.0_3701000D" in listed


def test_the_antivirus_sees_what_was_opened(tmp_path):
    zipped = samples.zipped("a.txt", samples.EICAR)
    files = {"zip": file(msg.attachment("a.zip", zipped)), "large": file(msg.attachment("a.zip", zipped + bytes(10000))),
             "within": file(within(msg.attachment("a.zip", zipped))), "in a message": file(msg.attachment("a.eml", mail("a.zip", zipped))),
             "clean": file(msg.attachment("a.zip", samples.zipped("a.txt", b"words\n")))}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(samples.with_attachment("fwd.msg", content))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}
