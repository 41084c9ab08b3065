# SPDX-License-Identifier: ISC
"""Messages of odd shapes, in which nothing is forbidden: what reads them must give every octet of them."""
from lab import samples

LINE = b"a line of the lab, a little longer than the others and otherwise like them\r\n"

ODD = {
    "clean": samples.clean("odd"),
    "with an attachment": samples.with_attachment("data.bin", bytes(range(256)) * 20),
    "dots at line beginnings": b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n. \r\n.a\r\n\r\n.\r\n",
    "a dot behind the header": b"Subject: dot\r\n\r\n.body\r\n",
    "a dot at the very end": b"Subject: dot\r\n\r\nbody\r\n.",
    "no final newline": b"Subject: no end\r\n\r\nthe last line",
    "an empty body": b"Subject: empty\r\n\r\n",
    "a header alone": b"Subject: alone\r\nX-More: yes\r\n",
    "half a header line": b"Subject: cut",
    "no header": b"\r\nbody at once\r\n",
    "nothing that is a header": b"this is no field\r\nnor is this\r\n\r\nand a body\r\n",
    "nothing but newlines": b"\r\n\r\n\r\n\r\n",
    "NULs": b"Subject: nul\r\n\r\nbe\0fore\r\n\0\0\r\n\0",
    "eight bit": "Subject: grüß\r\n\r\nGrüße, 世界\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "control characters": b"Subject: control\r\n\r\n" + bytes(n for n in range(1, 32) if n not in (10, 13)) + b"\x7f\r\n",
    "CRs alone": b"Subject: cr\r\n\r\na\rb\r\r\n\rc\r\n.\rd\r\n",
    "newlines alone": b"Subject: lf\n\nbody\n.\n..\nend\n",
    "mixed newlines": b"Subject: both\r\nX: y\n\r\nbody\n.\r\nend\r\n",
    "a long line": b"Subject: long\r\n\r\n" + b"x" * 100000 + b"\r\n.\r\n",
    "a long header line": b"Subject: " + b"y" * 70000 + b"\r\n\r\nbody\r\n",
    "many lines": b"Subject: many\r\n\r\n" + b".\r\n" * 5000 + LINE * 5000,
    "boundaries without parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n--b\r\n--b--\r\n--b--\r\n',
    "a message that never ends its parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\n',
}
NAMES = list(ODD)
