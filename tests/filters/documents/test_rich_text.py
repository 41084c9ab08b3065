# SPDX-License-Identifier: ISC
"""What the shipped policy says of objects in RTF, however they are written, offline."""
import pytest

from lab import check, msg, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")


def sized(content):
    return len(content).to_bytes(4, "little") + content


def ole1(name, content):
    """An embedded object (MS-OLEDS 2.2.5)."""
    return b"\1\5\0\0\2\0\0\0" + sized(name + b"\0") + sized(b"") + sized(b"") + sized(content)


PACKAGE = b"\2\0run.exe\0C:\\run.exe\0\0\0\3\0" + sized(b"C:\\t\0") + sized(samples.PROGRAM)
OBJECT = ole1(b"Package", PACKAGE)
HEX = OBJECT.hex().encode()
SHEET = ole1(b"Excel.Sheet.8", msg.octets(msg.Storage({"Workbook": b"\x09\x08\x10\0" + bytes(16), "\1CompObj": bytes(40)})))
METAFILE = b"\1\5\0\0\5\0\0\0" + sized(b"METAFILEPICT\0") + bytes(8) + sized(bytes(8) + b"\1\0\x09\0" + bytes(30))


def rtf(data, head=b"{\\rtf1\\ansi words", begin=b"{\\*\\objdata "):
    return head + b"{\\object\\objemb" + begin + data + b"}}}"


GOOD = {
    "words": ("a.rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\pard hello\\par}\r\n"),
    "a picture": ("a.rtf", b"{\\rtf1{\\pict\\pngblip " + b"89504e470d0a1a0a" * 100 + b"}}"),
    "a raw picture": ("a.rtf", b"{\\rtf1{\\pict\\pngblip\\bin300 " + bytes(range(256)) + bytes(44) + b"}}"),
    "a sheet": ("a.doc", rtf(b"\r\n".join(SHEET.hex().encode()[i:i + 128] for i in range(0, 2 * len(SHEET), 128)))),
    "a static picture": ("a.rtf", rtf(METAFILE.hex().encode())),
    "many sheets": ("a.rtf", b"{\\rtf1" + 100 * (b"{\\object\\objemb{\\*\\objdata " + SHEET.hex().encode() + b"}}") + b"}"),
    "blanks in front": ("a.rtf", b"\r\n\r\n{\\rtf1 hello}"),
}
BAD = {
    "plain": rtf(HEX),
    "behind a number": rtf(HEX, begin=b"{\\*\\objdata0 "),
    "raw": rtf(b"\\bin%d " % len(OBJECT) + OBJECT),
    "half raw": rtf(HEX[:40] + b"\\bin%d " % (len(OBJECT) - 20) + OBJECT[20:]),
    "a group in between": rtf(HEX[:40] + b"{\\*\\foo abcdef}" + HEX[40:]),
    "groups and words in between": rtf(HEX[:21] + b"{{\\abc1}\r\n \\par}" + HEX[21:]),
    "an object in an object": rtf(b"00{\\*\\objdata " + HEX + b"}"),
    "in a list of fonts": rtf(HEX, begin=b"{\\fonttbl{\\*\\objdata ") + b"}",
    "blanks in front": rtf(HEX, head=b"\r\n \t{\\rtf1 "),
    "a short head": rtf(HEX, head=b"{\\rt"),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("richtext")
    files = dict({"good: " + w: v for w, v in GOOD.items()}, **{"bad: " + w: ("a.doc", v) for w, v in BAD.items()})
    files["bad: in a zip"] = "a.zip", samples.zipped("a.doc", BAD["raw"])
    files["bad: a forged length"] = "a.doc", rtf(HEX[:16] + b"ffffffff" + HEX[24:])
    paths = {}
    for number, (what, (name, content)) in enumerate(files.items()):
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
    assert "a.doc/C:\\run.exe" in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


def test_is_refused_in_a_zip(judged):
    assert "a.zip/a.doc/C:\\run.exe" in [a["path"] for a in judged["bad: in a zip"]["facts"]["attachments"]]


def test_a_forged_length_cannot_be_checked(judged):
    result = judged["bad: a forged length"]
    assert result["verdict"] == "reject" and result["facts"]["attachments"][0]["unscannable"], result


def test_the_antivirus_sees_what_was_opened(tmp_path):
    zipped = ole1(b"Package", b"\2\0a.zip\0a.zip\0\0\0\3\0" + sized(b"t\0") + sized(samples.zipped("a.txt", samples.EICAR)))
    files = {"number": rtf(zipped.hex().encode(), begin=b"{\\*\\objdata0 "), "raw": rtf(b"\\bin%d " % len(zipped) + zipped), "clean": rtf(SHEET.hex().encode())}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(samples.with_attachment("a.doc", content))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}
