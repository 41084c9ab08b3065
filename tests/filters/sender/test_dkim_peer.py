# SPDX-License-Identifier: ISC
"""DKIM beside libopendkim, signature by signature: over the suites of other verifiers, and over messages that are signed here in
all forms and changed here and there. What the two judge otherwise for a reason is named below."""
import json
import random
import re
import subprocess
import time

import pytest

from lab.needs import BUILD, CORPORA
from test_dkim import DUMP, NOW, rsa_key, run, suite, text_of

PEER = BUILD / "tests/dkim_peer_dump"
BARE_KEY = re.compile(r"p=\s*MI(GJ|IBCg)")  # an RSAPublicKey, which libopendkim does not read
OCTETS_ALIKE = b" \t\r\n;=:aA0/+,.@"  # what may stand anywhere without that either leaves RFC 6376 on its own way

pytestmark = pytest.mark.skipif(not PEER.exists() or not DUMP.exists(), reason="not built")
dkim = pytest.importorskip("dkim", reason="no python3-dkim")


def peer(jobs):
    def drift(message):
        fields = re.findall(r"(?ims)^dkim-signature:.*?(?=^\S|\Z)", message)
        times = [int(t) for field in fields for t in re.findall(r"(?<![a-z])t\s*=\s*(\d+)", field)]
        return min(times + [2**62])

    lines = "".join(json.dumps({"message": job["message"], "dns": job["dns"], "drift": drift(job["message"])}) + "\n" for job in jobs)
    done = subprocess.run([PEER], input=lines.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def passed(signatures):
    return sorted((s.get("domain", "").lower(), s.get("selector", "").lower()) for s in signatures if s["result"] == "pass")


def excused(signature):
    """Ours, for which libopendkim has another answer by decision: RFC 8301, drafts, what is no base64, text behind the header."""
    return (signature["algorithm"].lower() != "rsa-sha256" or signature["result"] == "policy"
            or signature["reason"] in ("b= or bh= is no base64", "v= is not 1", "signature expired",
                                       "a line of the header is no field"))


def compare(jobs):
    """How many signatures pass; all others must be no pass for both."""
    count = 0
    for job, ours, theirs in zip(jobs, run(jobs), peer(jobs), strict=True):
        if any(excused(s) for s in ours["signatures"]) or any(map(BARE_KEY.search, job["dns"].values())):
            continue
        assert passed(ours["signatures"]) == passed(theirs), (job, ours, theirs)
        count += len(passed(theirs))
    return count


@pytest.mark.skipif(not (CORPORA / "dkim").exists(), reason="no DKIM corpus")
def test_the_suites_of_other_verifiers():
    """None of them has a second record at a name, or an error: those are no matter of libopendkim's."""
    cases = [c for c in suite() if all(isinstance(record, str) for record in c["dns"].values())]
    count = compare([{"message": text_of(CORPORA / "dkim" / c["file"]), "now": NOW, "dns": c["dns"]} for c in cases])
    print(f"\nDKIM beside libopendkim: {len(cases)} cases, {count} signatures pass for both")
    assert count > 20


class Maker:
    """Messages of odd fields, folded and blank, and bodies of odd lines; each signed once to three times, some changed then."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, pieces, most):
        return b"".join(self.random.choice(pieces) for _ in range(self.random.randint(0, most)))

    def field(self):
        name = self.random.choice([b"To", b"Subject", b"X-A", b"Cc", b"SUBJECT", b"to", b"X_b", b"From"])
        return name + b":" + self.pick([b" ", b"\t", b"word", b"\r\n ", b"\r\n\t", b"  ", b"\xc3\xa9", b":", b"\r\n \r\n x"], 8) + b"\r\n"

    def unsigned(self):
        fields = b"".join(self.field() for _ in range(self.random.randint(0, 5)))
        body = self.pick([b"\r\n", b" ", b"\t", b"word", b"line of text\r\n", b" \r\n", b"\r\n\r\n", b"x", b"\xff"], 25)
        return b"From: a@example.org\r\n" + fields + b"\r\n" + body

    def signature(self, message, selector, bits):
        form = [b"simple", b"relaxed"]
        names = [b"to", b"subject", b"x-a", b"cc", b"from", b"not-there"]
        return dkim.sign(message, selector, b"example.org", rsa_key(bits)[0],
                         identity=self.random.choice([None, b"@example.org", b"u@sub.example.org"]),
                         canonicalize=(self.random.choice(form), self.random.choice(form)),
                         include_headers=[b"from"] + [self.random.choice(names) for _ in range(self.random.randint(0, 5))],
                         length=self.random.random() < 0.25)

    def changed(self, message):
        at = self.random.randrange(len(message))
        octet = bytes([self.random.choice(OCTETS_ALIKE)])
        return self.random.choice([message[:at] + octet + message[at + 1:], message[:at] + octet + message[at:],
                                   message[:at] + message[at + 1:], message + b"x", message + b"\r\n"])

    def job(self):
        message, dns = self.unsigned(), {}
        for i in range(self.random.choice([1, 1, 2, 3])):
            bits = self.random.choice([1024, 2048])
            message = self.signature(message, b"s%d" % i, bits) + message
            dns[f"s{i}._domainkey.example.org"] = rsa_key(bits)[1] + self.random.choice(["", "", "", "; t=y", "; t=s", "; s=email"])
        if self.random.random() < 0.6:
            message = self.changed(message)
        return {"message": message.decode("latin-1"), "now": int(time.time()), "dns": dns}


def is_plain(job):
    """A CR or LF by itself is not spoken of in RFC 6376, and what is done to one differs."""
    return not re.search(r"\r(?!\n)|(?<!\r)\n", job["message"])


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_signed_in_all_forms_and_changed(seed):
    maker = Maker(seed)
    jobs = [job for job in (maker.job() for _ in range(250)) if is_plain(job)]
    count = compare(jobs)
    print(f"\nDKIM beside libopendkim: {len(jobs)} messages, {count} signatures pass for both")
    assert count > 100
