# SPDX-License-Identifier: ISC
"""Messages of every kind that a policy tells apart, as a client sends them: {name: octets}."""
import base64
import io
import time
import zipfile

from lab import pdf, pictures, samples

HEAD = b"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@good.example>\r\nTo: user@example.com\r\n"
LINKS_MAX = 60  # domains of a message that are looked up in lists


def raw(head, body=b"hello\r\n", author=b"From: a@good.example\r\n"):
    """Header fields as they are, after the usual ones."""
    return author + HEAD + b"Subject: a case\r\n" + head + b"\r\n" + body


def asks(word, head=b""):
    """For a rule about Subject, and one about a field of its own."""
    return raw(b"X-Case: " + word + b"\r\n" + head).replace(b"Subject: a case", b"Subject: " + word)


def authors(*fields, head=b""):
    return raw(head, author=b"".join(b"From: " + field + b"\r\n" for field in fields))


def multipart(*parts, kind=b"mixed", boundary=b"b", head=b""):
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    return raw(b'MIME-Version: 1.0\r\nContent-Type: multipart/' + kind + b'; boundary="' + boundary + b'"\r\n' + head, body)


def as_part(message):
    """Of a multipart() what may stand in another."""
    return message.partition(b"MIME-Version: 1.0\r\n")[2]


def text(content=b"hello", kind=b"plain"):
    return b"Content-Type: text/" + kind + b"; charset=utf-8\r\n\r\n" + content


def file(name, content, kind=b"application/octet-stream"):
    return (b'Content-Type: ' + kind + b'; name="' + name + b'"\r\nContent-Disposition: attachment; filename="' + name
            + b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(content).replace(b"\n", b"\r\n"))


def inside(raw_message):
    return b"Content-Type: message/rfc822\r\n\r\n" + raw_message


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def locked_zip():
    """Its flags say that a password is needed."""
    octets = bytearray(zipped(secret_txt=b"nobody knows"))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(magic) + at] |= 1
    return bytes(octets)


def linking(*domains):
    return raw(b"", b"".join(b"see http://" + d + b"/x\r\n" for d in domains))


def authors_of_all_kinds():
    return {
        "one": authors(b"a@good.example"),
        "two, the second listed": authors(b"a@good.example, b@bad.example"),
        "two, the first listed": authors(b"b@bad.example, a@good.example"),
        "two of one domain": authors(b"a@good.example, b@good.example"),
        "many": authors(b", ".join(b"n%d@d%d.example" % (n, n) for n in range(30)) + b", z@grey.example"),
        "two fields": authors(b"a@good.example", b"b@bank.example"),
        "two fields, one listed": authors(b"a@good.example", b"b@bad.example"),
        "group": authors(b"us: a@good.example, b@bad.example;"),
        "empty group": authors(b"undisclosed:;"),
        "none": raw(b"", author=b""),
        "no address": authors(b"nobody at all"),
        "no domain": authors(b"someone"),
        "wrong domain": authors(b"a@-bad-.example"),
        "literal": authors(b"a@[192.0.2.1]"),
        "8 bit": authors("Bücher <a@bücher.example>".encode()),
        "A-label": authors(b"a@xn--bcher-kva.example"),
        "encoded": authors(b"=?utf-8?q?a=40bank.example?= <a@good.example>"),
        "encoded address": authors(b"=?utf-8?q?a=40good.example?="),
        "names another": authors(b'"ceo@bank.example" <a@good.example>'),
        "comment": authors(b"a@good.example (b@bad.example)"),
        "route": authors(b"<@bad.example:a@good.example>"),
        "upper case": authors(b"A@GOOD.EXAMPLE."),
        "folded": authors(b"a\r\n <a@good.example>"),
        "NUL-like": authors(b"a@good.example\x01"),
        "bank": authors(b"a@bank.example"),
        "below bank": authors(b"a@sub.bank.example"),
        "shop": authors(b"a@shop.example"),
        "news": authors(b"a@news.example"),
        "below news": authors(b"a@sub.news.example"),
        "not below news": authors(b"a@none.news.example"),
        "testing": authors(b"a@test.example"),
        "two records": authors(b"a@odd.example"),
        "listed": authors(b"a@bad.example"),
        "listed a little": authors(b"a@www.grey.example"),
        "broken": authors(b"a@broken.example"),
        "below broken": authors(b"a@host.broken.example"),
        "silent": authors(b"a@silent.example"),
        "no such domain": authors(b"a@nothing.invalid"),
        "top level": authors(b"a@example"),
    }


