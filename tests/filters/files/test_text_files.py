# SPDX-License-Identifier: ISC
"""What the shipped policy says of files that are written into a text, offline."""
import base64
import binascii
import textwrap

import pytest

from lab import check, msg, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(40)
SCRIPT = b"var a = 1;\nalert(a);\n"
PROGRAM64 = base64.b64encode(samples.PROGRAM).decode()


def folded(line):
    return "\r\n ".join(textwrap.wrap(line, 74, drop_whitespace=False))


def lines(*all_lines):
    return "".join(folded(line) + "\r\n" for line in all_lines).encode()


def invitation(*more):
    return lines("BEGIN:VCALENDAR", "PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT",
                 "DTSTART:20260105T100000Z", "DTEND:20260105T110000Z", "UID:1@example.com",
                 'ORGANIZER;CN="Anna: of example.com":mailto:anna@example.com', "SUMMARY:Meeting; data: of all, and more",
                 "DESCRIPTION:see https://example.com/\\nand bring the plan", *more, "END:VEVENT", "END:VCALENDAR")


def outlook_invitation():
    return lines("BEGIN:VCALENDAR", "METHOD:REQUEST", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0", "BEGIN:VTIMEZONE", "TZID:UTC",
                 "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE",
                 "BEGIN:VEVENT", "UID:040000008200E00074C5B7101A82E008", "DTSTART;TZID=UTC:20260105T100000", "SUMMARY;LANGUAGE=en-US:Meeting",
                 'X-ALT-DESC;FMTTYPE=text/html:<html><body>words</body></html>', "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "END:VEVENT", "END:VCALENDAR")


def attach(name, content, how="X-FILENAME"):
    name = ";%s=\"%s\"" % (how, name) if name else ""
    return "ATTACH;FMTTYPE=application/octet-stream;ENCODING=BASE64;VALUE=BINARY%s:%s" % (name, base64.b64encode(content).decode())


def card(version, *more):
    return lines("BEGIN:VCARD", "VERSION:" + version, "FN:Anna", "N:Example;Anna;;;", *more, "END:VCARD")


def declared(content, kind, name=None):
    """The text itself is the only part, or one of two beside plain words; without a name it is no attachment."""
    mail = samples.message("declared")
    subtype, charset = kind.split("/")[1], "utf-8"
    mail.add_alternative(content.decode(), subtype=subtype, charset=charset, cte="base64")
    if name:
        list(mail.iter_parts())[-1].add_header("Content-Disposition", "attachment", filename=name)
    return samples.octets(mail)


def mail(name, content):
    inner = samples.message("saved")
    inner.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(inner)


def attached(name, content):
    return samples.with_attachment(name, content)


def uuencode(name, content):
    pieces = (content[i:i + 45] for i in range(0, len(content), 45))
    return b"begin 644 %s\n%s`\nend\n" % (name.encode(), b"".join(binascii.b2a_uu(piece, backtick=True) for piece in pieces))


def base64_uuencode(name, content):
    return b"begin-base64 644 %s\n%s====\n" % (name.encode(), base64.encodebytes(content))


HQX = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"

def binhex(name, data, resource=b""):
    """BinHex 4.0 (RFC 1741, its appendix)."""
    head = bytes([len(name)]) + name.encode("mac-roman") + b"\0" + b"TEXTttxt" + b"\0\0" + len(data).to_bytes(4, "big") + len(resource).to_bytes(4, "big")
    plain = b"".join(part + binascii.crc_hqx(part, 0).to_bytes(2, "big") for part in (head, data, resource))
    packed, at = bytearray(), 0
    while at < len(plain):
        run = 1
        while run < 255 and plain[at:at + 1] == plain[at + run:at + run + 1]:
            run += 1
        octet = plain[at:at + 1].replace(b"\x90", b"\x90\0")
        packed += octet + bytes([0x90, run]) if run > 3 else octet * run
        at += run
    bits = "".join("%08d" % int(bin(octet)[2:]) for octet in packed)
    bits += "0" * (-len(bits) % 6)
    text = ":" + "".join(chr(HQX[int(bits[i:i + 6], 2)]) for i in range(0, len(bits), 6)) + ":"
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + "".join(text[i:i + 64] + "\r\n" for i in range(0, len(text), 64)).encode()


def yenc(name, content):
    data = b"".join(bytes([b"="[0], (o + 106) % 256]) if (o + 42) % 256 in b"\0\t\n\r=" else bytes([(o + 42) % 256]) for o in content)
    return b"=ybegin line=%d size=%d name=%s\r\n%s\r\n=yend size=%d\r\n" % (2 * len(data), len(content), name.encode(), data, len(content))


TALK = "One writes\n\nbegin 644 file\n\nand then the data, and at last\n\nend\n"
KEY = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"\x30\x82\x03\x10" + bytes(range(200))) + b"-----END CERTIFICATE-----\n"

