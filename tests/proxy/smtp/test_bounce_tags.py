# SPDX-License-Identifier: ISC
"""BATV: what leaves is told apart from what is forged in our name, by the bounces that come back."""
import re

import pytest

from lab import needs
from lab.gatepost import READY, backend, domains
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session, send

MESSAGE = b"From: user@example.com\r\nSubject: leaves\r\n\r\nhello\r\n"
BOUNCE = b"From: postmaster@elsewhere.example\r\nSubject: not delivered\r\n\r\nsorry\r\n"
TAGGED = re.compile(r"prvs=\d{4}[0-9a-f]{6}=user@example\.com")
RULES = """
rule "backscatter" when message.null_sender and bounce.tag == none and recipient != "desk@example.com"
  then reject 550 5.7.1 "no mail of ours"
observe rule "old" when bounce.tag == expired or bounce.tag == invalid then reject 550 5.7.1 "old"
rule "told" when bounce.tag is not absent then header add "X-Tag" "{bounce.tag}"
rule "held" when message.subject == "held" then quarantine "leaks"
"""


class Site:
    def __init__(self, start, new_backend, folder, rules=RULES, keys=1):
        self.files = [folder / name for name in ("batv.key", "batv.old")]
        for number, file in enumerate(self.files):
            file.write_text("a secret that nobody knows %d\n" % number)
            file.chmod(0o600)
        named = 'batv { key "%s" %s }\n' % (self.files[0], 'old_key "%s"' % self.files[1] if keys > 1 else "")
        self.out, self.relay, self.behind = free_port(), new_backend(), new_backend()
        self.gateway = start('listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % self.out
                             + backend("smart", self.relay.port) + backend("behind", self.behind.port)
                             + domains("behind", "example.com") + rules + (named if keys else ""), changes={"process": {"proxies": 1}})

    def sends(self, sender="user@example.com", message=MESSAGE):
        """By whom it leaves."""
        self.relay.forget()
        assert send(self.out, message, "someone@elsewhere.example", sender=sender).code == 250
        return self.relay.messages[-1].sender

    def bounces(self, recipient, sender=""):
        """What is said; to whom it was delivered, and which tag he bore."""
        self.behind.forget()
        reply = send(self.gateway.port, BOUNCE, recipient, sender=sender)
        if reply.code != 250:
            return reply.code, None, None
        message = self.behind.messages[-1]
        tag = re.search(rb"X-Tag: (\w+)", message.content)
        return reply.code, message.recipients[0], tag and tag.group(1).decode()


@pytest.fixture
def site(start, new_backend, own_dir):
    needs.to_be_root("a key that only root may read")
    return lambda **how: Site(start, new_backend, own_dir, **how)


def other_tag(sender):
    return sender[:9] + ("000000" if sender[9:15] != "000000" else "111111") + sender[15:]


def test_a_bounce_of_our_mail_comes_in_and_one_of_forged_mail_does_not(site):
    it = site()
    sender = it.sends()
    assert TAGGED.fullmatch(sender)
    assert it.bounces(sender) == (250, "user@example.com", "valid")
    assert it.bounces(sender.upper()) == (250, "USER@EXAMPLE.COM", "valid")
    assert it.bounces("user@example.com")[0] == 550
    assert it.bounces("desk@example.com") == (250, "desk@example.com", "none")
    assert it.bounces(other_tag(sender)) == (250, "user@example.com", "invalid")
    record = it.gateway.decisions()[-1]
    assert record["facts"]["bounce.tag"] == "invalid", record


def test_who_answers_to_a_tag_reaches_its_owner(site):
    it = site()
    assert it.bounces(it.sends(), sender="someone@elsewhere.example") == (250, "user@example.com", None)
    assert it.bounces("user@example.com", sender="someone@elsewhere.example") == (250, "user@example.com", None)


def test_recipients_of_one_bounce_each_have_their_own(site):
    it = site()
    sender = it.sends()
    with Session(it.gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<>", 250)
        assert session.command("RCPT TO:<user@example.com>").code == 550
        session.expect("RCPT TO:<%s>" % sender, 250)
        assert session.data(BOUNCE).code == 250
    assert it.behind.messages[-1].recipients == ["user@example.com"]
    assert b"X-Tag: valid" in it.behind.messages[-1].content


def test_a_table_of_recipients_knows_whom_a_tag_is_of(start, new_backend, own_dir, site):
    it = site(rules='table users { "user@example.com" }\nrule "users" when direction == inbound and recipient not in users then reject 550 5.1.1 "nobody"\n')
    assert it.bounces(it.sends())[:2] == (250, "user@example.com")


@pytest.mark.parametrize("sender", ["", "prvs=0007abcdef=user@example.com", "someone@elsewhere.example", "x" * 49 + "@example.com",
                                    '"a b"@example.com'])
def test_who_has_no_place_for_a_tag_leaves_as_he_is(site, sender):
    assert site().sends(sender) == sender


def test_of_who_has_no_place_for_a_tag_no_bounce_is_called_forged(site):
    assert site().bounces("x" * 49 + "@example.com") == (250, "x" * 49 + "@example.com", None)


def test_lists_know_their_members_by_the_sender(site):
    assert site().sends(message=b"List-Id: <x.example.com>\r\n" + MESSAGE) == "user@example.com"


def test_what_is_released_leaves_with_a_tag(site):
    it = site()
    for line in READY:
        assert it.gateway.wait_log(line, 20)
    assert send(it.out, MESSAGE.replace(b"leaves", b"held"), "someone@elsewhere.example", sender="user@example.com").code == 250
    [entry] = it.gateway.held()
    assert it.gateway.control("quarantine", "release", str(entry["number"])) is not None
    assert wait_until(lambda: it.relay.messages)
    assert TAGGED.fullmatch(it.relay.messages[0].sender)


def test_the_key_before_is_believed_until_it_is_gone(site):
    it = site(keys=2)
    before = it.sends()
    new, old = (file.read_text() for file in it.files)
    it.files[0].write_text(old), it.files[1].write_text(new)
    it.gateway.reload()
    assert it.gateway.wait_log("serving generation=2")
    assert it.sends() != before
    assert it.bounces(before) == (250, "user@example.com", "valid")


def test_without_a_key_nothing_is_tagged_and_nothing_taken_off(site):
    it = site(keys=0)
    assert it.sends() == "user@example.com"
    assert it.bounces("prvs=0007abcdef=user@example.com") == (250, "prvs=0007abcdef=user@example.com", None)


@pytest.mark.parametrize("content", ["short\n", "a secret that nobody knows\nand another line\n", ""])
def test_a_key_that_is_none_is_refused(site, content):
    it = site()
    it.files[0].write_text(content)
    before = it.gateway.log().count("expected one line of at least 16 octets")
    it.gateway.reload()
    assert wait_until(lambda: it.gateway.log().count("expected one line of at least 16 octets") > before)
    assert TAGGED.fullmatch(it.sends())
