# SPDX-License-Identifier: ISC
"""First contacts that look bad wait once, in a real Redis; a real Postfix comes again."""
import itertools
import re
import smtplib
import time

import pytest

from lab import learning, needs, samples
from lab.gatepost import backend, domains, shipped_policy
from lab.postfix import Sender
from lab.process import wait_until
from lab.smtp_client import Session, send

pytestmark = needs.root
BAD = "no.such.example"  # a HELO that does not resolve looks bad


@pytest.fixture
def gateway(start, new_backend, internet):
    """gateway(greylist): in front of a server behind, with these words in its greylist block."""
    def with_greylist(words, policy=None, changes=None, script=None, check="off"):
        server = new_backend(script)
        it = start(backend("behind", server.port, options="recipient_check %s  probe off" % check) + domains("behind", "example.com") + internet.configuration
                   + "greylist { %s }\n" % words + (policy or shipped_policy()), changes=changes)
        it.behind = server
        return it
    return with_greylist


def attempt(gateway, sender="a@nothing.example", to="user@example.com", source=None, helo=BAD):
    """The decisive reply, and the command that it answers."""
    with Session(gateway.port, source=source) as client:
        client.ehlo(helo)
        client.expect("MAIL FROM:<%s>" % sender, 250)
        reply = client.command("RCPT TO:<%s>" % to)
        if reply.code != 250:
            return reply.code, reply.text
        reply = client.data(samples.clean())
        return reply.code, reply.text


def greylisted(answer):
    return answer[0] == 451 and answer[1].startswith("4.7.1 greylisted")


def accepted_after_a_wait(gateway, **who):
    assert greylisted(attempt(gateway, **who))
    assert wait_until(lambda: attempt(gateway, **who)[0] == 250, 10, 0.2)


def known_at_once(gateway, domain, **who):
    """Soon a sender that was never seen does not wait: each try is another's first, or waiting itself would make it known."""
    strangers = ("%s@%s" % ("".join(letters), domain) for letters in itertools.product("xyz", repeat=4))
    return wait_until(lambda: attempt(gateway, sender=next(strangers), **who)[0] == 250, 3)


def test_nobody_waits_for_a_trap(gateway, own_dir):
    changes = learning.settings(own_dir)
    changes["learn"]["trap"] = '{ "left@example.com" }'
    it = gateway("delay 1h", changes=changes)
    assert attempt(it, to="left@example.com", source="127.0.0.9")[0] == 250
    assert greylisted(attempt(it, source="127.0.0.9"))
    assert not it.behind.messages


def test_a_first_contact_hears_at_rcpt_how_long_to_wait_and_is_taken_then(gateway):
    it = gateway("delay 3s")
    with Session(it.port) as client:
        client.ehlo(BAD)
        client.expect("MAIL FROM:<a@nothing.example>", 250)
        reply = client.expect("RCPT TO:<user@example.com>", 451)
        met = time.monotonic()
        assert reply.enhanced == "4.7.1" and re.search(r"try again in 3 seconds", reply.text), reply
        client.expect("RCPT TO:<postmaster@example.com>", 250)
    assert "MAIL" not in it.behind.verbs()
    assert greylisted(attempt(it)) and time.monotonic() - met < 2.5
    assert wait_until(lambda: attempt(it)[0] == 250, 10, 0.2)
    assert time.monotonic() - met > 2
    assert attempt(it)[0] == 250
    assert greylisted(attempt(it, sender="b@nothing.example"))
    assert greylisted(attempt(it, to="second@example.com"))


def test_verp_is_one_sender(gateway):
    it = gateway("delay 1s")
    accepted_after_a_wait(it, sender="bounce-1001-user=example.com@nothing.example")
    assert attempt(it, sender="bounce-1002-user=example.com@nothing.example")[0] == 250


def test_who_looks_good_does_not_wait(gateway):
    assert attempt(gateway("delay 1s"), sender="a@client.example", helo="client.example")[0] == 250


