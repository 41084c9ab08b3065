# SPDX-License-Identifier: ISC
"""What `gatepostctl probe` is tried on: messages, real servers that have them, and how it is called."""
import base64
import json
import struct
import subprocess

import pytest

from lab import needs, samples, users
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot

CTL = needs.BUILD / "gatepostctl"
WELL, SEE_TO, NOT_REACHED = 0, 1, 2
MAILS = [samples.clean("one"), b"Subject: dots\r\n\r\n.\r\n..x\r\nthe last line, without an end", samples.of_size(40000)]
EIGHT_BIT = "Subject: grüß\r\n\r\nGrüße\r\n".encode()  # Courier wraps that anew each time
NAME = "mail.example.com"  # of certificates
VERIFY = 'tls verify "%s"' % NAME

CONFIG = """antivirus {{ enabled off }}
tls {{ ca_file "{ca}" }}
timeouts {{ connect 2s  backend 2s }}
listen {word} "front" on "127.0.0.1:1110" {{ {listen} }}
backend box {{ {servers} }}
{more}"""


def server_line(word, port, tls=""):
    """A line of a backend."""
    return '%s "127.0.0.1:%d" %s' % (word, port, tls)


class Probe:
    """probe(servers, words...): (status, an object for each server); `servers` are lines of the backend `box`."""

    def __init__(self, folder, authority, word):
        self.path, self.ca, self.word = folder / "probe.conf", authority.ca, word
        self.stderr = ""

    def __call__(self, servers, *words, listen="backend box", more="", password=users.PASSWORD):
        self.path.write_text(CONFIG.format(ca=self.ca, word=self.word, listen=listen, servers=servers, more=more))
        done = subprocess.run([CTL, "probe", "--json", "--config", self.path, *words], input=password + "\n", capture_output=True, text=True, timeout=40)
        assert not password.strip() or password not in done.stdout + done.stderr
        self.stderr = done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


class Servers:
    """Real ones, each started when it is first asked for: user@example.com has MAILS, wrapped@example.com EIGHT_BIT."""

    def __init__(self, folder, authority):
        self.folder, self.started = folder, {}
        self.makers = {"dovecot": lambda: Dovecot(folder, str(folder / "mail"), authority.certificate(NAME, file="probed")),
                       "courier": lambda: Courier(folder), "cyrus": lambda: Cyrus(folder)}

    def __call__(self, name):
        if not needs.IS_ROOT:
            pytest.skip("needs root: servers of its own")
        if name not in self.started:
            self.folder.mkdir(exist_ok=True)
            it = self.makers[name]()
            it.fill("user@example.com", MAILS)
            it.fill("wrapped@example.com", [EIGHT_BIT])
            self.started[name] = it.start()
        return self.started[name]

    def stop(self):
        for it in self.started.values():
            it.stop()


NTLM_CHALLENGE = base64.b64encode(b"NTLMSSP\0" + struct.pack("<IHHII8s8xHHI", 2, 0, 0, 56, 0x00000201, b"12345678", 0, 0, 56) + bytes(8))


def ntlm(says, begins=b"+ \r\n", initial=True, refuses="-ERR syntax"):
    """AUTH and AUTHENTICATE as a server does it that has NTLM; `says` is its last word."""
    def auth(session, line):
        words = line.split()
        if words[1].upper() != b"NTLM":
            return None
        if len(words) > 2 and not initial:
            return refuses
        if len(words) == 2:
            session.socket.sendall(begins)
            session._line()
        answer = base64.b64decode(session._asked(NTLM_CHALLENGE))
        assert answer.startswith(b"NTLMSSP\0\3")
        return says
    return auth
