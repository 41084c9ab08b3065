# SPDX-License-Identifier: ISC
"""A real Postfix that takes the mail itself asks Gatepost about it as of a milter."""
import concurrent.futures
import contextlib
import re

import pytest

from lab import samples
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.milter_site import site_in
from lab.milter_steps import RULES, die_in_a_message, several_verdicts
from lab.process import asleep, kill, wait_until
from lab.smtp_client import Session, send

@pytest.fixture(scope="module")
def site(run_dir):
    folder = run_dir / "milter-site"
    folder.mkdir()
    with site_in(folder, RULES) as site:
        assert site.gateway.wait_log("gatepost-release ready", 40)
        yield site


def test_mail_that_no_rule_speaks_of_arrives(site, mark):
    assert site.send("clean", X_Mark=mark).code == 250
    assert site.arrived("user@example.com", mark)


def test_a_sender_is_refused_with_the_words_of_the_rule(site):
    reply = site.send("clean", sender="bad@client.example")
    assert (reply.code, reply.enhanced) == (553, "5.7.1")
    assert "100% refused: bad@client.example" in reply.text


def test_a_recipient_is_put_off_and_the_other_has_the_message(site, mark):
    with Session(site.postfix.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<odd@client.example>", 250)
        client.expect("RCPT TO:<user@example.com>", 250)
        assert client.command("RCPT TO:<second@example.com>").code == 451
        assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
    assert site.arrived("user@example.com", mark)


def test_fields_are_added_before_all_others(site, mark):
    assert site.send("[mark] " + mark).code == 250
    header = site.arrived("user@example.com", mark)
    assert b"X-Mark: it is marked\n" in header
    assert header.index(b"X-Mark:") < header.index(b"\nSubject:")


def test_a_subject_gets_its_prefix_and_a_field_goes(site, mark):
    assert site.send("[prefix] [without] " + mark, X_Private="secret", X_Other="stays").code == 250
    message = site.arrived("user@example.com", mark)
    assert re.search(rb"^Subject: \[told\] \[prefix\] \[without\] ", message, re.M)
    assert message.count(b"\nSubject:") == 1
    assert b"X-Private" not in message and b"X-Other: stays" in message


def test_content_is_refused_and_put_off_with_the_words_of_the_rule(site):
    reply = site.send("[refuse]")
    assert (reply.code, reply.enhanced) == (554, "5.7.1") and "content is not wanted" in reply.text
    reply = site.send("[defer]")
    assert (reply.code, reply.enhanced) == (450, "4.7.1") and "come again" in reply.text


def test_what_is_discarded_is_answered_and_arrives_nowhere(site, mark):
    assert site.send("[discard] " + mark).code == 250
    assert site.send("clean", X_Mark="after-" + mark).code == 250
    assert site.arrived("user@example.com", "after-" + mark)
    assert not any(b"[discard] " + mark.encode() in m for m in site.postfix.messages("user@example.com"))


def test_what_is_held_is_in_the_quarantine_and_not_in_the_mailbox(site, mark):
    assert site.send("[hold] " + mark).code == 250
    assert any(mark in held["subject"] for held in site.gateway.held())
    assert not any(mark.encode() in m for m in site.postfix.messages("user@example.com"))


def test_who_it_is_held_for_is_taken_out_and_the_other_has_it(site, mark):
    assert site.send("[half] " + mark, "user@example.com", "second@example.com").code == 250
    assert site.arrived("user@example.com", mark)
    held = [h for h in site.gateway.held() if mark in h["subject"]]
    assert len(held) == 1 and "second@example.com" in str(held[0])
    assert not any(mark.encode() in m for m in site.postfix.messages("second@example.com"))


def test_records_tell_of_the_milter(site, mark):
    assert site.send("clean " + mark).code == 250
    record = next(r for r in site.gateway.decisions() if mark in str(r.get("subject")))
    assert (record["protocol"], record["listener"], record["verdict"]) == ("milter", "asked", "accept")
    assert record["client"].startswith("127.0.0.1")


def test_octets_of_a_message_are_not_changed(site, mark):
    body = b".\r\n..\r\n.dot\r\n" + b"x" * 900 + b"\r\n\r\n  blanks  \r\n" + "ü".encode() + b"\r\n"
    message = b"From: a@client.example\r\nSubject:  two  blanks\r\nX-Folded: one\r\n\ttwo\r\n  three\r\nX-Mark:" + mark.encode() \
        + b"\r\n\r\n" + body
    assert send(site.postfix.port, message, "user@example.com").code == 250
    stored = site.arrived("user@example.com", mark)
    assert stored.endswith(message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1])
    record = next(r for r in reversed(site.gateway.decisions()) if r["verdict"] == "accept")
    assert record["size"] == len(message)


def test_several_messages_of_one_session_each_have_their_verdict(site, mark):
    several_verdicts(site.postfix.port, mark)


def test_a_proxy_that_dies_between_two_messages_is_not_noticed(site, mark):
    with Session(site.postfix.port) as client:
        client.ehlo()
        client.envelope("user@example.com")
        assert client.data(samples.clean("clean")).code == 250
        before = site.gateway.pids("gatepost-proxy")
        site.gateway.caused += ["died", "signal=9"]
        for pid in before:
            kill(pid)
        assert wait_until(lambda: len(set(site.gateway.pids("gatepost-proxy")) - set(before)) == 2)
        assert wait_until(site.gateway.answers)
        client.envelope("user@example.com")
        assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
    assert site.arrived("user@example.com", mark)


