# SPDX-License-Identifier: ISC
"""An account of ours that somebody has taken over: what it sends is held, by the shipped policy, beside what it did before."""
import concurrent.futures
import email.policy
import os
import signal

import pytest
from lab import needs
from lab.gatepost import backend, check_configuration, domains, shipped_policy
from lab.memory import Account, Memory, people
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session, send

pytestmark = needs.root

SECRET = b"a secret of thirty-two octets..."
ANN, BEN = "ann@example.com", "ben@example.com"
DAY, HOUR = 86400, 3600
SPAM = b"From: %s\r\nTo: you\r\nSubject: offer %d\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\nDear %s,\r\n" \
       b"this is the best offer that anybody has ever made to you, see number %d\r\nhttp://shop.example/%d\r\n"
AT_ONCE = 8
MESSAGES = 300 if needs.SANITIZED else 5000
OBSERVED = 'observe rule "observed" when account.burst > 1000 or account.same_text > 100000 then log "x"\n'


class Site:
    def __init__(self, gateway, out, relay, behind, redis):
        self.gateway, self.port, self.out, self.relay, self.behind, self.redis = gateway, gateway.port, out, relay, behind, redis

    def sends(self, *recipients, sender=ANN, message=None, port=None):
        return send(port or self.out, message or spam(sender, 0), *(recipients or people(1)), sender=sender)

    def facts(self, count):
        """Of the account, as the records have them."""
        def told():
            return [r["facts"] for r in self.gateway.decisions() if r["stage"] == "message"]
        assert wait_until(lambda: len(told()) >= count)
        return [{name[8:]: value for name, value in facts.items() if name.startswith("account.")} for facts in told()]

    def remembers(self, *accounts, days=28):
        """Twenty messages a day to forty people, by the scripts of a gateway whose clock is set back."""
        memory = Memory('redis { server "%s" }\nrule "all" when account.burst > 3 then score 1 as "new"\n' % self.redis.address, SECRET.decode())
        memory.advance(-days * DAY)
        for day in range(days):
            for hour in range(4):
                for account in accounts:
                    for n in range(5):
                        Account(memory, account).send(*people(1, (day * 20 + hour * 5 + n) % 40))
                memory.advance(HOUR)
            memory.advance(DAY - 4 * HOUR)
        memory.end()


def spam(sender, n):
    return SPAM % (sender.encode(), n, b"friend %d" % n, n, n)


@pytest.fixture
def site(start, new_backend, redis, own_dir):
    def go(rules=None, script=None, options="recipient_check off  probe off", changes=None):
        key = own_dir / "contacts.key"
        key.write_bytes(SECRET)
        os.chmod(key, 0o600)
        out, relay, behind = free_port(), new_backend(script), new_backend()
        body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % out
        body += backend("smart", relay.port, options=options) + backend("behind", behind.port) + domains("behind", "example.com")
        gateway = start(body + (shipped_policy() if rules is None else rules),
                        changes={"redis": {"server": '"%s"' % redis.address, "timeout": "2s"}, "contacts": {"key": '"%s"' % key}, **(changes or {})})
        assert rules == OBSERVED or gateway.wait_log("gatepost-release ready")
        return Site(gateway, out, relay, behind, redis)
    return go


# ---- the facts, in a gateway ----

def test_mail_that_leaves_is_counted_by_its_sender_and_mail_that_comes_in_is_nobody_s(site):
    it = site(OBSERVED)
    assert it.sends(*people(3)).code == 250
    assert it.sends(*people(2), sender="ANN@example.com").code == 250
    assert send(it.out, spam("", 1), *people(1), sender="").code == 250
    assert it.sends("user@example.com", sender="x@client.example", port=it.port).code == 250
    first, second, bounce, inbound = it.facts(4)
    assert (first["name"], first["recipients_hour"], first["same_text"], first["known_for"], first["new_network"]) == (ANN, 3, 3, None, None)
    assert (second["recipients_hour"], second["same_text"]) == (5, 5) and second["known_for"] is not None
    assert set(bounce.values()) == {None} and set(inbound.values()) == {None}


def test_recipients_that_the_server_behind_refuses_are_counted_at_rcpt_and_after_the_message(site):
    it = site(OBSERVED, options="recipient_check on  probe off", script={"RCPT": lambda session, line: "550 5.1.1 no" if b"no" in line else "250 2.1.5 ok"})
    with Session(it.out) as client:
        client.ehlo()
        client.expect("MAIL FROM:<%s>" % ANN, 250)
        for n in range(4):
            client.expect("RCPT TO:<no%d@elsewhere.example>" % n, 550)
        for who in people(16):
            client.expect("RCPT TO:<%s>" % who, 250)
        assert client.data(spam(ANN, 0)).code == 250
    assert it.facts(1)[0]["refused_recipients"] == 20


