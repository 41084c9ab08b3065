# SPDX-License-Identifier: ISC
"""Messages with content that a policy refuses; and what tells whether it was put out of what is shown, and nothing else."""
import base64
import email
import io
import os
import zipfile

from lab import samples
from lab.pop3_client import stuffed


def random_program():
    """A program of which no eight octets in a row are like any others."""
    return samples.PROGRAM + os.urandom(6000)


def b64(content):
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def document_with_macros():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (("[Content_Types].xml", b'<?xml version="1.0"?><x/>'), ("word/document.xml", b'<?xml version="1.0"?><x/>'),
                              ("word/vbaProject.bin", os.urandom(3000))):
            archive.writestr(name, content)
    return out.getvalue()


def head(subject, *more):
    return b"\r\n".join([b"From: sender@client.example", b"To: user@example.com", b"Subject: " + subject.encode(), b"MIME-Version: 1.0", *more, b"", b""])


def multipart(subject, *parts, end=b"\r\n--outer--\r\nepilogue\r\n", kind=b"mixed"):
    """Parts are (header fields, content)."""
    octets = head(subject, b"Content-Type: multipart/%s; boundary=\"outer\"" % kind) + b"preamble"
    for fields, content in parts:
        octets += b"\r\n--outer\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + content
    return octets + end


def fragment(number, content):
    """(one of two parts of a message, each by itself a message (RFC 2046 5.2.2); its header)"""
    header = b'From: sender@client.example\r\nTo: user@example.com\r\nSubject: part\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n' \
        b'Message-ID: <part@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: message/partial; id="whole@client.example"; number=%d; total=2\r\n\r\n' % number
    return header + b"Content-Type: text/plain\r\n\r\n" + content, header


def random_lines():
    """Of which no piece is found anywhere by chance."""
    return b"".join(b"%s\r\n" % os.urandom(20).hex().encode() for _ in range(20))


def file(name, content, encoding=b"base64", kind=b"application/octet-stream"):
    name = name.encode()
    return [b"Content-Type: %s; name=\"%s\"" % (kind, name), b"Content-Transfer-Encoding: " + encoding,
            b'Content-Disposition: attachment; filename="%s"' % name], content


TEXT = [b"Content-Type: text/plain; charset=utf-8"], "Grüße,\r\n.\r\n..dots\r\n".encode()
PICTURE = file("picture.png", b64(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).rstrip(), kind=b"image/png")
SCRIPT = b"".join(b"set v%d=%s\r\n" % (n, os.urandom(20).hex().encode()) for n in range(120))
DOTTED = b"".join(b"%secho %s\r\n" % (b"." * (n % 4), os.urandom(20).hex().encode()) for n in range(120))


def quoted(content):
    return b"".join(b"=%02X" % octet + (b"=\r\n" if n % 20 == 19 else b"") for n, octet in enumerate(content))


