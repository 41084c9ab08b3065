# SPDX-License-Identifier: ISC
"""Whatever bound of scanners a message is beyond, it is answered for good: no message gets smaller by being sent again."""
import io
import json
import tarfile
import zipfile

import pytest

from lab import samples
from lab.check import configuration, gatepostctl
from lab.gatepost import backend, domains
from lab.hard_work import MIB, zipped
from lab.smtp_client import send

SUBJECT = 'rule "subject" when message.subject contains "never said" then reject\n'
FIELD = 'rule "field" when any x in header["x-many"] (x contains "never said") then reject\n'
DOMAINS = 'rule "domains" when any d in message.domains (d == "nowhere.example") then reject\n'


def attached(name, content):
    message = samples.message("bounds")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return samples.octets(message)


def headed(*fields):
    return b"".join(fields) + samples.octets(samples.message("bounds"))


def nested(depth):
    content = b"text"
    for n in range(depth):
        content = zipped(zipfile.ZIP_STORED, [("z%d.zip" % n, content)])
    return content


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for n in range(members):
            archive.addfile(tarfile.TarInfo("m%d" % n))
    return out.getvalue()


def parts(count):
    return (b"From: a@client.example\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * count + b"--b--\r\n")


# What is beyond which bound, and the rules that ask for it beside the shipped ones.
BEYOND = {
    "scan.parts": lambda: (parts(1100), ""),
    "scan.depth": lambda: (attached("a.zip", nested(12)), ""),
    "scan.members": lambda: (attached("a.tar", tar(10100)), ""),
    "scan.unpacked": lambda: (attached("a.zip", zipped(zipfile.ZIP_DEFLATED, [("m", bytes(210 * MIB))])), ""),
    "an answer's room for a text": lambda: (headed(b"Subject: " + b"x" * 900 + b"\r\n " + b"\r\n ".join([b"x" * 900] * 80) + b"\r\n"), SUBJECT),
    "an answer's room for fields": lambda: (headed(*[b"X-Many: %d %s\r\n" % (n, b"y" * 60) for n in range(3000)]), FIELD),
    "an answer's room for domains": lambda: (links(20000), DOMAINS),
}


def links(count):
    return (b"From: a@client.example\r\nSubject: links\r\n\r\n"
            + b"".join(b"http://host%d.example/\r\n" % n for n in range(count)))


@pytest.mark.parametrize("bound", BEYOND)
def test_what_is_beyond_a_bound_is_refused_for_good(own_dir, bound):
    message, rules = BEYOND[bound]()
    file = own_dir / "message.eml"
    file.write_bytes(message)
    config = configuration(own_dir)
    config.write_text(rules + config.read_text())
    done = gatepostctl("check", "--json", "--config", config, "--from", "a@client.example", "--rcpt", "user@example.com", file)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "reject", (result["verdict"], result.get("rules"), result.get("reply"))


def test_more_fields_that_pretend_to_be_ours_than_can_be_taken_out_are_refused_for_good(start, new_backend, internet):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + internet.configuration
                    + 'rule "forged" when dmarc.result == fail then reject\n')
    message = headed(*[b"Authentication-Results: mx.example.com; dmarc=pass\r\n"] * 5000)
    assert send(gateway.port, message, "user@example.com", timeout=60).code == 550
