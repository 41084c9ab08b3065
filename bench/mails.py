# SPDX-License-Identifier: ISC
"""Messages made from a seed: the same seed, the same messages."""
import base64
import io
import random
import zipfile

HEADER = ("From: Ada <u@gp.example>\r\nTo: <r@gp.example>\r\nSubject: {subject}\r\n"
          "Date: Mon, 1 Jun 2026 00:00:00 +0000\r\nMessage-Id: <{number}@gp.example>\r\nMIME-Version: 1.0\r\n"
          "Content-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n")
BOUNDARY = "----=_part_of_the_bench"


class Mails:
    """messages(count): in turn plain text of 4 KB, HTML with links, a zip beside text, a signed one; each twentieth has 1 MB."""

    def __init__(self, seed, sender):
        self._random = random.Random(seed)
        self._sender = sender
        self._words = ["".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=self._random.randint(2, 11))) for _ in range(2000)]
        self._number = 0

    def messages(self, count):
        kinds = (self.plain, self._html, self._zip, self._signed)
        return [(self._large if i % 20 == 19 else kinds[i % 4])() for i in range(count)]

    def _text(self, octets):
        lines, size = [], 0
        while size < octets:
            lines.append(" ".join(self._random.choices(self._words, k=9))[:76])
            size += len(lines[-1]) + 2
        return "\r\n".join(lines) + "\r\n"

    def _message(self, kind, body, encoding="7bit"):
        self._number += 1
        head = HEADER.format(subject=" ".join(self._random.choices(self._words, k=5)), number=self._number, type=kind, encoding=encoding)
        return (head + body).encode("ascii")

    def plain(self, octets=4096):
        return self._message("text/plain; charset=utf-8", self._text(octets))

    def _large(self):
        return self.plain(1 << 20)

    def _signed(self):
        return self._sender.signed(self.plain())

    def _html(self):
        links = "".join('<p>%s <a href="https://%s.%s.example/%s?id=%d">%s</a></p>\r\n' % (
            " ".join(self._random.choices(self._words, k=8)), *self._random.choices(self._words, k=3),
            self._random.randrange(10 ** 6), self._random.choice(self._words)) for _ in range(30))
        return self._message("text/html; charset=utf-8", "<html><body>\r\n%s</body></html>\r\n" % links)

    def _zip(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("notes.txt", "list.csv"):
                archive.writestr(zipfile.ZipInfo(name), self._text(12000))
        body = "--%s\r\nContent-Type: text/plain\r\n\r\n%s\r\n--%s\r\nContent-Type: application/zip; name=\"notes.zip\"\r\n" \
            "Content-Disposition: attachment; filename=\"notes.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--%s--\r\n" % (
                BOUNDARY, self._text(1000), BOUNDARY, base64.encodebytes(packed.getvalue()).decode().replace("\n", "\r\n"), BOUNDARY)
        return self._message('multipart/mixed; boundary="%s"' % BOUNDARY, body)
