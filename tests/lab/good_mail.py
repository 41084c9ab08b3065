# SPDX-License-Identifier: ISC
"""Good mail of many kinds, as programs send it: {what: octets}. None of it holds anything that a site would not want to have."""
import base64
import gzip
import io
import tarfile
import zipfile
from email.message import EmailMessage, MIMEPart

from lab import pdf, samples

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00" + bytes(range(1, 65)) + b"\xff\xd9"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><a href="https://www.example.com/"><rect width="9" height="9"/></a></svg>\n'
PAGE = b'<!DOCTYPE html><html><head><style>p{color:#333}</style></head><body><p>Your order <a href="https://shop.example.com/o/1">1</a></p>' \
    b'<img src="https://shop.example.com/pixel.gif" width="1" height="1"></body></html>\n'
INVOICE = b'<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>\n'
INVITATION = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@example.com\r\nDTSTAMP:20260105T100000Z\r\n" \
    b"DTSTART:20260106T100000Z\r\nDTEND:20260106T110000Z\r\nSUMMARY:Meeting\r\nORGANIZER:mailto:a@example.com\r\nATTENDEE;RSVP=TRUE:mailto:user@example.com\r\n" \
    b"ATTACH:https://files.example.com/agenda.pdf\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane\r\nFN:Jane Doe\r\nEMAIL:jane@example.com\r\nPHOTO;ENCODING=b;TYPE=PNG:" + base64.b64encode(PNG) + b"\r\nEND:VCARD\r\n"
TYPES = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' \
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>' \
    b'<Default Extension="tmp" ContentType="image/png"/><Default Extension="png" ContentType="image/png"/>%s</Types>'
RELATIONS = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
KINDS = {"docx": ("word/document.xml", "wordprocessingml.document.main"), "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet.main"),
         "pptx": ("ppt/presentation.xml", "presentationml.presentation.main")}


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def relation(number, kind, target, external=False):
    return b'<Relationship Id="rId%d" Type="%s" Target="%s"%s/>' % (
        number, (kind if ":" in kind else DOCUMENT + kind).encode(), target.encode(), b' TargetMode="External"' if external else b"")


def office(extension, relations=b"", files=None):
    """A document of Office, with relations and further parts of its main one."""
    main, kind = KINDS[extension]
    folder, _, name = main.partition("/")
    override = b'<Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.%s+xml"/>' % (main.encode(), kind.encode())
    return zipped({"[Content_Types].xml": TYPES % override, "_rels/.rels": RELATIONS % relation(1, "officeDocument", main),
                   main: b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<main><p>words</p></main>',
                   "%s/_rels/%s.rels" % (folder, name): RELATIONS % relations, "docProps/app.xml": b"<Properties/>", **(files or {})})


def open_document(kind="text", files=None):
    media = "application/vnd.oasis.opendocument." + kind
    return zipped({"mimetype": media.encode(), "content.xml": b"<office:document-content/>", "styles.xml": b"<office:document-styles/>",
                   "META-INF/manifest.xml": b'<manifest:manifest><manifest:file-entry manifest:full-path="/" manifest:media-type="%s"/></manifest:manifest>' % media.encode(),
                   "Pictures/1.png": PNG, **(files or {})})


def tarball(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def attached(name, content, kind="application/octet-stream", **how):
    mail = samples.message("good")
    main, _, sub = kind.partition("/")
    if main == "text":
        part = MIMEPart()
        part["Content-Type"] = kind
        part.set_payload(base64.encodebytes(content).decode())
        part["Content-Transfer-Encoding"] = "base64"
        part.add_header("Content-Disposition", "attachment", filename=name)
        mail.make_mixed()
        mail.attach(part)
    else:
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name, **how)
    return samples.octets(mail)