def code():
    return pictures.code("https://bad.example/")


def contents():
    program = file(b"setup.exe", samples.PROGRAM)
    plain = text()
    return {
        "plain": raw(b""),
        "empty body": raw(b"", b""),
        "no header": b"\r\nonly a body\r\n",
        "no field at all": b" begins folded\r\nFrom: a@good.example\r\n\r\nhello\r\n",
        "from a mail box": b"From a@good.example Mon Jan  5 10:00:00 2026\r\n" + raw(b""),
        "no end of header": b"From: a@good.example\r\nSubject: no end\r\n",
        "no colon": raw(b"this is no field\r\nX-After: it\r\n"),
        "blank before the colon": raw(b"X-Odd : value\r\n"),
        "folded with blanks only": raw(b"X-Fold: a\r\n \t\r\n b\r\n"),
        "long line": raw(b"X-Long: " + b"x" * 20000 + b"\r\n"),
        "8 bit header": raw("X-Case: ein Fähnchen\r\n".encode()),
        "latin-1 header": raw(b"X-Case: ein F\xe4hnchen\r\n"),
        "encoded header": raw(b"X-Case: =?iso-8859-1?q?F=E4hnchen?= =?utf-8?b?w6Q=?=\r\n"),
        "odd encoded word": raw(b"X-Case: =?utf-9?z?x?= =?utf-8?b?%%%?=\r\n"),
        "two subjects": raw(b"Subject: another\r\n"),
        "encoded subject": raw(b"Subject: =?utf-8?q?=E2=82=AC_100?=\r\n").replace(b"Subject: a case\r\n", b""),
        "reply elsewhere": raw(b"Reply-To: Other <x@bad.example>, y@good.example\r\n"),
        "foreign message id": raw(b"").replace(b"<1@good.example>", b"<1@elsewhere.example>"),
        "no message id": raw(b"").replace(b"Message-ID: <1@good.example>\r\n", b""),
        "some hops": b"Received: from a by b; Mon, 05 Jan 2026 10:00:00 +0000\r\n" * 12 + raw(b""),
        "asks to be refused": asks(b"reject"),
        "asks to be deferred": asks(b"defer"),
        "asks to be discarded": asks(b"discard"),
        "asks to be dropped": asks(b"drop"),
        "asks to be accepted": asks(b"accept", b"X-Spam-Flag: YES\r\n"),
        "asks twice": raw(b"X-Case: nothing\r\nX-Case: defer\r\nX-Spam-Flag: YES\r\nX-Spam-Flag: NO\r\n"),
        "HTML": raw(b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n",
                    b'<a href="http://www.bad.example/">x</a> a@grey.example\r\n'),
        "QP links": raw(b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n",
                        b"http://bad.ex=\r\nample/ http=3A//grey.example\r\n"),
        "link that a list fails for": linking(b"fails.example", b"bad.example"),
        "link that a list is silent about": linking(b"unsaid.example"),
        "links": linking(b"bad.example", b"grey.example", b"www.good.example", b"192.0.2.1", b"xn--bcher-kva.example"),
        "as many links as are looked up": linking(*[b"d%d.example" % n for n in range(LINKS_MAX - 6)], b"bad.example"),
        "more links than are looked up": linking(*[b"d%d.example" % n for n in range(3 * LINKS_MAX)], b"bad.example"),
        "links without end": linking(*[b"d%d.example" % n for n in range(1200)], b"bad.example"),
        "alternative": multipart(text(), text(b"<b>hello</b>", b"html"), kind=b"alternative"),
        "program": multipart(plain, program),
        "two programs": multipart(plain, program, file(b"b.scr", samples.PROGRAM), text(b"between")),
        "program as picture": multipart(plain, file(b"photo.jpg", samples.PROGRAM, b"image/jpeg")),
        "malware": multipart(plain, file(b"readme.txt", samples.EICAR)),
        "zipped malware": multipart(plain, file(b"a.zip", zipped(readme_txt=samples.EICAR))),
        "zipped program": multipart(plain, file(b"a.zip", zipped(run_exe=samples.PROGRAM))),
        "zip in zip": multipart(plain, file(b"a.zip", zipped(b_zip=zipped(c_exe=samples.PROGRAM, d_txt=b"x")))),
        "locked zip": multipart(plain, file(b"a.zip", locked_zip())),
        "damaged zip": multipart(plain, file(b"a.zip", zipped(run_txt=b"x" * 500)[:90])),
        "zip of a page": multipart(plain, file(b"scan.png", b"<html>no picture</html>", b"image/png")),
        "many files": multipart(*[file(b"f%d.txt" % n, b"x") for n in range(120)]),
        "odd names": multipart(file("Übung\u202egpj.exe".encode(), b"x"), file(b"=?utf-8?q?a=2Eexe?=", b"y"), file(b"a.exe.", b"z")),
        "a code": multipart(plain, file(b"a.png", pictures.file(code(), "PNG"), b"image/png")),
        "a code without a name": multipart(plain, b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                                           + base64.encodebytes(pictures.file(code(), "JPEG")).replace(b"\n", b"\r\n")),
        "a code in a PDF": multipart(plain, file(b"a.pdf", pictures.samples_in_pdf(code(), b"/DeviceGray"))),
        "a code and a link to the same": multipart(text(b"http://www.bad.example/"), file(b"a.png", pictures.file(code(), "PNG"))),
        "a code that is not read": multipart(plain, file(b"a.gif", pictures.file(code(), "GIF"))),
        "a PDF without pictures": multipart(plain, file(b"a.pdf", pdf.file(pdf.page()))),
        "message in a message": multipart(plain, inside(multipart(text(), program))),
        "message as a file": multipart(plain, file(b"m.eml", raw(b"", b"http://bad.example/\r\n"))),
        "program in a message as a file": multipart(plain, file(b"m.eml", multipart(plain, program))),
        "signed": multipart(text(), b"Content-Type: application/pgp-signature\r\n\r\nxx", kind=b"signed"),
        "signed program": multipart(as_part(multipart(plain, program)),
                                    b"Content-Type: application/pgp-signature\r\n\r\nxx", kind=b"signed", boundary=b"outer"),
        "program beside what is signed": multipart(as_part(multipart(plain, kind=b"signed", boundary=b"in")), program,
                                                   boundary=b"outer"),
        "encrypted by PGP": multipart(b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
                                      b"Content-Type: application/octet-stream\r\n\r\nxx", kind=b"encrypted"),
        "encrypted by S/MIME": raw(b'MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n'
                                   b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n', b"MIAGCSqGSIb3DQEHA6CA\r\n"),
        "no boundary": raw(b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n", b"--b\r\n\r\nx\r\n--b--\r\n"),
        "no end of parts": raw(b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n', b"--b\r\n\r\nx\r\n--b\r\n"),
        "boundary twice": raw(b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"; boundary="c"\r\n',
                              b"--b\r\n\r\nx\r\n--c--\r\n"),
        "two content types": raw(b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n"),
        "two encodings": raw(b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 8bit\r\n",
                             b"aGVsbG8=\r\n"),
        "bad base64": raw(b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n", b"aGVs*bG8=\r\naGVsbG8\r\n"),
        "uuencoded": raw(b"", b"begin 644 run.exe\r\n#0V%T\r\n`\r\nend\r\n"),
        "deep": deep(40),
        "unknown charset": raw(b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown\r\n"),
        "dots": raw(b"", b"..\r\n.x\r\n.\r\nx\r\n"),
        "large": raw(b"", b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 6000),
        "just too big": raw(b"", (b"z" * 98 + b"\r\n") * 10600),
        "too big": asks(b"reject") + (b"z" * 98 + b"\r\n") * 14000,
    }


def deep(levels):
    part = text()
    for n in range(levels):
        part = as_part(multipart(part, boundary=b"n%d" % n))
    head, _, body = part.partition(b"\r\n\r\n")
    return raw(b"MIME-Version: 1.0\r\n" + head + b"\r\n", body)


def seen_by(whom, message):
    """With what one before us has found."""
    results = b"; spf=pass smtp.mailfrom=a@bank.example; dmarc=pass header.from=bank.example\r\n"
    return b"Authentication-Results: " + whom + results + message


class Signer:
    """Signs for the domains of the world; `records` are the keys that it must publish."""

    def __init__(self):
        from lab.internet import Keys
        from lab.sign import Key

        self.keys, self.weak = Keys(), Key(512)
        names = ["rsa._domainkey." + domain for domain in ("good.example", "bad.example", "news.example", "sub.news.example", "grey.example")]
        names += ["arc._domainkey.lists.example", "arc._domainkey.evil.example"]
        self.records = dict.fromkeys(names, self.keys.rsa_record)
        self.records.update({
                             "ed._domainkey.good.example": self.keys.ed_record, "gone._domainkey.good.example": "v=DKIM1; p=",
                             "weak._domainkey.good.example": self.weak.record,
                             "testing._domainkey.good.example": self.keys.rsa_record + "; t=y",
                             "junk._domainkey.good.example": "v=DKIM1; p=not base64!"})

    def sign(self, message, domain=b"good.example", selector=b"rsa", **how):
        import dkim

        key, method = (self.keys.ed, b"ed25519-sha256") if selector == b"ed" else (self.keys.rsa, b"rsa-sha256")
        key = self.weak.private if selector == b"weak" else key
        return dkim.sign(message, selector, domain, key, signature_algorithm=method, **how) + message

    def seal(self, message, domain, server):
        """As a list does that found what `server` says in Authentication-Results."""
        import dkim
        import dns.resolver

        asks = dns.resolver.Resolver(configure=False)
        asks.nameservers, asks.port = ["127.0.0.1"], server.port
        before, dns.resolver.default_resolver = dns.resolver.default_resolver, asks
        try:
            return b"".join(dkim.arc_sign(message, b"arc", domain, self.keys.rsa, domain)) + message
        finally:
            dns.resolver.default_resolver = before

    def mails(self, server):
        good, bank, news = raw(b""), authors(b"a@bank.example"), authors(b"a@news.example")
        signed, junk = self.sign(good), b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=x; h=from; bh=eA==; b=eA==\r\n"
        sealed = self.seal(seen_by(b"lists.example", bank), b"lists.example", server)
        return {
            "signed": signed,
            "signed by Ed25519": self.sign(good, selector=b"ed"),
            "signed twice": self.sign(signed, selector=b"ed"),
            "signed by another": self.sign(good, b"bad.example"),
            "signed by a listed author": self.sign(authors(b"a@grey.example"), b"grey.example"),
            "signed above": self.sign(authors(b"a@sub.news.example"), b"news.example"),
            "signed below": self.sign(news, b"sub.news.example"),
            "changed body": signed + b"added\r\n",
            "changed subject": signed.replace(b"a case", b"another case"),
            "signed in part": self.sign(good, length=True) + b"added\r\n",
            "signed with i=": self.sign(good, identity=b"x@other.good.example"),
            "signed relaxed": self.sign(good, canonicalize=(b"relaxed", b"simple")).replace(b"Subject: a", b"Subject:  a"),
            "weak key": self.sign(good, selector=b"weak"),
            "revoked key": self.sign(good, selector=b"gone"),
            "testing key": self.sign(good, selector=b"testing"),
            "key that is none": self.sign(good, selector=b"junk"),
            "missing key": self.sign(good, selector=b"missing"),
            "broken key": self.sign(good, b"broken.example", b"key"),
            "silent key": self.sign(good, b"silent.example", b"key"),
            "expired": signed.replace(b"; t=", b"; x=%d; t=" % (time.time() - 86400), 1),
            "malformed signature": b"DKIM-Signature: v=1; a=rsa-sha256; d=good.example\r\n" + good,
            "many signatures": b"".join(junk % n for n in range(30)) + signed,
            "sealed by a list": sealed,
            "sealed by who is not trusted": self.seal(seen_by(b"evil.example", bank), b"evil.example", server),
            "sealed twice": self.seal(seen_by(b"evil.example", sealed), b"evil.example", server),
            "sealed and changed": sealed + b"footer\r\n",
            "half a seal": sealed.partition(b"\r\n")[0] + b"\r\n" + bank,
            "sealed, key missing": sealed.replace(b"d=lists.example", b"d=broken.example"),
        }
