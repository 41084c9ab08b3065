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


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_path(what, judged):
    result = judged["bad: " + what]
    assert result["verdict"] == "reject", result
    assert BAD[what][1] in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


def test_the_antivirus_sees_what_was_decoded(tmp_path):
    zipped = samples.zipped("a.txt", samples.EICAR)
    files = {"calendar": attached("a.ics", invitation(attach("a.zip", zipped))),
             "part": declared(invitation(attach("a.zip", zipped)), "text/calendar"),
             "clean": attached("a.ics", invitation(attach("a.zip", samples.zipped("a.txt", b"words\n"))))}
    paths = {what: tmp_path / ("%d.eml" % number) for number, what in enumerate(files)}
    for what, content in files.items():
        paths[what].write_bytes(content)
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what.startswith("clean") else "infected" for what in files}