def data(content, kind="application/octet-stream"):
    return "data:%s;base64,%s" % (kind, base64.b64encode(content).decode())


def references(text):
    return "".join("&#%d;" % ord(c) for c in text)


def page(*pieces):
    return ("<!DOCTYPE html>\n<html><head><title>Example</title></head><body>\n%s\n</body></html>\n" % "\n".join(pieces)).encode()


def newsletter(*pieces):
    """HTML beside plain words, in quoted-printable, as programs send it."""
    mail = samples.message("news")
    mail.add_alternative(page(*pieces).decode(), subtype="html", cte="quoted-printable")
    return samples.octets(mail)


DRAWING = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path fill='%23fff' d='M1 1h6'/></svg>"
PICTURES = ["<img alt=\"%d\" src=\"%s\">" % (n, data(PNG + bytes([n % 256]), "image/png")) for n in range(500)]
STYLES = "<style>a{background:url(%s)} b{background:url(\"data:image/svg+xml;utf8,%s\")} @font-face{src:url(%s)}</style>" % (
    data(b"GIF89a" + bytes(30), "image/gif"), DRAWING, data(b"wOF2" + bytes(90), "font/woff2"))
LINK = "<a download=\"invoice&#46;js\" href=\"%s\">invoice</a>" % data(SCRIPT)
ZIP = samples.zipped("run.js", SCRIPT)


OUTLOOK_CARD = card("2.1", "PHOTO;TYPE=JPEG;ENCODING=BASE64:", " /9j/4AAQSkZJRgABAQ==", "", "NOTE;ENCODING=QUOTED-PRINTABLE:a=20note=20of=0D=0A=", "two lines",
                    "X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns=\"http://schemas.microsoft.com/office/outlook/12/electronicbusinesscards\"/>")

