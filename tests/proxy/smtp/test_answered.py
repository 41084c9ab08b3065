# SPDX-License-Identifier: ISC
"""Whom our users write to: what has left by a real gateway is remembered in a real Redis, and told of what comes in."""
import os

import pytest

from lab import needs
from lab.gatepost import READY, backend, domains, shipped_policy
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session, send

pytestmark = needs.root
ANNA, CAROL, BOB, LAST = "anna@example.com", "carol@example.com", "bob@pool.example", "last@pool.example"
BAD = "no.such.example"  # a HELO that does not resolve looks bad
FACTS = ("sender.answered", "message.from_answered", "message.in_reply_to_known")
OBSERVED = "".join('observe rule "%s" when %s then log "x"\n' % (fact, fact) for fact in FACTS)


class Site:
    """`out` takes what leaves, for `relay`; `gateway.port` what comes in, for `behind`."""

    def __init__(self, gateway, out, relay, behind):
        self.gateway, self.out, self.relay, self.behind, self.count = gateway, out, relay, behind, 0

    def writes(self, *recipients, sender=ANNA, fields=(), author=ANNA):
        """Our user sends a letter; the reply's code."""
        lines = ["From: Anna <%s>" % author, "Subject: a letter", *fields, "", "hello", ""]
        return send(self.out, "\r\n".join(lines).encode(), *(recipients or [BOB]), sender=sender).code

    def hears(self, *recipients, sender=BOB, author=None, fields=(), **how):
        """A message comes in; the code of the reply."""
        lines = ["From: Bob <%s>" % (author or sender or BOB), "Subject: hello", *fields, "", "hello", ""]
        return send(self.gateway.port, "\r\n".join(lines).encode(), *(recipients or [ANNA]), sender=sender, **how).code

    def told(self, *recipients, **how):
        """What the record of a message that comes in says."""
        assert self.hears(*recipients, **how) == 250
        self.count += 1
        assert wait_until(lambda: len(self._records()) >= self.count)
        return [self._records()[self.count - 1]["facts"].get(fact) for fact in FACTS]

    def _records(self):
        return [r for r in self.gateway.decisions() if r["stage"] == "message" and r["direction"] == "inbound"]

    def settled(self):
        """All that was told Redis before is there: one connection, in order."""
        assert self.writes(LAST) == 250 and wait_until(lambda: self.told(sender=LAST)[0] is True)


@pytest.fixture
def site(start, new_backend):
    def go(rules=OBSERVED, changes=None, relay_script=None, more="", leaves=True):
        relay, behind, out = new_backend(relay_script), new_backend(), free_port()
        body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % out if leaves else ""
        body += backend("smart", relay.port, options="recipient_check off  probe off") + backend("behind", behind.port, options="recipient_check off  probe off")
        gateway = start(body + domains("behind", "example.com") + more + rules, changes={"process": {"proxies": 1}, **(changes or {})})
        return Site(gateway, out, relay, behind)
    return go


# ---- what it is good for


def test_whom_the_recipient_has_written_to_does_not_wait(site, internet):
    it = site(shipped_policy(), more=internet.configuration + "greylist { delay 1h }\n")
    from_pool = {"source": "127.0.0.9"}

    def first_reply(sender, recipient):
        with Session(it.gateway.port, **from_pool) as client:
            client.ehlo(BAD)
            client.expect("MAIL FROM:<%s>" % sender, 250)
            return client.command("RCPT TO:<%s>" % recipient).code

    assert it.writes(BOB, "forged@null.example") == 250
    assert first_reply("stranger@pool.example", ANNA) == 451
    assert wait_until(lambda: first_reply(BOB, ANNA) == 250)
    assert first_reply("forged@null.example", ANNA) == 451, "SPF does not say that it is he"
    assert first_reply(BOB, CAROL) == 451, "she has not written to him"


def test_what_is_known_is_each_recipients_own(site):
    rules = 'rule "x" when direction == inbound and not message.from_answered then reject 550 5.7.1 "{recipient} does not know you"\n'
    it = site(rules)
    assert it.writes() == 250 and wait_until(lambda: it.hears() == 250)
    assert it.hears(CAROL) == 550
    assert it.hears(CAROL, ANNA) == 451 and it.hears(ANNA) == 250 and it.hears(CAROL) == 550, "who fare differently are taken one by one"


# ---- what is told


def test_it_is_told_of_the_sender_and_of_the_author(site):
    it = site()
    assert it.told() == [False, False, False]
    assert it.writes() == 250
    it.settled()
    assert it.told() == [True, True, False]
    assert it.told(CAROL) == [False, False, False]
    assert it.told(sender="bounce-1234-anna=example.com@list.example", author=BOB) == [False, True, False]
    assert it.told(sender="prvs=1234567890=" + BOB, author=LAST) == [True, True, False]
    assert it.told(sender="", author=BOB) == [None, True, False]


@pytest.mark.parametrize("field", ["In-Reply-To: <1@example.com>", "References: <0@pool.example>\r\n <1@example.com>"])
def test_an_answer_to_what_has_left_is_known_whoever_sends_it(site, field):
    it = site()
    assert it.writes(fields=["Message-ID: <1@example.com>"]) == 250
    it.settled()
    assert it.told(CAROL, sender="other@elsewhere.example", fields=[field]) == [False, False, True]
    assert it.told(fields=["In-Reply-To: <2@example.com>"])[2] is False


