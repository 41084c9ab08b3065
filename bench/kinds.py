# SPDX-License-Identifier: ISC
"""Messages with one file of each kind, from a seed. What holds files holds words of a given size; what is a document says them."""
import base64
import binascii
import io
import os
import random
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from email.message import EmailMessage

from lab import good_mail, iso, msg, onenote, pdf, samples, tnef

PASSWORD = "kestrel-4711"
LINE = 70


def _words(chance, octets):
    """Lines of words, some with an address."""
    vocabulary = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 11))) for _ in range(2000)]
    lines, size = [], 0
    while size < octets:
        lines.append(" ".join(chance.choices(vocabulary, k=9))[:LINE])
        size += len(lines[-1]) + 2
    return "\r\n".join(lines).encode() + b"\r\n"


def _elements(words, element):
    return b"".join(element % line for line in words.split(b"\r\n"))


# ---- what holds files

def _tar(how):
    def make(words):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:" + how) as archive:
            info = tarfile.TarInfo("words.dat")
            info.size = len(words)
            archive.addfile(info, io.BytesIO(words))
        return out.getvalue()
    return make


def _by_7z(kind, *options):
    """None where there is no 7z."""
    def make(words):
        if not shutil.which("7z"):
            return None
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "words.dat"), "wb") as file:
                file.write(words)
            subprocess.run(["7z", "a", "-t" + kind, *options, "a." + kind, "words.dat"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            with open(os.path.join(folder, "a." + kind), "rb") as file:
                return file.read()
    return make


def _vint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def _rar(words):
    """RAR 5, stored: nothing free packs more."""
    def block(body):
        body = _vint(len(body)) + body
        return zlib.crc32(body).to_bytes(4, "little") + body
    file = _vint(4) + _vint(len(words)) + _vint(32) + zlib.crc32(words).to_bytes(4, "little") + _vint(0) + _vint(1) + _vint(9) + b"words.dat"
    return b"Rar!\x1a\x07\1\0" + block(_vint(1) + _vint(0) + _vint(0)) + block(_vint(2) + _vint(2) + _vint(len(words)) + file) + words \
        + block(_vint(5) + _vint(0) + _vint(0))


def _signed(words):
    """CMS, DER; None where there is no OpenSSL."""
    if not shutil.which("openssl"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        def openssl(*arguments, told=b""):
            return subprocess.run(["openssl", *arguments], cwd=folder, check=True, input=told, capture_output=True).stdout
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "certificate", "-subj", "/CN=bench")
        return openssl("cms", "-sign", "-binary", "-nodetach", "-signer", "certificate", "-inkey", "key", "-outform", "DER",
                       told=samples.with_attachment("words.dat", words))


def _uuencoded(words):
    lines = (binascii.b2a_uu(words[at:at + 45]) for at in range(0, len(words), 45))
    return b"begin 644 words.dat\n" + b"".join(lines) + b"`\nend\n"


def _calendar(words):
    value = base64.b64encode(words)
    folded = b"\r\n ".join(value[at:at + 74] for at in range(0, len(value), 74))
    return good_mail.INVITATION.replace(b"END:VEVENT", b"ATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=words.dat:\r\n " + folded + b"\r\nEND:VEVENT")


def _mailbox(words):
    return b"From a@client.example Thu Jan  1 00:00:00 2026\n" + samples.with_attachment("words.dat", words).replace(b"\r\n", b"\n") + b"\n"


# ---- what says words

def _docx(words):
    element = b'<w:p><w:pPr><w:jc w:val="both"/></w:pPr><w:r><w:rPr><w:sz w:val="22"/></w:rPr><w:t xml:space="preserve">%s</w:t></w:r></w:p>'
    return good_mail.office("docx", files={"word/document.xml": b'<?xml version="1.0"?><w:document><w:body>' + _elements(words, element) + b"</w:body></w:document>"})


def _xlsx(words):
    element = b'<row r="1"><c r="A1" t="inlineStr" s="1"><is><t>%s</t></is></c><c r="B1"><v>1</v></c></row>'
    return good_mail.office("xlsx", files={"xl/worksheets/sheet1.xml": b'<?xml version="1.0"?><worksheet><sheetData>' + _elements(words, element) + b"</sheetData></worksheet>"})


def _odt(words):
    element = b'<text:p text:style-name="P1"><text:span text:style-name="T1">%s</text:span></text:p>'
    return good_mail.open_document(files={"content.xml": b'<?xml version="1.0"?><office:document-content><office:body>' + _elements(words, element)
                                          + b"</office:body></office:document-content>"})


def _doc(words):
    return msg.octets(msg.Storage({"WordDocument": words, "1Table": bytes(8192), "\5SummaryInformation": bytes(200)}))


def _rtf(words):
    return b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}" + _elements(words, b"\\pard\\plain\\f0\\fs22 %s\\par\r\n") + b"}"