def test_a_network_is_known_after_some_messages(gateway, internet):
    it = gateway("delay 1s  passes 2")
    for n in range(2):
        accepted_after_a_wait(it, sender="n%d@nothing.example" % n, source=internet.address(71 + n))
    assert known_at_once(it, "nothing.example", source=internet.address(99))
    assert greylisted(attempt(it, sender="new@nothing.example"))


def test_a_message_to_many_counts_once(gateway, internet):
    it = gateway("delay 1s  passes 2")
    with Session(it.port) as client:
        client.ehlo("client.example")
        client.envelope(*["r%d@example.com" % n for n in range(20)], sender="a@client.example")
        assert client.data(samples.clean()).code == 250
    assert greylisted(attempt(it))


def test_a_domain_that_authenticates_is_known_wherever_it_comes_from(gateway, internet):
    it = gateway("delay 1s  passes 2")
    for n in range(2):
        assert attempt(it, sender="n%d@good.example" % n, helo="client.example")[0] == 250
    assert known_at_once(it, "good.example", source=internet.address(10))
    assert greylisted(attempt(it, sender="new@nothing.example", source=internet.address(10)))


def test_a_pool_that_spf_passes_for_waits_once_whatever_address_it_comes_from(gateway):
    it = gateway("delay 2s")
    assert greylisted(attempt(it, sender="a@pool.example", source="127.0.1.1"))
    assert greylisted(attempt(it, sender="a@pool.example", source="127.0.2.1"))
    wait_until(lambda: False, 2.5)
    assert attempt(it, sender="a@pool.example", source="127.0.3.1")[0] == 250
    assert greylisted(attempt(it, sender="b@pool.example", source="127.0.3.1"))
    assert greylisted(attempt(it, sender="a@pool.example", to="second@example.com", source="127.0.3.1"))


@pytest.mark.parametrize("sender", ["a@nothing.example", "a@null.example", "a@bad.example", "a@wide.example"])
def test_who_has_no_domain_or_lets_anybody_pass_waits_in_each_network(gateway, sender):
    it = gateway("delay 1s", policy='rule "wait" when not greylist.known then defer 451 4.7.1 "greylisted"\n')
    assert greylisted(attempt(it, sender=sender, source="127.0.1.1"))
    wait_until(lambda: False, 1.2)
    assert greylisted(attempt(it, sender=sender, source="127.0.2.1"))
    assert attempt(it, sender=sender, source="127.0.1.1")[0] == 250


def test_exempt_recipients_do_not_wait(gateway):
    it = gateway('delay 1s  exempt { "second@example.com" }')
    assert attempt(it, to="second@example.com")[0] == 250
    assert greylisted(attempt(it))


@pytest.mark.parametrize("recipients", [["user", "second"], ["second", "user"]], ids="/".join)
def test_a_rule_that_waits_for_the_message_knows_each_recipients_greylist(gateway, recipients):
    it = gateway('delay 60s  exempt { "second@example.com" }',
                 policy='rule "wait" when subject == "later" and not greylist.known then defer 451 4.7.1 "greylisted"\n')
    with Session(it.port) as client:
        client.ehlo("client.example")
        client.envelope(*["%s@example.com" % name for name in recipients], sender="a@client.example")
        reply = client.data(samples.clean("later"))
        assert (reply.code, reply.enhanced) == (451, "4.5.3"), reply
    assert not it.behind.messages


def test_what_is_remembered_outlives_a_reload_and_a_restart(gateway):
    it = gateway("delay 1s")
    accepted_after_a_wait(it)
    it.reload()
    assert it.wait_log("serving generation=2")
    assert attempt(it)[0] == 250
    wait_until(lambda: False, 1.1)  # the append-only file is written every second
    assert it.stop() == 0
    it.start()
    assert attempt(it)[0] == 250