def test_a_proxy_that_dies_in_a_message_puts_it_off(site):
    die_in_a_message(site.postfix.port, site.gateway)


def test_without_gatepost_milter_postfix_does_as_it_is_told_and_it_comes_back(site, mark):
    killed = site.gateway.pids("gatepost-milter")
    for pid in killed:
        kill(pid)
    assert wait_until(lambda: site.send("clean", X_Mark=mark).code == 250)
    assert not set(site.gateway.pids("gatepost-milter")) & set(killed)
    assert site.arrived("user@example.com", mark)


def test_a_reload_goes_on_in_sessions_that_are_open(site, mark):
    with Session(site.postfix.port) as client:
        client.ehlo()
        served = site.gateway.log().count(" serving generation=")
        milter = site.gateway.pids("gatepost-milter")
        site.gateway.reload()
        assert wait_until(lambda: site.gateway.log().count(" serving generation=") > served)
        client.envelope("user@example.com")
        assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
    assert site.gateway.pids("gatepost-milter") == milter
    assert site.arrived("user@example.com", mark)


def test_two_hundred_sessions_at_once_have_each_their_verdict(site, mark):
    kinds = ("clean", 250), ("[refuse]", 554), ("[defer]", 450), ("[prefix]", 250)
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(Session(site.postfix.port)) for _ in range(200)]
        for client in clients:
            client.ehlo()
            client.envelope("user@example.com")
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            replies = list(pool.map(lambda n: clients[n].data(samples.clean(kinds[n % len(kinds)][0])), range(len(clients))))
    assert [str(reply) for n, reply in enumerate(replies) if reply.code != kinds[n % len(kinds)][1]] == []


def test_a_local_socket_is_asked_as_well_and_again_after_a_restart(own_dir, mark):
    with site_in(own_dir, RULES, where="unix:%s/milter.sock" % own_dir) as site:
        assert site.send("[mark] " + mark).code == 250
        assert b"X-Mark: it is marked\n" in site.arrived("user@example.com", mark)
        for pid in site.gateway.pids("gatepost-milter"):
            site.gateway.caused.append("pid=%d" % pid)
            kill(pid)
        assert wait_until(lambda: site.send("clean", X_Mark="again-" + mark).code == 250)


def test_rules_are_told_how_the_client_is_encrypted(own_dir, authority, mark):
    rules = 'rule "plain" when not tls.active then reject 550 5.7.1 "in the clear"\n' \
            'rule "how" when tls.version is known then header add "X-How" "{tls.version} {tls.cipher}"\n'
    with site_in(own_dir, rules, certificate=authority.certificate("behind.example.com")) as site:
        assert site.send("clean").code == 550
        with Session(site.postfix.port) as client:
            client.ehlo()
            client.starttls()
            client.ehlo()
            client.envelope("user@example.com")
            assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
        assert re.search(rb"^X-How: TLSv1\.3 TLS_\w+$", site.arrived("user@example.com", mark), re.M)
        assert site.gateway.decisions()[-1]["tls"] == "TLSv1.3"


def test_what_leaves_is_for_anywhere_and_has_its_direction(own_dir, mark):
    rules = 'rule "way" when direction == outbound then header add "X-Way" "out"\n'
    with site_in(own_dir, rules, listen="outbound relay behind") as site:
        assert site.send("clean", X_Mark=mark).code == 250
        assert b"X-Way: out\n" in site.arrived("user@example.com", mark)


def test_a_message_that_is_too_big_is_refused(own_dir):
    with site_in(own_dir, "", {"limits": {"message_size": "64KiB"}}) as site:
        with Session(site.postfix.port) as client:
            client.ehlo()
            client.envelope("user@example.com")
            assert client.data(b"Subject: x\r\n\r\n" + b"x" * 70 * 1024 + b"\r\n").code == 552
            assert client.command("MAIL FROM:<a@client.example> SIZE=100000").code == 552


def test_a_gateway_that_hangs_puts_mail_off(own_dir, mark):
    options = "milter_command_timeout = 2s\nmilter_content_timeout = 2s\n"
    with site_in(own_dir, "", options=options) as site:
        with asleep(site.gateway.pids("gatepost-proxy")):
            assert site.send("clean").code // 100 == 4
        assert wait_until(lambda: site.send("clean", X_Mark=mark).code == 250)
        assert site.arrived("user@example.com", mark)


@pytest.mark.skipif(not PEER.exists(), reason="not built")
def test_what_leaves_is_signed_and_verifies_where_it_arrives(own_dir, mark):
    pytest.importorskip("dkim", reason="no python3-dkim")
    key = Key(own_dir, "example.com", "2026a")
    rules = sentence(["example.com"], key) + 'rule "mark" then header add "X-Seen" "yes"\n'
    with site_in(own_dir, rules, listen="outbound relay behind") as site:
        assert site.gateway.wait_log("gatepost-sign ready", 20)
        mail = samples.octets(samples.message("signed", sender="anna@example.com", X_Mark=mark))
        assert send(site.postfix.port, mail, "user@example.com", sender="anna@example.com").code == 250
        message = site.arrived("user@example.com", mark)
    signed = message[message.index(b"DKIM-Signature:"):].replace(b"\n", b"\r\n")
    assert b"X-Seen: yes" in signed
    assert verify(signed, key) == [("example.com", "2026a", True)]