GOOD = {
    "an invitation of Google's": attached("invite.ics", invitation()),
    "one of Outlook's as a part": declared(outlook_invitation(), "text/calendar"),
    "one with a link to a file": attached("invite.ics", invitation("ATTACH;FMTTYPE=application/pdf;FILENAME=a.pdf:https://example.com/a.pdf")),
    "one with a document": attached("invite.ics", invitation(attach("a.pdf", b"%PDF-1.7\nwords\n"))),
    "one with a picture as a part": declared(invitation(attach("a.png", PNG)), "text/calendar"),
    "a card of Outlook's": attached("anna.vcf", OUTLOOK_CARD),
    "a card with a picture": attached("anna.vcf", card("4.0", "PHOTO:data:image/png;base64," + base64.b64encode(PNG).decode())),
    "a text about uuencode": attached("a.txt", TALK.encode()),
    "a mail about uuencode": samples.octets(samples.message("uuencode", TALK)),
    "a document in uuencode": attached("a.uue", uuencode("a.pdf", b"%PDF-1.7\nwords\n")),
    "a text in BinHex": attached("a.hqx", binhex("words.txt", b"words\r" * 50, b"fork")),
    "a text in base64": attached("a.txt.b64", base64.encodebytes(b"words and words\n" * 20)),
    "a picture in base64": attached("a.txt", base64.encodebytes(PNG)),
    "a certificate": attached("a.pem", KEY),
    "a newsletter with many pictures": newsletter(STYLES, *PICTURES),
    "a page with many pictures": attached("a.html", page(STYLES, *PICTURES)),
    "a drawing with a picture": attached("a.svg", ("<svg><image href='%s'/></svg>" % data(PNG, "image/png")).encode()),
    "a saved page": attached("a.html", page("<link rel=stylesheet href='data:text/css,a{b:c}'><script>var u='data:,';</script>",
                                            "<iframe src=\"%s\"></iframe>" % data(b"<p>words</p>", "text/html"))),
    "a text about data:": attached("a.txt", b"metadata:a/b, and data: the facts, and data:a/b are none\n"),
    "a card as a part": declared(card("3.0", "PHOTO;ENCODING=b;TYPE=PNG:" + base64.b64encode(PNG).decode()), "text/vcard"),
}
BAD = {
    "a program in an invitation": (attached("invite.ics", invitation(attach("run.exe", samples.PROGRAM))), "invite.ics/run.exe"),
    "a script in a part that is an invitation": (declared(invitation(attach("a.js", SCRIPT, "FILENAME")), "text/calendar"), "invite.ics/a.js"),
    "a program in one that is called a text": (attached("a.txt", invitation(attach("", samples.PROGRAM))), "a.txt/attach"),
    "a script in a zip in an invitation": (attached("a.ics", invitation(attach("a.zip", samples.zipped("a.js", SCRIPT)))), "a.ics/a.zip/a.js"),
    "a program in a card in a zip": (attached("a.zip", samples.zipped("anna.vcf", card("4.0", "KEY:data:a/b;base64," + PROGRAM64))), "a.zip/anna.vcf/key"),
    "a program in a card in a message": (attached("a.eml", mail("anna.vcf", card("2.1", "PHOTO;BASE64:" + PROGRAM64))), "a.eml/anna.vcf/photo"),
    "a script in an invitation in a message": (attached("a.eml", declared(invitation(attach("a.js", SCRIPT)), "text/calendar")), "a.eml/invite.ics/a.js"),
    "a script in an invitation in a message of Outlook's": (
        attached("a.msg", msg.octets(msg.message(msg.attachment("a.ics", invitation(attach("a.js", SCRIPT, "X-APPLE-FILENAME")))))), "a.msg/a.ics/a.js"),
    "a program in uuencode": (attached("a.uue", uuencode("run.exe", samples.PROGRAM)), "a.uue/run.exe"),
    "a script behind other text": (attached("a.dat", b"Words\n\n" + uuencode("a.pdf", b"%PDF-") + b"\n" + uuencode("a.js", SCRIPT)), "a.dat/a.js"),
    "a script in base64 uuencode": (attached("a.dat", base64_uuencode("a.js", SCRIPT)), "a.dat/a.js"),
    "a program in BinHex": (attached("a.hqx", binhex("a.pdf", samples.PROGRAM)), "a.hqx/a.pdf"),
    "a program in a fork": (attached("a.hqx", binhex("a.pdf", b"%PDF-", samples.PROGRAM)), "a.hqx/a.pdf.rsrc"),
    "a script in BinHex in the words": (samples.octets(samples.message("words", binhex("a.js", SCRIPT).decode().replace("\r", ""))), "a.js"),
    "a script in yEnc": (attached("a.dat", yenc("a.js", SCRIPT)), "a.dat/a.js"),
    "a program in base64": (attached("a.txt", base64.encodebytes(samples.PROGRAM)), "a.txt/data"),
    "a program that is called a certificate": (
        attached("a.crt2", b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(samples.PROGRAM) + b"-----END CERTIFICATE-----\n"), "a.crt2/data"),
    "a script in base64": (attached("a.js.b64", base64.encodebytes(SCRIPT)), "a.js.b64/a.js"),
    "a script in uuencode in a zip in a message": (attached("a.eml", mail("a.zip", samples.zipped("a.uu", uuencode("a.js", SCRIPT)))), "a.eml/a.zip/a.uu/a.js"),
    "an archive in uuencode": (attached("a.uue", uuencode("a.zip", samples.zipped("a.js", SCRIPT))), "a.uue/a.zip/a.js"),
    "uuencode in base64": (attached("a.b64", base64.encodebytes(uuencode("a.js", SCRIPT))), "a.b64/a/a.js"),
    "uuencode that is cut": (attached("a.uue", uuencode("a.pdf", b"%PDF-" + bytes(900))[:-300]), "a.uue/a.pdf"),
    "BinHex that is cut": (attached("a.hqx", binhex("a.pdf", b"%PDF-" + bytes(range(200)))[:-100]), "a.hqx/a.pdf"),
    "a piece of yEnc": (attached("a.dat", yenc("a.pdf", b"%PDF-").replace(b"begin line", b"begin part=1 line")), "a.dat/a.pdf"),
    "a script in a page": (attached("a.html", page(LINK)), "a.html/invoice.js"),
    "a script in a newsletter": (newsletter(*PICTURES, LINK), "message.html/invoice.js"),
    "an archive in a page": (attached("a.html", page("<a href='%s'>a</a>" % data(ZIP))), "a.html/data/run.js"),
    "an archive in a script": (attached("a.htm", page("<script>location='%s'</script>" % data(ZIP, "application/zip"))), "a.htm/data/run.js"),
    "a program in percents": (attached("a.html", page("<a href=data:a/b,%s>a</a>" % "".join("%%%02x" % o for o in samples.PROGRAM))), "a.html/data"),
    "a program in references": (attached("a.html", page("<a href='%s'>a</a>" % references(data(samples.PROGRAM)))), "a.html/data"),
    "a program in UTF-16": (attached("a.html", page("<a href='%s'>a</a>" % data(samples.PROGRAM)).decode().encode("utf-16")), "a.html/data"),
    "a program in a drawing": (attached("a.svg", ("<svg><a href='%s'/></svg>" % data(samples.PROGRAM)).encode()), "a.svg/data"),
    "a program in a page in a page": (attached("a.html", page("<iframe src=\"%s\">" % data(page("<a href='%s'>" % data(samples.PROGRAM)), "text/html"))),
                                      "a.html/data/data"),
    "an archive behind a picture": (attached("a.html", page("<img src='%s'>" % data(PNG + ZIP, "image/png"))), "a.html/data/run.js"),
    "a script in a page in a message": (attached("a.eml", newsletter(LINK)), "a.eml/message.html/invoice.js"),
    "a script in a page in a zip": (attached("a.zip", samples.zipped("a.html", page(LINK))), "a.zip/a.html/invoice.js"),
    "an invitation that is cut": (attached("a.ics", invitation(attach("a.pdf", b"%PDF-1.7\n" + bytes(900)))[:-900]), ""),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    paths = {}
    for what, content in [("good: " + w, v) for w, v in GOOD.items()] + [("bad: " + w, v[0]) for w, v in BAD.items()]:
        paths[what] = folder / ("%d.eml" % len(paths))
        paths[what].write_bytes(content)
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged["good: " + what]["verdict"] == "accept", judged["good: " + what]
    assert not any(a["unscannable"] for a in judged["good: " + what]["facts"]["attachments"])


@pytest.mark.parametrize("what", ["a newsletter with many pictures", "a page with many pictures"])
def test_pictures_of_a_page_have_no_records(what, judged):
    assert len(judged["good: " + what]["facts"]["attachments"]) == ("page" in what)


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_path(what, judged):
    result = judged["bad: " + what]
    assert result["verdict"] == "reject", result
    assert BAD[what][1] in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


def test_the_antivirus_sees_what_was_decoded(tmp_path):
    zipped = samples.zipped("a.txt", samples.EICAR)
    files = {"calendar": attached("a.ics", invitation(attach("a.zip", zipped))),
             "part": declared(invitation(attach("a.zip", zipped)), "text/calendar"),
             "uuencode": attached("a.txt", uuencode("a.zip", zipped)), "base64": attached("a.txt", base64.encodebytes(zipped)),
             "BinHex": attached("a.hqx", binhex("a.zip", zipped)),
             "page": attached("a.html", page("<a href='%s'>a</a>" % data(zipped))), "newsletter": newsletter("<a href='%s'>a</a>" % data(zipped)),
             "clean newsletter": newsletter(*PICTURES),
             "clean": attached("a.ics", invitation(attach("a.zip", samples.zipped("a.txt", b"words\n"))))}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(content)
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what.startswith("clean") else "infected" for what in files}
