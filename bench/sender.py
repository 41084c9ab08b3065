# SPDX-License-Identifier: ISC
"""The domain that the load may send for: its zones, its key, its signatures."""
import base64
import os
import subprocess

import dkim

ZONE = """$ORIGIN gp.example.
$TTL 3600
@ IN SOA ns.gp.example. h.gp.example. 1 3600 600 86400 60
@ IN NS ns.gp.example.
@ IN MX 10 client
@ IN A 127.0.0.1
@ IN TXT "v=spf1 ip4:127.0.0.0/8 -all"
ns IN A 127.0.0.1
client IN A 127.0.0.1
client IN TXT "v=spf1 a -all"
_dmarc IN TXT "v=DMARC1; p=reject"
sel._domainkey IN TXT "v=DKIM1; k=rsa; p={key}"
"""
REVERSE = """$ORIGIN 127.in-addr.arpa.
$TTL 3600
@ IN SOA ns.gp.example. h.gp.example. 1 3600 600 86400 60
@ IN NS ns.gp.example.
1.0.0 IN PTR client.gp.example.
"""
# As a milter that signs for it.
OPENDKIM = """
Mode s
Syslog no
Socket inet:{port}@127.0.0.1
UserID root
PidFile {folder}/opendkim.pid
Background no
TemporaryDirectory {folder}
InternalHosts 127.0.0.1
Domain gp.example
Selector sel
KeyFile {key}
Canonicalization relaxed/relaxed
OversignHeaders From
RequireSafeKeys no
"""
MESSAGE = (b"From: <u@gp.example>\r\nTo: <r@gp.example>\r\nSubject: load\r\nDate: Mon, 1 Jun 2026 00:00:00 +0000\r\n"
           b"Message-Id: <load@gp.example>\r\n\r\n" + (b"x" * 76 + b"\r\n") * 52)


class Sender:
    """Its key lies in `folder`: the same one at the next run there."""

    def __init__(self, folder):
        path = os.path.join(folder, "sender.key")
        if not os.path.exists(path):
            subprocess.run(["openssl", "genrsa", "-out", path, "2048"], capture_output=True, check=True)
        with open(path, "rb") as file:
            self._key = file.read()

    def zones(self):
        """{name: text}."""
        public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=self._key, capture_output=True, check=True)
        record = base64.b64encode(public.stdout).decode()
        return {"gp.example": ZONE.format(key=record[:200] + '" "' + record[200:]), "127.in-addr.arpa": REVERSE}

    def signed(self, message):
        return dkim.sign(message, b"sel", b"gp.example", self._key) + message
