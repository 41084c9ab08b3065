# SPDX-License-Identifier: ISC
"""What is found out about pages and drawings that are attached, and where their links go, offline."""
import gzip

import pytest

from lab import check, good_mail, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>'
INVOICE = b"""<!DOCTYPE html><html><head><meta charset=utf-8><title>Invoice 4711</title>
<style>td { border: 1px solid }</style><link rel=stylesheet href="https://shop.example/print.css"></head>
<body><img src="https://shop.example/logo.png"><table><tr><td>1</td><td>2.50</td></tr></table></body></html>"""
NEWS = b"""<html><body><p>News</p><img width=1 height=1 src="https://t.news.example/open?id=1">
<a href="https://news.example/">more</a><a href="javascript:void(0)">up</a></body></html>"""
DRAWING = SVG % (b"<style>.a{fill:red}</style><filter id='f'/><a xlink:href='https://draw.example/'><path class='a' d='M0 0'/></a>"
                 b"<image xlink:href='data:image/png;base64,AAAA'/>")
SCRIPT = b"<html><body><script>location='https://evil.example/'</script></body></html>"
BAD_DRAWING = SVG % b"<script><![CDATA[location='https://evil.example/']]></script>"
LARGE = b"<!-- " + b"x" * 100000 + b" -->"

GOOD = {
    "an invoice": ("invoice.html", INVOICE),
    "a newsletter": ("news.htm", NEWS),
    "a drawing": ("plan.svg", DRAWING),
    "a drawing in gzip": ("plan.svgz", gzip.compress(DRAWING)),
    "pages in a zip": ("pages.zip", samples.zipped("invoice.html", INVOICE)),
    "a page under another name": ("page.dat", INVOICE),
    "data": ("invoice.xml", b'<?xml version="1.0"?><Invoice xmlns="urn:oasis:names:specification:ubl"><ds:Object xmlns:ds="urn:x"/></Invoice>'),
    "a text about pages": ("howto.txt", b"Write <script>alert(1)</script> into the page.\n"),
}
BAD = {
    "a script": ("invoice.html", SCRIPT, "invoice.html"),
    "a script in a zip": ("a.zip", samples.zipped("invoice.html", SCRIPT), "a.zip/invoice.html"),
    "a script in UTF-16": ("invoice.html", SCRIPT.decode().encode("utf-16"), "invoice.html"),
    "a script under another name": ("page.dat", SCRIPT, "page.dat"),
    "a handler": ("invoice.htm", b"<p>x</p><img src=x onerror=alert(1)>", "invoice.htm"),
    "a script in XHTML": ("a.xhtml", b'<?xml version="1.0"?><h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:script>a()</h:script></h:html>', "a.xhtml"),
    "a drawing with a script": ("scan.svg", BAD_DRAWING, "scan.svg"),
    "a large drawing in a zip": ("a.zip", samples.zipped("scan.svg", BAD_DRAWING.replace(b"<script>", LARGE + b"<script>")), "a.zip/scan.svg"),
    "a drawing in gzip": ("scan.svgz", gzip.compress(BAD_DRAWING), "scan.svgz/scan.svg"),
    "a page in a message": ("a.eml", samples.with_attachment("invoice.html", SCRIPT), "a.eml/invoice.html"),
}
LINKS = {
    "a page in a zip": (samples.with_attachment("a.zip", samples.zipped("a.html", NEWS)), "news.example"),
    "a page in UTF-16": (good_mail.attached("a.html", NEWS.decode().encode("utf-16"), "text/html"), "news.example"),
    "a page in UTF-16 in a zip": (samples.with_attachment("a.zip", samples.zipped("a.html", NEWS.decode().encode("utf-16"))), "news.example"),
    "a drawing in gzip": (samples.with_attachment("plan.svgz", gzip.compress(DRAWING)), "draw.example"),
    "a page under another name": (samples.with_attachment("page.dat", INVOICE), "shop.example"),
    "a calendar": (samples.with_attachment("a.ics", b"BEGIN:VCALENDAR\r\nURL:https://meet.example/x\r\nEND:VCALENDAR\r\n"), "meet.example"),
    "a card in a zip": (samples.with_attachment("a.zip", samples.zipped("a.vcf", b"BEGIN:VCARD\r\nURL:http://card.example/\r\nEND:VCARD\r\n")), "card.example"),
}


def tnef(*properties):
    """A winmail.dat with properties of its message alone (MS-OXTNEF 2.1.3)."""
    values = b"".join(kind.to_bytes(4, "little") + (1).to_bytes(4, "little") + len(value).to_bytes(4, "little") + value + bytes(-len(value) % 4)
                      for kind, value in properties)
    data = len(properties).to_bytes(4, "little") + values
    return (0x223e9f78).to_bytes(4, "little") + b"\1\0\1" + (0x69003).to_bytes(4, "little") + len(data).to_bytes(4, "little") \
        + data + (sum(data) & 0xffff).to_bytes(2, "little")


def raw_rtf(text):
    """PidTagRtfCompressed, not compressed (MS-OXRTFCP 2.1.3)."""
    return (len(text) + 12).to_bytes(4, "little") + len(text).to_bytes(4, "little") + b"MELA" + bytes(4) + text


LINKS |= {
    "HTML in winmail.dat": (samples.with_attachment("winmail.dat", tnef((0x10130102, NEWS))), "news.example"),
    "a text in winmail.dat": (samples.with_attachment("winmail.dat", tnef((0x1000001f, "see https://text.example/x".encode("utf-16-le")))), "text.example"),
    "RTF in winmail.dat": (samples.with_attachment("winmail.dat", tnef((0x10090102, raw_rtf(b'{\\rtf1 HYPERLINK "https://rtf.example/"}')))), "rtf.example"),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    mails = {"good: " + what: samples.with_attachment(*GOOD[what]) for what in GOOD}
    mails |= {"bad: " + what: samples.with_attachment(*BAD[what][:2]) for what in BAD}
    mails |= {"links: " + what: LINKS[what][0] for what in LINKS}
    paths = {}
    for number, (what, octets) in enumerate(mails.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(octets)
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_not_active(what, judged):
    result = judged["good: " + what]
    assert result["verdict"] == "accept", result
    assert not any(a["active"] or a["unscannable"] for a in result["facts"]["attachments"])


@pytest.mark.parametrize("what", BAD)
def test_is_active(what, judged):
    attachments = judged["bad: " + what]["facts"]["attachments"]
    assert [a["path"] or a["name"] for a in attachments if a["active"]] == [BAD[what][2]], attachments


@pytest.mark.parametrize("what", LINKS)
def test_its_links_are_the_messages(what, judged):
    assert LINKS[what][1] in judged["links: " + what]["facts"]["message.domains"]