# ---- what is remembered


@pytest.mark.parametrize("how", [
    {"fields": ["Auto-Submitted: auto-replied"]}, {"fields": ["Precedence: auto_reply"]}, {"fields": ["Precedence: bulk"]}, {"fields": ["X-Autoreply: yes"]},
    {"fields": ["X-Auto-Response-Suppress: All"]}, {"fields": ["Content-Type: multipart/report; report-type=disposition-notification"]},
    {"sender": ""}, {"author": "spammer@pool.example"}], ids=str)
def test_what_a_program_writes_or_passes_on_is_no_answer(site, how):
    it = site()
    it_said = {**how, "fields": ["Message-ID: <1@example.com>", *how.get("fields", [])]}
    assert it.writes(**it_said) == 250
    it.settled()
    assert it.told(fields=["In-Reply-To: <1@example.com>"]) == [False, False, False]
    assert it.writes(fields=["Message-ID: <1@example.com>", "Auto-Submitted: no"]) == 250
    it.settled()
    assert it.told(fields=["In-Reply-To: <1@example.com>"]) == [True, True, True]


@pytest.mark.parametrize("script", [{"DOT": "554 5.7.1 not wanted"}, {"DOT": "451 4.3.0 later"}, {"RCPT": "550 5.1.1 nobody"}], ids=str)
def test_what_the_relay_has_not_taken_is_no_letter(site, script):
    it = site(relay_script=script)
    assert it.writes() // 100 in (4, 5)
    it.relay.script.clear()
    it.settled()
    assert it.told() == [False, False, False]


@pytest.mark.parametrize("action, code", [('quarantine "leaks"', 250), ("discard", 250), ('reject 550 5.7.1 "no"', 550)])
def test_what_a_rule_keeps_back_is_no_letter(site, action, code):
    it = site(OBSERVED + 'rule "back" when direction == outbound and message.subject == "a letter" and recipient == "%s" then %s\n' % (BOB, action))
    assert action == "discard" or action.startswith("reject") or all(it.gateway.wait_log(line) for line in READY)
    assert it.writes() == code and not it.relay.messages
    it.settled()
    assert it.told() == [False, False, False]


def test_of_a_message_to_many_the_first_hundred_count(site):
    it = site(changes={"limits": {"recipients": 200}})
    assert it.writes(*["r%d@pool.example" % n for n in range(101)]) == 250
    it.settled()
    assert [it.told(sender="r%d@pool.example" % n)[0] for n in (0, 99, 100)] == [True, True, False]


# ---- where, and without


def test_without_redis_it_is_unknown_and_mail_passes_both_ways(site):
    it = site(OBSERVED + 'rule "no" when sender.answered then reject 550 5.7.1 "no"\n', changes={"redis": {"server": '"127.0.0.1:1"'}})
    assert it.writes(fields=["Message-ID: <1@example.com>"]) == 250 and it.relay.messages
    assert it.told(fields=["In-Reply-To: <1@example.com>"]) == ["unknown", "unknown", "unknown"]
    assert it.told()[2] is False, "what names no message answers none"


def test_where_no_rule_asks_nothing_is_kept(site):
    it = site('rule "x" when sender.messages > 1000 then defer 451 4.7.1 "x"\n')
    assert it.writes() == 250 and it.relay.messages
    assert not os.path.exists(os.path.join(it.gateway.dir, "contacts.key"))


def test_where_no_mail_leaves_nobody_is_answered_and_no_secret_is_made(site):
    it = site(leaves=False)
    assert it.told(fields=["In-Reply-To: <1@example.com>"]) == [False, False, False]
    assert not os.path.exists(os.path.join(it.gateway.dir, "contacts.key"))


def test_where_redis_is_shared_it_is_known_what_has_left_by_another_gateway(site, redis, own_dir):
    shared = {"redis": {"server": '"%s"' % redis.address}, "contacts": {"key": '"%s/shared.key"' % own_dir}}
    out, into = site(changes=shared), site(changes=shared, leaves=False)
    assert out.writes(fields=["Message-ID: <1@example.com>"]) == 250
    assert wait_until(lambda: into.told(fields=["In-Reply-To: <1@example.com>"]) == [True, True, True])
    assert into.told(CAROL) == [False, False, False]
    lives = [int(redis.cli("TTL", key)) for kind in ("answered", "letter") for key in redis.cli("KEYS", "gatepost:%s:*" % kind).split()]
    assert len(lives) == 2 and all(89 * 86400 < seconds <= 90 * 86400 for seconds in lives)


def test_rules_about_what_leaves_are_told_nothing_of_it(site):
    rules = 'rule "x" when sender.answered is absent and message.from_answered is absent and message.in_reply_to_known is absent\n'
    rules += '  and direction == outbound then header add "X-Left" "yes"\n'
    it = site(rules)
    assert it.writes() == 250
    assert b"X-Left: yes" in it.relay.messages[0].content
