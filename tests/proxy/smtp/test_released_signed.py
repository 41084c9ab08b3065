# SPDX-License-Identifier: ISC
"""What was held on its way out is signed when it is released: python3-dkim and libopendkim verify it."""
import os
import signal

import pytest

from lab import needs
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.gatepost import READY, backend, domains
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import send

pytest.importorskip("dkim", reason="no python3-dkim")
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="not built")

MESSAGE = b"From: Anna <anna@example.com>\r\nTo: b@elsewhere.example\r\nSubject: leaves\r\n\r\nhello \r\n.dot\r\n\r\n"
HELD = 'rule "hold" when message.subject == "leaves" then quarantine "leaks"\n'
JOINT = 'rule "copied" when message.subject == "leaves" then copy to "journal@example.com"\n'


class Site:
    def __init__(self, start, new_backend, folder, rules=HELD, relay=True):
        self.key, self.other = Key(folder, "example.com", "2026a"), Key(folder, "example.com", "2026e", "ed25519")
        self.out, self.relay, self.behind = free_port(), new_backend(), new_backend()
        kind = 'outbound from { "127.0.0.1" }  relay smart' if relay else "outbound"
        self.gateway = start('listen smtp "out" on "127.0.0.1:%d" { %s }\n' % (self.out, kind)
                             + backend("smart", self.relay.port) + backend("behind", self.behind.port)
                             + domains("behind", "example.com", "elsewhere.example") + rules + sentence(["example.com"], self.key, self.other),
                             changes={"process": {"proxies": 1}, "timeouts": {"signing": "1s"}})
        for line in READY:
            assert self.gateway.wait_log(line, 20)

    def holds(self, message=MESSAGE, port=None):
        reply = send(port or self.out, message, "b@elsewhere.example", sender="anna@example.com")
        assert reply.code == 250, reply
        return [str(entry["number"]) for entry in self.gateway.held()]

    def release(self, numbers):
        for number in numbers:
            assert self.gateway.control("quarantine", "release", number) is not None

    def verifies(self, content):
        return sorted(verify(content, self.key, self.other)) == [("example.com", "2026a", True), ("example.com", "2026e", True)]


@pytest.fixture
def site(start, new_backend, own_dir):
    needs.to_be_root("keys that only root may read")
    return lambda **how: Site(start, new_backend, own_dir, **how)


@pytest.mark.parametrize("relay", [True, False])
def test_what_is_released_is_signed_as_what_leaves_at_once(site, relay):
    it = site(relay=relay)
    it.release(it.holds())
    server = it.relay if relay else it.behind
    assert wait_until(lambda: server.messages), it.gateway.held()
    content = server.messages[0].content
    assert content.startswith(b"DKIM-Signature:") and b"X-Gatepost-Released:" in content and content.endswith(MESSAGE)
    assert it.verifies(content)
    assert wait_until(lambda: "dkim_signed=" in it.gateway.log() and not it.gateway.held())
    assert "example.com/2026a/rsa-sha256 example.com/2026e/ed25519-sha256" in it.gateway.log()


def test_what_came_in_and_is_released_is_not_signed(site):
    it = site()
    it.release(it.holds(port=it.gateway.port))
    assert wait_until(lambda: it.behind.messages), it.gateway.held()
    assert b"DKIM-Signature:" not in it.behind.messages[0].content


def test_whom_no_key_is_for_leaves_unsigned_and_the_log_says_why(site):
    it = site()
    it.release(it.holds(MESSAGE.replace(b"example.com", b"other.example")))
    assert wait_until(lambda: it.relay.messages), it.gateway.held()
    assert b"DKIM-Signature:" not in it.relay.messages[0].content
    assert it.gateway.wait_log("no: no key for the domain in From")


def test_a_copy_is_not_signed(site):
    it = site(rules=JOINT)
    it.holds()
    assert wait_until(lambda: it.behind.messages)
    assert b"DKIM-Signature:" not in it.behind.messages[0].content


def test_while_it_cannot_be_signed_it_waits_and_leaves_when_it_can(site):
    it = site()
    numbers = it.holds()
    signers = wait_until(lambda: it.gateway.pids("gatepost-sign"))
    assert signers
    for pid in signers:
        os.kill(pid, signal.SIGSTOP)
    try:
        it.release(numbers)
        assert wait_until(lambda: "cannot be signed now" in it.gateway.held(numbers[0])[0].get("said", ""), 20), it.gateway.held()
        assert not it.relay.messages and it.gateway.held(numbers[0])[0]["state"] == "leaving"
    finally:
        for pid in signers:
            os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: it.relay.messages, 30), it.gateway.held()
    assert len(it.relay.messages) == 1 and it.verifies(it.relay.messages[0].content)