def blocked_leaves():
    """{name: (the message, what of it is to be put out)}: content that begins and ends with its leaf."""
    program, document = b64(random_program()).rstrip(), b64(document_with_macros()).rstrip()
    packed = b64(samples.zipped("invoice.exe", random_program())).rstrip()
    malware = samples.EICAR + b"\r\n" + SCRIPT.rstrip()
    inner = multipart("inside", TEXT, file("setup.exe", program), end=b"\r\n--outer--\r\n").replace(b"outer", b"inner")
    deep = b"--inner\r\nContent-Type: text/plain\r\n\r\nplain\r\n--inner\r\n" + b"\r\n".join(file("deep.exe", b"")[0]) + b"\r\n\r\n" + program + b"\r\n--inner--"
    return {
        "a program": (multipart("program", TEXT, file("setup.exe", program), PICTURE), program),
        "a program under another name": (multipart("program", TEXT, file("photo.jpg", program, kind=b"image/jpeg"), PICTURE), program),
        "a program in a zip": (multipart("zip", TEXT, file("invoice.zip", packed), PICTURE), packed),
        "a document with macros": (multipart("macros", PICTURE, file("offer.docm", document), TEXT), document),
        "EICAR's test file": (multipart("eicar", TEXT, file("readme.txt", malware, b"7bit", b"text/plain"), PICTURE), malware),
        "a script": (multipart("script", file("run.bat", SCRIPT.rstrip(), b"7bit"), TEXT), SCRIPT.rstrip()),
        "lines that begin with dots": (multipart("dots", TEXT, file("run.bat", DOTTED.rstrip(), b"8bit"), PICTURE), DOTTED.rstrip()),
        "quoted-printable": (multipart("qp", TEXT, file("run.js", quoted(SCRIPT), b"quoted-printable"), PICTURE), quoted(SCRIPT)),
        "in a part of parts": (multipart("deep", TEXT, ([b'Content-Type: multipart/mixed; boundary="inner"'], deep), PICTURE), program),
        "in an attached message": (multipart("forwarded", TEXT, ([b"Content-Type: message/rfc822"], inner.rstrip()), PICTURE), program),
        "by itself": (head("alone", *file("setup.exe", b"")[0]) + program + b"\r\n", program),
        "without an end": (multipart("open", TEXT, file("setup.exe", program), end=b""), program),
        "without a last newline": (head("alone", *file("run.bat", b"", b"7bit")[0]) + SCRIPT.rstrip(), SCRIPT.rstrip()),
        "a long line": (multipart("line", TEXT, file("run.bat", SCRIPT.replace(b"\r\n", b" ") * 10, b"8bit"), PICTURE), SCRIPT.replace(b"\r\n", b" ") * 10),
        "with the name in pieces": (multipart("rfc 2231", TEXT, ([b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64",
                                                                   b"Content-Disposition: attachment; filename*0*=utf-8''set%75; filename*1=p.exe"], program), PICTURE), program),
    }


def of_each_kind():
    """{subject: (the message, its forbidden content, that content as it is encoded)}"""
    contents = {"malware": ("readme.txt", samples.EICAR + os.urandom(3000)), "program": ("invoice.zip", samples.zipped("invoice.exe", random_program())),
                "macros": ("offer.docm", document_with_macros())}
    return {subject: (multipart(subject, TEXT, file(name, b64(content).rstrip())), content, b64(content).rstrip())
            for subject, (name, content) in contents.items()}


def pieces(content, length=12):
    """Parts of the content that are found nowhere by chance."""
    return {content[at:at + length] for at in range(0, len(content) - length, length)}


def leaks(content, shown):
    """Those pieces of a leaf that are still seen in what was shown; base64 of blanks is none, nor are the four octets that a
    piece of quoted-printable may be, which the notice can hold by chance."""
    windows = {shown[at:at + 12] for at in range(len(shown) - 11)}
    return [piece for piece in pieces(content) & windows if len(set(piece)) > 4 and piece.count(b"=") < 3]


def check_put_out(original, shown, leaf):
    """All but the leaf is as it was, octet for octet, and of the leaf is nothing left but its length and its encoding."""
    assert len(shown) == len(original)
    assert len(stuffed(shown)) == len(stuffed(original)), "another length on the wire"
    start = original.index(leaf)
    end = start + len(leaf)
    assert shown[:start] == original[:start] and shown[end:] == original[end:]
    assert not leaks(leaf, shown[start:end])
    notice = decoded(shown, original, leaf)
    assert b"Gatepost" in notice[:200], notice[:200]


def decoded(shown, original, leaf):
    """What a mail program makes of the leaf now."""
    parts = zip(email.message_from_bytes(original).walk(), email.message_from_bytes(shown).walk())
    return next(new.get_payload(decode=True) for old, new in parts
                if not old.is_multipart() and leaf[:60] in old.get_payload().encode("utf-8", "surrogateescape"))
