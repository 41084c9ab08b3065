# SPDX-License-Identifier: ISC
"""Keys that mail is signed with, as they are checked at each start: with file, line and column; and what a reload makes of new ones."""
import os
import subprocess

import pytest

from lab import needs
from lab.backend import Backend
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.gatepost import Gatepost, backend, certificate, domains
from lab.parent import parent  # noqa: F401
from lab.process import wait_until
from lab.smtp_client import Session, send
from test_load import NAMED, load, tls, told  # noqa: F401

OUT = 'listen smtp "out" on "127.0.0.1:2526" { outbound }'


@pytest.fixture
def check(load, own_dir):  # noqa: F811
    """check(file, what): a configuration whose second key is in that file is refused with these words at its place."""
    good = Key(own_dir, "example.com", "good", "ed25519")

    def go(file, words):
        line = 'dkim "example.com" { %s selector "b" key "%s" }' % (good.line, file)
        status, said = load(OUT, line, NAMED)
        place = (4, line.index('"%s"' % file) + 1)
        assert status != 0 and any(told(said, load.parent.path, place, "error: " + text) for text in words), said
    return go


def test_good_keys_are_loaded_in_silence(load, own_dir):  # noqa: F811
    keys = Key(own_dir, "example.com", "r"), Key(own_dir, "example.com", "e", "ed25519"), Key(own_dir, "example.com", "b", bits=4096)
    status, said = load(OUT, sentence(["example.com", "*.example.com"], *keys), NAMED)
    assert status == 0 and "error" not in said and "dkim" not in said, said


def test_a_key_that_is_not_there(check, own_dir):
    check(own_dir / "gone.pem", ['key "%s": No such file or directory' % (own_dir / "gone.pem")])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read(check, own_dir, mode):
    key = Key(own_dir, "example.com", "open")
    os.chmod(key.file, mode)
    check(key.file, ['key "%s": others may read the key; chmod 600' % key.file])


def test_a_key_that_is_somebody_elses(check, own_dir):
    needs.to_be_root("to give a file away")
    key = Key(own_dir, "example.com", "given")
    os.chown(key.file, 1, 1)
    check(key.file, ['key "%s": the key belongs to somebody else; chown root' % key.file])


def test_keys_of_the_wrong_length_or_kind(check, own_dir):
    short = Key(own_dir, "example.com", "short", bits=1024)
    check(short.file, ['the key "%s" cannot sign: it is too short; expected RSA with 2048 bits at least' % short.file])
    curve = own_dir / "curve.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", curve], check=True, capture_output=True)
    curve.chmod(0o600)
    check(curve, ['the key "%s" cannot sign: it is of a type that DKIM does not know' % curve])
    text = own_dir / "text.pem"
    text.write_text("no key\n")
    text.chmod(0o600)
    check(text, ['the key "%s" cannot sign: there is no private key in it' % text])
    check(own_dir, ['key "%s": the key is no file' % own_dir])


def test_keys_that_nothing_would_be_signed_with(load, own_dir):  # noqa: F811
    status, said = load('dkim "example.com" { %s }' % Key(own_dir, "example.com", "e", "ed25519").line, NAMED)
    assert status == 0 and told(said, load.parent.path, (3, 6), "warning: nothing is signed, as mail leaves through no listener"), said


# ---- a reload

MESSAGE = b"From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n"


@pytest.mark.skipif(not PEER.exists(), reason="not built")
def test_new_keys_sign_after_a_reload_and_old_sessions_end_with_the_old_ones(own_dir):
    needs.to_be_root("Gatepost's parent")
    pytest.importorskip("dkim", reason="no python3-dkim")
    old, new = Key(own_dir, "example.com", "old", "ed25519"), Key(own_dir, "example.com", "new", "ed25519")
    server = Backend().start()
    body = backend("behind", server.port) + domains("behind", "example.net")
    gateway = Gatepost(own_dir, body + sentence(["example.com"], old), listen="outbound").start()
    try:
        [signer] = wait_until(lambda: gateway.pids("gatepost-sign"))
        before = Session(gateway.port)
        before.ehlo()
        gateway.configure(body + sentence(["example.com"], new))
        gateway.reload()
        assert gateway.wait_log(" serving generation=2")
        assert send(gateway.port, MESSAGE, "b@example.net").code == 250
        assert verify(server.messages[-1].content, old, new) == [("example.com", "new", True)]
        for line in ("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"):
            before.expect(line, 250)
        assert before.data(MESSAGE).code == 250
        assert verify(server.messages[-1].content, old, new) == [("example.com", "old", True)]
        before.expect("QUIT", 221)
        assert gateway.wait_log("generation ended generation=1")
        assert gateway.pids("gatepost-sign") == [signer], "the same one, with other keys"
        gateway.configure(body)
        gateway.reload()
        assert gateway.wait_log(" serving generation=3")
        assert wait_until(lambda: not gateway.pids("gatepost-sign")), "nothing is signed any more"
        assert send(gateway.port, MESSAGE, "b@example.net").code == 250
        assert b"DKIM-Signature" not in server.messages[-1].content
    finally:
        gateway.stop()
        server.stop()


def test_keys_stay_as_they_are_while_certificates_alone_are_read_anew(own_dir, authority):
    needs.to_be_root("Gatepost's parent")
    key = Key(own_dir, "example.com", "s", "ed25519")
    cert = authority.certificate("mx.example.com", file="signing")
    server = Backend().start()
    body = backend("behind", server.port) + domains("behind", "example.net") + sentence(["example.com"], key) \
        + certificate(cert) + "reload { automatic certificates }\n"
    gateway = Gatepost(own_dir, body, listen="outbound").start()
    try:
        os.unlink(key.file)
        authority.certificate("mx.example.com", file="signing")
        assert gateway.wait_log(" serving generation=2", 30)
        assert send(gateway.port, MESSAGE, "b@example.net").code == 250
        assert b"s=s;" in server.messages[-1].content
    finally:
        gateway.stop()
        server.stop()


def test_a_key_that_cannot_be_used_is_no_reason_to_stop_signing(own_dir):
    needs.to_be_root("Gatepost's parent")
    key = Key(own_dir, "example.com", "s", "ed25519")
    server = Backend().start()
    body = backend("behind", server.port) + domains("behind", "example.net") + sentence(["example.com"], key)
    gateway = Gatepost(own_dir, body, listen="outbound").start()
    try:
        os.chmod(key.file, 0o644)
        gateway.reload()
        assert gateway.wait_log("others may read the key")
        assert send(gateway.port, MESSAGE, "b@example.net").code == 250
        assert b"s=s;" in server.messages[-1].content
    finally:
        gateway.stop()
        server.stop()
