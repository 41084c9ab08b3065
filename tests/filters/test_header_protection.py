# SPDX-License-Identifier: ISC
"""What rules are told of header fields that are signed with the message (RFC 9788): live, by check, and in the record. Messages are openssl's."""
import pytest

from lab import check, needs
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains, running
from lab.smime import Signer, clear, opaque
from lab.smtp_client import send

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

POLICY = """
rule "another author" when message.header_mismatches == "from" then reject 550 5.7.1 "another author: {message.header_mismatches}"
rule "changed" when message.header_mismatch then reject 550 5.7.2 "changed: {message.header_mismatches}"
rule "as signed" when message.header_protected then reject 550 5.7.3 "as signed"
rule "not known" when message.header_protected is absent then reject 550 5.7.4 "not known"
"""
FIELDS = b"From: Alice <alice@client.example>\r\nTo: user@example.com\r\nSubject: offer\r\n" \
    b"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@client.example>\r\n"
FORGED = FIELDS.replace(b"Alice <alice@client.example>", b"Alice <alice@evil.example>").replace(b"offer", b"other offer")
LISTED = FIELDS.replace(b"offer", b"[list] offer")


def entity(kind, fields=b""):
    return b"Content-Type: " + kind + b"\r\n" + fields + b"\r\nhello\r\n"


COVERED = entity(b'text/plain; charset="us-ascii"; hp="clear"', FIELDS)
WRAPPED = b"Content-Type: message/rfc822; forwarded=no\r\n\r\n" + entity(b"text/plain", FIELDS)
PLAIN = entity(b"text/plain")


def made(signer):
    """{what: (message, the reply's words)}"""
    def beside(head, content):
        return clear(head, content, signer.sign(content))

    def inside(head, content):
        return opaque(head, signer.opaque(content))
    return {
        "signed, and not its header": (beside(FIELDS, PLAIN), None),
        "opaque, and not its header": (inside(FIELDS, PLAIN), None),
        "not signed, but says so": (FIELDS + COVERED.partition(FIELDS)[0] + b"\r\nhello\r\n", None),
        "signed": (beside(FIELDS, COVERED), "5.7.3 as signed"),
        "opaque": (inside(FIELDS, COVERED), "5.7.3 as signed"),
        "wrapped": (inside(FIELDS, WRAPPED), "5.7.3 as signed"),
        "wrapped, another author": (beside(FORGED, WRAPPED), "5.7.1 another author: from, subject"),
        "signed, another author": (beside(FORGED, COVERED), "5.7.1 another author: from, subject"),
        "opaque, another author": (inside(FORGED, COVERED), "5.7.1 another author: from, subject"),
        "from a list": (beside(LISTED, COVERED), "5.7.2 changed: subject"),
        "encrypted": (opaque(FIELDS, signer.encrypt(COVERED, "-aes-128-cbc")), "5.7.4 not known"),
    }


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    return made(Signer(tmp_path_factory.mktemp("keys")))


@pytest.fixture(scope="module")
def gateway(run_dir):
    needs.to_be_root("Gatepost's parent")
    server = Backend().start()
    folder = run_dir / "header-protection"
    folder.mkdir()
    with running(Gatepost(folder, backend("behind", server.port) + domains("behind", "example.com") + POLICY)) as site:
        yield site
    server.stop()


def test_check_tells_what_differs(mails, tmp_path):
    paths = {}
    for number, (what, (message, _)) in enumerate(mails.items()):
        paths[what] = tmp_path / ("%d.eml" % number)
        paths[what].write_bytes(message)
    for what, result in check.batch(tmp_path, paths, check.configuration(tmp_path, POLICY)).items():
        words = mails[what][1]
        assert result["verdict"] == ("reject" if words else "accept"), (what, result["reply"])
        assert not words or words in result["reply"], (what, result["reply"])


def test_the_gateway_says_the_same(mails, gateway):
    for what, (message, words) in mails.items():
        reply = send(gateway.port, message, "user@example.com", sender="alice@client.example")
        assert reply.code == (550 if words else 250), (what, reply)
        assert not words or words in reply.text, (what, reply)


def test_the_shipped_policy_delivers_what_a_list_has_changed(mails, tmp_path):
    path = tmp_path / "list.eml"
    path.write_bytes(mails["from a list"][0])
    assert check.batch(tmp_path, {"list": path}, check.configuration(tmp_path))["list"]["verdict"] == "accept"