def raw(fields, *parts, kind="mixed", boundary="b1"):
    """A multipart by hand: parts are (fields, body)."""
    head = "From: a@client.example\r\nTo: user@example.com\r\nSubject: good\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@client.example>\r\nMIME-Version: 1.0\r\n"
    octets = head.encode() + b'Content-Type: multipart/%s; boundary="%s"%s\r\n\r\n' % (kind.encode(), boundary.encode(), fields.encode())
    for part_fields, body in parts:
        octets += b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), part_fields.encode(), body)
    return octets + b"--%s--\r\n" % boundary.encode()


def named(parameters):
    """A picture whose name is written so."""
    return raw("", ("Content-Type: text/plain", b"words"),
               ("Content-Type: image/png%s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment" % parameters[0] + parameters[1], base64.encodebytes(PNG).replace(b"\n", b"\r\n")))


NAMES = {
    "RFC 2231": ("", "; filename*=UTF-8''gr%C3%BC%C3%9Fe.png"),
    "RFC 2231 in pieces": ("", "; filename*0*=UTF-8''gr%C3%BC; filename*1*=%C3%9Fe; filename*2=.png"),
    "RFC 2231 with a language": ("", "; filename*=iso-8859-1'de'gr%FC%DFe.png"),
    "RFC 2047 B": ('; name="=?utf-8?B?Z3LDvMOfZS5wbmc=?="', ""),
    "RFC 2047 Q": ('; name="=?iso-8859-1?Q?gr=FC=DFe.png?="', ""),
    "RFC 2047 in two words": ('; name="=?utf-8?Q?gr=C3=BC?=\r\n =?utf-8?Q?=C3=9Fe.png?="', ""),
    "ISO-2022-JP": ('; name="=?ISO-2022-JP?B?GyRCP1Y/TxsoQi5wbmc=?="', ""),
    "GB18030": ('; name="=?GB18030?B?zsS8/i5wbmc=?="', ""),
    "Big5": ('; name="=?Big5?B?pOWlyi5wbmc=?="', ""),
    "EUC-KR": ('; name="=?EUC-KR?B?ua68rS5wbmc=?="', ""),
    "both fields": ('; name="a.png"', '; filename="a.png"'),
    "without quotes": ("; name=a.png", ""),
    "an apostrophe": ("", '; filename="Anna\'s picture.png"'),
    "brackets and a comma": ("", '; filename="plan (2), new [1].png"'),
    "a date": ("", '; filename="2026-01-05 10.00.00.png"'),
    "joiners and emoji": ("", "; filename*=UTF-8''%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB.png"),
    "Hebrew": ("", "; filename*=UTF-8''%D7%A9%D7%9C%D7%95%D7%9D.png"),
    "Persian": ("", "; filename*=UTF-8''%D9%85%DB%8C%E2%80%8C%D8%B4%D9%88%D8%AF.png"),
    "several dots": ("", '; filename="v1.2.3.final.png"'),
    "a long one": ("", '; filename="%s.png"' % ("a long name " * 15).strip()),
}


