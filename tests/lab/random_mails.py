# SPDX-License-Identifier: ISC
"""Messages at random: parts in parts and messages in messages, of which some are forbidden, each encoded in some way."""
import os
import quopri

from lab import samples

from lab.forbidden import b64, document_with_macros, file, head, quoted, random_program


def random_mail(rng, subject):
    """(the message, its forbidden leaves as they stand in it)"""
    leaves = []
    fields, content = _part(rng, rng.randint(1, 3), leaves)
    octets = head(subject, *fields) + content
    return octets + rng.choice((b"", b"\r\n", b"\r\n")), leaves


def _part(rng, depth, leaves):
    """(header fields, content), without the newline that belongs to the boundary behind it."""
    kinds = [_clean, _forbidden] + ([_multipart] * 4 + [_message] if depth else [])
    return rng.choice(kinds)(rng, depth, leaves)


def _multipart(rng, depth, leaves):
    boundary = rng.choice((b"b", b"b%d" % depth, b"=_%s" % rng.randbytes(8).hex().encode(), b"a b" + b"x" * depth))
    content = rng.choice((b"", b"preamble"))
    for _ in range(rng.randint(1, 4)):
        fields, inner = _part(rng, depth - 1, leaves)
        content += b"\r\n--" + boundary + rng.choice((b"", b"", b"  ")) + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + inner
    content += rng.choice((b"\r\n--%s--" % boundary,) * 3 + (b"\r\n--%s--\r\nepilogue" % boundary, b""))
    return [b'Content-Type: multipart/%s; boundary="%s"' % (rng.choice((b"mixed", b"alternative", b"related")), boundary)], content


def _message(rng, depth, leaves):
    fields, content = _part(rng, depth - 1, leaves)
    return [b"Content-Type: message/rfc822"], head("within", *fields) + content


def _clean(rng, _depth, _leaves):
    text = b"".join(b"%s %d\r\n" % (rng.randbytes(rng.randint(1, 30)).hex().encode(), n) for n in range(rng.randint(1, 60))).rstrip()
    return rng.choice([
        lambda: ([b"Content-Type: text/plain"], text), lambda: ([], text), lambda: ([b"Content-Type: text/html; charset=utf-8"], b"<p>" + text + "grüße</p>".encode()),
        lambda: ([b"Content-Type: text/plain", b"Content-Transfer-Encoding: quoted-printable"], quopri.encodestring(text + "ü".encode()).replace(b"\n", b"\r\n")),
        lambda: file("picture.png", b64(b"\x89PNG\r\n\x1a\n" + rng.randbytes(rng.randint(1, 4000))).rstrip(), kind=b"image/png"),
        lambda: file("notes.txt", b64(text).rstrip())])()


def _script(rng):
    return b"".join(b"%sset v%d=%s\r\n" % (b"." * rng.choice((0, 0, 1, 2)), n, os.urandom(20).hex().encode()) for n in range(rng.randint(5, 90))).rstrip()


def _forbidden(rng, _depth, leaves):
    fields, leaf = rng.choice([
        lambda: file("setup.exe", b64(random_program()).rstrip()), lambda: file("photo.jpg", b64(random_program()).rstrip(), kind=b"image/jpeg"),
        lambda: file("invoice.zip", b64(samples.zipped("invoice.exe", random_program())).rstrip()),
        lambda: file("offer.docm", b64(document_with_macros()).rstrip()),
        lambda: file("readme.txt", samples.EICAR + b"\r\n" + _script(rng), b"7bit", b"text/plain"), lambda: file("run.bat", _script(rng), b"8bit"),
        lambda: file("run.js", quoted(_script(rng)[:2000]), b"quoted-printable")])()
    leaves.append(leaf)
    return fields, leaf