def _pdf(words):
    lines = words.split(b"\r\n")
    pages = (b"BT/F0 9 Tf\n" + b"".join(b"1 0 0 1 40 700 Tm(%s)Tj\n" % line for line in lines[at:at + 60]) + b"ET" for at in range(0, len(lines), 60))
    return pdf.file({**pdf.page(), **{number: pdf.flate(page) for number, page in enumerate(pages, 4)}})


def _html(words):
    return b"<!DOCTYPE html><html><body>" + _elements(words, b'<p class="words"><a href="https://www.example.com/">%s</a></p>\r\n') + b"</body></html>"


def _svg(words):
    return b'<svg xmlns="http://www.w3.org/2000/svg">' + _elements(words, b'<text x="10" y="10" fill="#000">%s</text>\r\n') + b"</svg>"


# What is opaque comes first: the others are compared with it.
KINDS = {
    "opaque": ("a.dat", lambda words: random.Random(len(words)).randbytes(len(words))),
    "words, as a file": ("words.dat", lambda words: words),
    "zip": ("a.zip", lambda words: good_mail.zipped({"words.dat": words})),
    "zip, locked (AES), password in the words": ("a.zip", _by_7z("zip", "-p" + PASSWORD, "-mem=AES256")),
    "zip, locked (the old way), the same": ("a.zip", _by_7z("zip", "-p" + PASSWORD, "-mem=ZipCrypto")),
    "7z (LZMA)": ("a.7z", _by_7z("7z", "-m0=lzma")),
    "7z (LZMA2)": ("a.7z", _by_7z("7z", "-m0=lzma2")),
    "7z (PPMd)": ("a.7z", _by_7z("7z", "-m0=ppmd")),
    "RAR 5, stored": ("a.rar", _rar),
    "tar": ("a.tar", _tar("")),
    "tar.gz": ("a.tar.gz", _tar("gz")),
    "tar.bz2": ("a.tar.bz2", _tar("bz2")),
    "tar.xz": ("a.tar.xz", _tar("xz")),
    "iso": ("a.iso", lambda words: iso.image({"words.dat": words}, {"words.dat": words})),
    "msg": ("a.msg", lambda words: msg.octets(msg.message(msg.attachment("words.dat", words)))),
    "winmail.dat (TNEF)": ("winmail.dat", lambda words: tnef.with_file("words.dat", words)),
    "smime.p7m (CMS, signed)": ("smime.p7m", _signed),
    "eml": ("a.eml", lambda words: samples.with_attachment("words.dat", words)),
    "mbox": ("a.mbox", _mailbox),
    "OneNote": ("a.one", lambda words: onenote.section(("words.dat", words))),
    "PDF with a file": ("a.pdf", lambda words: pdf.file(pdf.with_file(words, b"/F(words.dat)"))),
    "uuencode": ("a.txt", _uuencoded),
    "base64 as text": ("words.dat.b64", base64.encodebytes),
    "calendar with a file": ("a.ics", _calendar),
    "docx": ("a.docx", _docx),
    "xlsx": ("a.xlsx", _xlsx),
    "odt": ("a.odt", _odt),
    "doc (OLE)": ("a.doc", _doc),
    "RTF": ("a.rtf", _rtf),
    "PDF": ("a.pdf", _pdf),
    "HTML": ("a.html", _html),
    "SVG": ("a.svg", _svg),
    "text": ("a.txt", lambda words: words),
}


def message(kind, octets):
    """(message, octets of the file), with so many octets of words; None where something to make it is absent."""
    name, make = KINDS[kind]
    content = make(_words(random.Random(octets), octets))
    if content is None:
        return None
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "sender@client.example", "user@example.com", kind
    mail["Date"], mail["Message-ID"] = "Mon, 05 Jan 2026 10:00:00 +0000", "<1@client.example>"
    mail.set_content("As promised.\nThe password is: %s\n" % PASSWORD)
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(mail), len(content)