def test_what_the_server_behind_refuses_after_the_message_counts_as_well(site):
    it = site(OBSERVED, script={"DOT": "554 5.7.1 spam"})
    assert it.sends(*people(10)).code == 554 and it.sends(*people(10)).code == 554
    assert it.facts(2)[1]["refused_recipients"] == 50


def test_a_message_that_is_too_big_says_nothing_of_its_recipients(site):
    it = site(OBSERVED, script={"DOT": "552 5.3.4 message too big"})
    assert it.sends(*people(35)).code == 552 and it.sends(*people(35)).code == 552
    assert it.facts(2)[1]["refused_recipients"] == 0


def test_who_is_put_off_and_comes_again_counts_once(site):
    it = site(OBSERVED, script={"DOT": "451 4.3.0 later"})
    for _ in range(3):
        assert it.sends(*people(10)).code == 451
    assert [said["recipients_hour"] for said in it.facts(3)] == [10, 10, 10]


def test_without_redis_it_is_unknown_and_mail_leaves(site):
    it = site(OBSERVED)
    it.redis.stop()
    assert it.sends().code == 250
    assert it.facts(1)[0]["burst"] == "unknown"


# ---- limits ----

LIMITS = """
table an_hour { "ann@example.com" -> 4  "many@example.com" -> 50 }
rule "recipients an hour"
  when direction == outbound and (rate(account.name, 1h, recipients) > an_hour[account.name]
    or an_hour[account.name] is absent and rate(account.name, 1h, recipients) > 2)
  then defer 451 4.7.1 "{account.name} has written to many within the hour, try again later"
rule "messages a day" when direction == outbound and rate(sender.domain, 1d, messages) > 12 then quarantine "limits"
"""


def test_recipients_an_hour_are_limited_by_a_table_and_else_by_one_number(site):
    it = site(LIMITS)
    assert [it.sends().code for _ in range(5)] == [250] * 4 + [451]
    assert [it.sends(sender=BEN).code for _ in range(3)] == [250, 250, 451]
    assert it.sends(*people(12), sender="many@example.com").code == 250
    assert it.sends(*people(12), port=it.port, sender=ANN).code == 550, "strangers do not relay"


def test_messages_a_day_of_a_domain_are_limited_and_held(site):
    it = site(LIMITS)
    assert {it.sends(sender="u%d@limited.example" % n).code for n in range(15)} == {250}
    assert len(it.relay.messages) == 12 and [one["why"] for one in it.gateway.held()] == ["limits"] * 3


# ---- notices ----

SEEN = 'rule "seen" when direction == outbound and message.subject contains "offer" then notify "%s"%s\n'


def notices(server):
    return [message for message in server.messages if b"Auto-Submitted: auto-generated" in message.content]


def comes(server, count=1):
    assert wait_until(lambda: len(notices(server)) >= count, 20), "no notice came"
    return notices(server)


@pytest.mark.parametrize("verdict, code", [("", 250), (', quarantine "taken over"', 250), (', reject 550 5.7.1 "no"', 550), (", discard", 250),
                                           (', defer 451 4.7.1 "later"', 451), (', redirect to "other@example.com"', 250)])
def test_a_notice_goes_to_the_server_behind_its_domain_whatever_the_verdict_is(site, verdict, code):
    it = site(SEEN % ("admin@example.com", verdict))
    assert it.sends(*people(2)).code == code
    [notice] = comes(it.behind)
    assert (notice.sender, notice.recipients) == ("", ["admin@example.com"])
    message = email.message_from_bytes(notice.content, policy=email.policy.default)
    assert (message["To"], message["Subject"]) == ("admin@example.com", "Gatepost: seen") and "postmaster@example.com" in message["From"]
    text = message.get_content()
    reference = it.gateway.decisions()[-1]["id"]
    assert ANN in text and "127.0.0.1" in text and "gatepostctl why " + reference in text, text


def test_elsewhere_it_goes_by_the_relay(site):
    it = site(SEEN % ("admin@monitor.example", ""))
    assert it.sends().code == 250
    [notice] = comes(it.relay)
    assert notice.recipients == ["admin@monitor.example"] and not it.behind.messages


def test_each_account_and_rule_is_told_of_once_a_day_by_all_gateways(site):
    it = site(SEEN % ("admin@example.com", "") + SEEN.replace('"seen"', '"seen again"') % ("admin@example.com", ""))
    for _ in range(5):
        assert it.sends().code == 250
    assert it.sends(sender="ANN@EXAMPLE.com").code == 250 and it.sends(sender=BEN).code == 250
    texts = [notice.content for notice in comes(it.behind, 4)]
    it.gateway.reload()
    assert it.gateway.wait_log("generation ended", 20)
    assert it.sends().code == 250, "by another proxy, which has told nobody yet"
    assert it.sends(sender="last@example.com").code == 250
    assert len(comes(it.behind, 6)) == 6
    assert sorted(sorted(name for name in (ANN, BEN) if name.encode() in text) for text in texts) == [[ANN], [ANN], [BEN], [BEN]]