def test_a_real_postfix_comes_again(gateway, own_dir):
    it = gateway("delay 3s")
    sender = Sender(own_dir, it.port, helo=BAD)
    sender.start()
    try:
        message = samples.clean("from Postfix", sender="someone@nothing.example")
        with smtplib.SMTP("127.0.0.1", sender.port, "inside.example", timeout=10) as smtp:
            smtp.sendmail("someone@nothing.example", ["user@example.com"], message)
        assert sender.comes_until(lambda: it.behind.messages)
        assert b"Subject: from Postfix" in it.behind.messages[0].content and len(it.behind.messages) == 1
        log = sender.log()
        assert re.search(r"status=deferred .*451 4\.7\.1 greylisted", log)
        assert wait_until(lambda: "status=sent" in sender.log(), 10)
        assert "status=bounced" not in sender.log()
    finally:
        sender.stop()


# ---- rates

def test_who_guesses_at_recipients_waits_and_is_dropped_at_last(gateway):
    policy = """
rule "many" when rate(client.ip, 1h, unknown_recipients) >= 6 then drop 421 4.7.1 "too many unknown recipients"
rule "some" when rate(client.ip, 1h, unknown_recipients) >= 3 then delay 500ms
"""
    script = {"RCPT": lambda session, line: None if b"user@" in line else "550 5.1.1 no such user"}
    it = gateway("delay 1s", policy=policy, script=script, check="on")
    took, codes = [], []
    with Session(it.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        for n in range(20):
            began = time.monotonic()
            codes.append(client.command("RCPT TO:<guess%d@example.com>" % n).code)
            took.append(time.monotonic() - began)
            if codes[-1] == 421:
                assert client.rest() == b""
                break
            wait_until(lambda: False, 0.05)
    assert codes[-1] == 421 and set(codes[:-1]) == {550} and 5 <= len(codes) <= 8, codes
    assert max(took[:2]) < 0.4 and min(took[4:-1]) > 0.4, took
    with Session(it.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        client.expect("RCPT TO:<user@example.com>", 421)


def test_guesses_that_a_table_refuses_count_as_well(gateway):
    policy = """
table users { "user@listed.example" }
domain "listed.example" { backend behind  recipients users }
rule "many" when rate(client.ip, 1h, unknown_recipients) >= 3 then drop 421 4.7.1 "too many unknown recipients"
"""
    it = gateway("delay 1s", policy=policy)
    with Session(it.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        codes = []
        while 421 not in codes and len(codes) < 10:
            codes.append(client.command("RCPT TO:<guess%d@listed.example>" % len(codes)).code)
    assert codes[-1] == 421 and set(codes[:-1]) == {550} and 3 <= len(codes) <= 5, codes


def test_proxies_count_together(gateway):
    policy = 'rule "fast" when rate(sender, 1h) > 10 then defer 451 4.7.1 "too fast: {rate(sender, 1h)}"\n'
    it = gateway("delay 1s", policy=policy, changes={"process": {"proxies": 2}})
    codes = [send(it.port, samples.clean(), "user@example.com", sender="a@client.example").code for _ in range(20)]
    assert codes == [250] * 10 + [451] * 10
    proxies = {re.search(r"gatepost-proxy\[(\d+)\]: info: \S+ message", line)[1] for line in it.log().splitlines() if " message client" in line}
    assert len(proxies) == 2, "both proxies took part"
    assert send(it.port, samples.clean(), "user@example.com", sender="b@client.example").code == 250


def test_connections_are_counted_by_a_policy_that_needs_no_dns(gateway):
    it = gateway("delay 1s", policy='rule "busy" when rate(client.ip, 1h) > 10 then reject 550 5.7.1 "busy: {rate(client.ip, 1h)}"\n',
                 changes={"process": {"proxies": 2}})
    codes = [attempt(it)[0] for _ in range(20)]
    assert 550 in codes and codes == sorted(codes), codes
