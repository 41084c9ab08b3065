# SPDX-License-Identifier: ISC
"""Keys that a gateway signs with, and those who verify what it has signed: python3-dkim and libopendkim."""
import base64
import json
import os
import re
import subprocess

from lab.needs import BUILD

PEER = BUILD / "tests/dkim_peer_dump"


def _openssl(*words):
    return subprocess.run(["openssl", *words], capture_output=True, check=True).stdout


class Key:
    """A private key in `file`, and the record that publishes it."""

    def __init__(self, folder, domain, selector, algorithm="rsa", bits=2048):
        self.domain, self.selector, self.algorithm = domain, selector, algorithm
        self.file = os.path.join(str(folder), "%s.%s.pem" % (domain, selector))
        how = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits) if algorithm == "rsa" else ("-algorithm", "ED25519")
        _openssl("genpkey", *how, "-out", self.file)
        os.chmod(self.file, 0o600)

    @property
    def record(self):
        der = _openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        public = der if self.algorithm == "rsa" else der[-32:]
        return "v=DKIM1; k=%s; p=%s" % (self.algorithm, base64.b64encode(public).decode())

    @property
    def name(self):
        return "%s._domainkey.%s" % (self.selector, self.domain)

    @property
    def line(self):
        return 'selector "%s" key "%s"' % (self.selector, self.file)


def sentence(domains, *keys):
    return "dkim %s { %s }\n" % (" ".join('"%s"' % d for d in domains), "  ".join(key.line for key in keys))


def _by_dkimpy(message, records):
    """[(d, s, verifies)] of each signature."""
    import dkim

    def answer(name, timeout=5):
        text = records.get(name.decode().rstrip("."))
        return text.encode() if text else None

    count = len(re.findall(rb"(?im)^dkim-signature:", message.split(b"\r\n\r\n")[0]))
    verifier = dkim.DKIM(message, minkey=1024)
    found = []
    for i in range(count):
        try:
            good = verifier.verify(idx=i, dnsfunc=answer)
        except dkim.DKIMException as e:
            good = str(e)
        found.append((verifier.domain.decode(), verifier.selector.decode(), good))
    return found


def _by_opendkim(message, records):
    times = [int(t) for t in re.findall(rb"[ ;\t]t=(\d+)", message.split(b"\r\n\r\n")[0])]
    job = {"message": message.decode("latin-1"), "dns": records, "drift": min(times + [2**62])}
    done = subprocess.run([PEER], input=(json.dumps(job) + "\n").encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    signatures = json.loads(done.stdout.decode())
    return [(s["domain"], s["selector"], s["result"] == "pass" or "%(result)s: %(reason)s" % s) for s in signatures]


def verify(message, *keys):
    """[(domain, selector, True or what is wrong)] of its signatures, on which both verifiers agree."""
    records = {key.name: key.record for key in keys}
    first, second = _by_dkimpy(message, records), _by_opendkim(message, records)
    assert [(d, s, good is True) for d, s, good in first] == [(d, s, good is True) for d, s, good in second], (first, second)
    return second