def test_a_rule_with_a_name_in_other_letters_is_told_of(site):
    it = site((SEEN % ("admin@example.com", "")).replace('"seen"', '"übernommen"'))
    assert it.sends().code == 250
    [notice] = comes(it.behind)
    message = email.message_from_bytes(notice.content, policy=email.policy.default)
    assert notice.content.isascii() and message["Subject"] == "Gatepost: übernommen" and "übernommen" in message.get_content()


def test_a_notice_makes_no_notice(site):
    it = site('rule "all" when message.size > 0 then notify "admin@example.com"\n')
    assert send(it.port, spam("", 1), "user@example.com", sender="").code == 250
    assert it.sends().code == 250
    [notice] = comes(it.behind)
    assert send(it.out, notice.content, *people(1), sender="").code == 250
    assert it.sends(sender=BEN).code == 250
    assert len(comes(it.behind, 2)) == 2


def test_without_redis_there_is_one_a_proxy(site):
    it = site(SEEN % ("admin@example.com", ""), changes={"process": {"proxies": 1}})
    it.redis.stop()
    for _ in range(5):
        assert it.sends().code == 250
    assert it.sends(sender=BEN).code == 250
    assert len(comes(it.behind, 2)) == 2


def test_a_keeper_that_is_away_holds_no_message_up_and_the_notice_comes_with_a_later_one(site):
    it = site(SEEN % ("admin@example.com", ""), changes={"process": {"proxies": 1}})
    [keeper] = it.gateway.pids("gatepost-keeper")
    os.kill(keeper, signal.SIGSTOP)
    assert it.sends().code == 250 and it.gateway.wait_log("no notice is sent")
    assert it.sends().code == 250 and it.gateway.wait_log("has not taken the one before")
    os.kill(keeper, signal.SIGCONT)
    assert not wait_until(lambda: notices(it.behind), 2), "what was not answered in time is taken back"
    assert wait_until(lambda: it.sends().code == 250 and notices(it.behind), 20)
    assert not wait_until(lambda: it.sends().code == 250 and len(notices(it.behind)) > 1, 2)


@pytest.mark.parametrize("address, relay", [("admin@elsewhere.example", False), ("admin", True), ("", True), ("a@b@c d", True)])
def test_an_address_that_it_cannot_be_sent_to_is_refused(own_dir, address, relay):
    body = 'hostname "mx.example.com"\n' + backend("behind", 25) + domains("behind", "example.com") + 'rule "x" when helo == "x" then notify "%s"\n' % address
    if relay:
        body += 'listen smtp "out" on "127.0.0.1:2525" { outbound from { "127.0.0.1" }  relay behind }\n'
    (own_dir / "gatepost.conf").write_text(body)
    status, said = check_configuration(own_dir / "gatepost.conf")
    assert status != 0 and "expected one address in a domain that is configured here" in said, said


# ---- taken over ----

def burst(site, messages, sender=ANN):
    """From several connections at once, as fast as it goes; each message to somebody else."""
    def some(part):
        with Session(site.out, timeout=60) as client:
            client.ehlo()
            for n in range(part, messages, AT_ONCE):
                client.expect("MAIL FROM:<%s>" % sender, 250)
                client.expect("RCPT TO:<victim%d@victims.example>" % n, 250)
                assert client.data(spam(sender, n)).code == 250
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(some, range(AT_ONCE)))


def test_of_a_burst_at_most_a_hundred_leave_and_all_others_are_held(site):
    it = site()
    it.remembers(ANN, BEN)
    for n in range(3):
        assert it.sends(*people(1, n)).code == 250
    before = len(it.relay.messages)
    burst(it, MESSAGES)
    left = len(it.relay.messages) - before
    assert 50 <= left <= 100, left
    assert len(it.gateway.held("--why", "taken over", "--most", str(MESSAGES))) == MESSAGES - left
    [notice] = comes(it.behind)
    assert notice.recipients == ["postmaster@example.com"] and ANN.encode() in notice.content
    assert it.sends(*people(1), sender=BEN, message=b"From: ben@example.com\r\nSubject: as ever\r\n\r\nhello\r\n").code == 250
    assert len(it.relay.messages) == before + left + 1, "others send as ever"
    assert len(notices(it.behind)) == 1


def test_what_was_held_wrongly_leaves_by_the_relay(site):
    it = site()
    it.remembers(ANN)
    burst(it, 130)
    left = len(it.relay.messages)
    held = it.gateway.held("--why", "taken over")
    assert held and "released" in it.gateway.control("quarantine", "release", str(held[0]["number"]))
    assert wait_until(lambda: len(it.relay.messages) == left + 1)