def _archives():
    yield "a zip of tables", attached("tables.zip", zipped({"a.csv": b"1;2\n", "b/c.txt": b"words\n"}), "application/zip")
    yield "an empty zip", attached("empty.zip", b"PK\x05\x06" + bytes(18), "application/zip")
    yield "sources", attached("code-1.0.tar.gz", tarball({"code/setup.py": b"import os\n", "code/a.c": b"int a;\n", "code/run.sh": b"#!/bin/sh\n", "code/a.desktop": b"[Desktop Entry]\n"}), "application/gzip")
    yield "measured data", attached("run.zip", zipped({"run.mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200)}), "application/zip")
    yield "a book", attached("book.epub", zipped({"mimetype": b"application/epub+zip", "META-INF/container.xml": b"<container/>", "OEBPS/a.xhtml": PAGE}), "application/epub+zip")
    yield "pictures in a zip in a zip", attached("a.zip", zipped({"b.zip": zipped({"a.png": PNG, "b.jpg": JPEG})}), "application/zip")
    yield "a log that a mail program unpacked", attached("log.txt", b"line\n" * 50, "text/plain")


def _documents():
    template = relation(1, "attachedTemplate", "file:///C:\\Users\\a\\AppData\\Roaming\\Microsoft\\Templates\\Normal.dotm", True)
    links = relation(2, "hyperlink", "https://www.example.com/", True) + relation(3, "image", "media/image1.tmp")
    for extension in KINDS:
        yield "a ." + extension, attached("a." + extension, office(extension, links, {KINDS[extension][0].partition("/")[0] + "/media/image1.tmp": PNG}))
    yield "a document on its usual template", attached("letter.docx", office("docx", template + links, {"word/media/image1.tmp": PNG}))
    yield "a table that another file on the disk feeds", attached("t.xlsx", office("xlsx", b"", {
        "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
        "xl/externalLinks/_rels/externalLink1.xml.rels": RELATIONS % relation(1, "externalLinkPath", "file:///C:\\data\\prices.xlsx", True)}))
    for kind, name in (("text", "a.odt"), ("spreadsheet", "a.ods"), ("presentation", "a.odp")):
        yield "an ." + name[2:], attached(name, open_document(kind))
    yield "a table with an empty library of macros", attached("a.ods", open_document("spreadsheet", {
        "Basic/script-lc.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<library:libraries xmlns:library="http://openoffice.org/2000/library"/>'}))
    yield "RTF", attached("a.rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 words\\par}\n", "application/rtf")
    yield "a table that is a page", attached("report.xls", b'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>1</td></tr></table></html>\n', "application/vnd.ms-excel")
    yield "a table as text", attached("a.csv", b"name;sum\nx;1\n", "text/csv")
    yield "iWork", attached("a.pages", zipped({"Index/Document.iwa": b"\x00\x01\x02words", "Metadata/Properties.plist": b"bplist00\xd0\x08", "preview.jpg": JPEG}))


def _prints():
    yield "a PDF", attached("a.pdf", pdf.file(pdf.page()), "application/pdf")
    yield "a PDF with links", attached("a.pdf", pdf.file(pdf.page(b"/Annots[<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://www.example.com/)>>>>]")), "application/pdf")
    yield "a PDF that is called a download", attached("a.pdf", pdf.file(pdf.page()), "application/x-msdownload")
    yield "an invoice with its data", attached("invoice.pdf", pdf.file(pdf.with_file(INVOICE, b"/F(factur-x.xml)/UF(factur-x.xml)")), "application/pdf")
    yield "a form", attached("form.pdf", pdf.file(pdf.page(catalog=b"/AcroForm<</Fields[]/DA(/Helv 0 Tf)>>")), "application/pdf")
    yield "a cut PDF", attached("scan.pdf", pdf.file(pdf.page())[:-60], "application/pdf")


def _pictures():
    for name, content, kind in (("a.png", PNG, "image/png"), ("a.jpg", JPEG, "image/jpeg"), ("a.gif", GIF, "image/gif"), ("logo.svg", SVG, "image/svg+xml")):
        yield "a picture, " + name, attached(name, content, kind)
    yield "a picture called .jpg that is a .png", attached("a.jpg", PNG, "image/jpeg")


def _calendars():
    yield "an invitation", raw("", ("Content-Type: text/plain", b"Meeting"), ("Content-Type: text/calendar; method=REQUEST; charset=UTF-8", INVITATION), kind="alternative")
    yield "an invitation as a file", attached("invite.ics", INVITATION, "application/ics")
    yield "a card", attached("jane.vcf", CARD, "text/vcard")


def _pages():
    yield "a newsletter", raw("", ("Content-Type: text/plain", b"words"), ("Content-Type: text/html; charset=utf-8", PAGE), kind="alternative")
    yield "a saved page", attached("order.html", PAGE, "text/html")
    yield "a letter with its pictures inside", raw("", ("Content-Type: text/html", b'<p>Hello <img src="cid:1"></p><img src="data:image/png;base64,%s">' % base64.b64encode(PNG)),
                                                   ("Content-Type: image/png; name=logo.png\r\nContent-ID: <1>\r\nContent-Disposition: inline; filename=logo.png\r\nContent-Transfer-Encoding: base64", base64.b64encode(PNG)), kind="related")


def _reports():
    xml = b'<?xml version="1.0"?>\n<feedback><report_metadata><org_name>example.com</org_name></report_metadata></feedback>\n'
    yield "a DMARC report, gzip", attached("example.com!example.org!1!2.xml.gz", gzip.compress(xml), "application/gzip")
    yield "a DMARC report, zip", attached("example.com!example.org!1!2.zip", zipped({"example.com!example.org!1!2.xml": xml}), "application/zip")
    yield "a TLS report", attached("example.com!example.org!1!2!001.json.gz", gzip.compress(b'{"organization-name":"example"}'), "application/tlsrpt+gzip")
    status = b"Reporting-MTA: dns; mail.example.com\r\n\r\nFinal-Recipient: rfc822; a@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    yield "a bounce", raw("; report-type=delivery-status", ("Content-Type: text/plain", b"It failed."), ("Content-Type: message/delivery-status", status),
                          ("Content-Type: message/rfc822", samples.clean("lost")), kind="report")
    yield "a receipt", raw("; report-type=disposition-notification", ("Content-Type: text/plain", b"It was read."),
                           ("Content-Type: message/disposition-notification", b"Final-Recipient: rfc822; a@example.com\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"), kind="report")


def _mail():
    forwarded = EmailMessage()
    forwarded["From"], forwarded["To"], forwarded["Subject"] = "b@example.org", "a@client.example", "offer.com"
    forwarded.set_content("words\n")
    mail = samples.message("forwarded")
    mail.add_attachment(forwarded, filename="offer.com.eml")
    yield "a forwarded message", samples.octets(mail)
    yield "a forwarded message as a file", attached("offer of example.com.eml", samples.octets(forwarded))
    yield "PGP/MIME, encrypted", raw('; protocol="application/pgp-encrypted"', ("Content-Type: application/pgp-encrypted", b"Version: 1"),
                                     ("Content-Type: application/octet-stream; name=encrypted.asc", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhF4DAAAAAAAAAAASAQdA\r\n=AAAA\r\n-----END PGP MESSAGE-----"), kind="encrypted")
    yield "PGP/MIME, signed", raw('; protocol="application/pgp-signature"; micalg=pgp-sha256', ("Content-Type: text/plain", b"words"),
                                  ("Content-Type: application/pgp-signature; name=signature.asc", b"-----BEGIN PGP SIGNATURE-----\r\n\r\niHUEABYKAB0WIQQ=\r\n=AAAA\r\n-----END PGP SIGNATURE-----"), kind="signed")
    yield "Apple Mail", raw("", ("Content-Type: text/plain; charset=us-ascii", b"See this:"),
                            ("Content-Type: application/pdf; x-unix-mode=0644; name=a.pdf\r\nContent-Disposition: inline; filename=a.pdf\r\nContent-Transfer-Encoding: base64", base64.encodebytes(pdf.file(pdf.page())).replace(b"\n", b"\r\n")),
                            ("Content-Type: text/plain; charset=us-ascii", b"Bye"))
    fork = b"\x00\x05\x16\x07\x00\x02\x00\x00" + b"Mac OS X        " + b"\x00\x00"
    yield "AppleDouble", raw("", ("Content-Type: application/applefile; name=a.png\r\nContent-Transfer-Encoding: base64", base64.b64encode(fork)),
                             ("Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64", base64.b64encode(PNG)), kind="appledouble")
    yield "an empty file", attached("empty.txt", b"", "text/plain")
    yield "words alone", samples.clean()


def all_kinds():
    found = {}
    for kinds in (_archives, _documents, _prints, _pictures, _calendars, _pages, _reports, _mail):
        found |= dict(kinds())
    return found | {"a name, " + how: named(parameters) for how, parameters in NAMES.items()}
