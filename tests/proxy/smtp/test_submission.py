# SPDX-License-Identifier: ISC
"""Users who log in to send (RFC 6409, RFC 4954): the server behind says who may, and takes what they send over the same connection."""
import os
import re
import signal
import smtplib
import struct

import pytest

from lab import needs, users
from lab.backend import CLOSE, HANG, server_context
from lab.dovecot import Dovecot, knows_logins
from lab.gatepost import backend, certificate, check_configuration, domains
from lab.ports import free_port
from lab.postfix import Postfix, logs_in
from lab.process import wait_until
from lab.smtp_client import Closed, Session, client_context, send
from lab.submitters import ELSEWHERE, MESSAGE, PASSWORD, RIGHT, USER, Site, coded, letter, plain, program

OFFERED = ("PIPELINING", "SIZE 1000000", "8BITMIME", "AUTH PLAIN LOGIN XOAUTH2 SCRAM-SHA-256 NTLM")


def knows(*right, steps=()):
    """A server that lets in who says one of these last, after these challenges."""
    said = []

    def auth(session, line):
        said.append(line.decode())
        last = line.split(b" ")[-1]
        for challenge in steps:
            session.socket.sendall(b"334 " + challenge + b"\r\n")
            last = session._line()
            said.append(last.decode())
        return "235 2.7.0 in" if last.decode() in right else "535 5.7.8 wrong at behind.example.com"
    return said, auth


@pytest.fixture
def site(start, new_backend, authority):
    """A gateway in front of a scripted server for users who send."""
    def go(script=None, rules="", options="", extensions=OFFERED, more="", changes=None, proxies=1, tls="tls required", port=None, check="on", **server):
        said, auth = knows(RIGHT)
        out = free_port()
        behind = new_backend({"AUTH": auth, **(script or {})}, context=server_context(authority.certificate("behind.example.com")),
                             extensions=extensions, **server)
        body = certificate(authority.certificate("mx.example.com"))
        body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind  %s }\n' % (out, options)
        body += backend("behind", submission=["%d %s" % (port or behind.port, tls)], options="recipient_check " + check) + more + rules
        it = Site(start(body, changes={"process": {"proxies": proxies}, **(changes or {})}), out, behind)
        it.said = said
        return it
    return go


# ---- what is sent ----

def test_who_logs_in_sends_to_anywhere_over_his_own_connection(site):
    it = site()
    with it.logged_in() as session:
        for n in range(3):
            session.envelope(ELSEWHERE, "user@example.com", sender=USER)
            assert session.data(MESSAGE).code == 250
    assert [message.recipients for message in it.server.messages] == [[ELSEWHERE, "user@example.com"]] * 3
    assert len({message.connection for message in it.server.messages}) == 1 and all(message.tls for message in it.server.messages)
    assert it.said == ["AUTH PLAIN " + RIGHT]
    assert it.sends().code == 250
    assert len({message.connection for message in it.server.messages}) == 2, "somebody else's login was used"
    record = it.gateway.decisions()[-1]
    assert (record["login"], record["direction"], record["verdict"]) == (USER, "outbound", "accept")


def test_what_is_offered_without_and_with_tls(site):
    it = site()
    with it.session(tls=False) as session:
        assert "AUTH" not in session.extensions and "STARTTLS" in session.extensions
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert (reply.code, reply.enhanced) == (538, "5.7.11")
    with it.session() as session:
        assert session.extensions["AUTH"] == "PLAIN LOGIN" and "STARTTLS" not in session.extensions
    assert not it.said


def test_without_a_login_nothing_is_sent(site):
    it = site()
    with it.session() as session:
        reply = session.command("MAIL FROM:<user@example.com>")
        assert (reply.code, reply.enhanced) == (530, "5.7.0")
        session.expect("AUTH PLAIN " + plain(USER, "wrong"), 535)
        assert session.command("MAIL FROM:<user@example.com>").code == 530
    assert "MAIL" not in it.server.verbs()


def test_a_login_in_the_clear_is_taken_only_where_that_is_allowed(site):
    it = site(options="allow_cleartext")
    with it.session(tls=False) as session:
        session.expect("AUTH PLAIN " + RIGHT, 235)
        reply = session.command("STARTTLS")
        assert reply.code == 502, "who is logged in begins no TLS, which would make him nobody"
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250


@pytest.mark.parametrize("lines, codes", [
    (["AUTH PLAIN", RIGHT], [334, 235]),
    (["AUTH plain " + RIGHT], [235]),
    (["AUTH LOGIN", coded(USER), coded(PASSWORD)], [334, 334, 235]),
    (["AUTH LOGIN " + coded(USER), coded(PASSWORD)], [334, 235]),
])
def test_the_ways_to_log_in(site, lines, codes):
    it = site()
    with it.session() as session:
        assert [session.command(line).code for line in lines] == codes
    assert it.said == ["AUTH PLAIN " + RIGHT]


def test_a_server_without_plain_is_told_by_login(site):
    said, auth = knows(coded(PASSWORD), steps=(b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"))
    it = site({"AUTH": auth}, extensions=("AUTH LOGIN",))
    assert it.sends().code == 250
    assert said == ["AUTH LOGIN", coded(USER), coded(PASSWORD)]


@pytest.mark.parametrize("lines, code, enhanced", [
    (["AUTH"], 501, "5.5.4"),
    (["AUTH CRAM-MD5"], 504, "5.5.4"),
    (["AUTH USER"], 504, "5.5.4"),
    (["AUTH XOAUTH2"], 504, "5.5.4"),
    (["AUTH PLAIN !!!"], 501, "5.5.2"),
    (["AUTH PLAIN", "*"], 501, "5.7.0"),
    (["AUTH LOGIN", "*"], 501, "5.7.0"),
    (["AUTH LOGIN", coded(USER), "*"], 501, "5.7.0"),
    (["AUTH PLAIN " + coded("no such form")], 501, "5.5.2"),
    (["AUTH PLAIN " + coded("\0user\0pass\r\nword")], 501, "5.5.2"),
    (["AUTH PLAIN " + plain(USER, "wrong")], 535, "5.7.8"),
])
def test_what_is_said_to_a_login_that_fails(site, lines, code, enhanced):
    it = site()
    with it.session() as session:
        for line in lines:
            reply = session.command(line)
        assert (reply.code, reply.enhanced) == (code, enhanced), reply
        assert "behind" not in reply.text
        session.expect("AUTH PLAIN " + RIGHT, 235)


def test_auth_has_its_place(site):
    it = site()
    with Session(it.port) as session:
        assert session.command("AUTH PLAIN " + RIGHT).code == 503
    with it.logged_in() as session:
        assert session.command("AUTH PLAIN " + RIGHT).code == 503, "once is enough (RFC 4954 4)"
        session.expect("MAIL FROM:<user@example.com> AUTH=<user@example.com>", 250)
        assert session.command("AUTH PLAIN " + RIGHT).code == 503
        session.expect("RSET", 250)
        session.ehlo("another.example")
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250, "EHLO makes nobody a stranger"
    assert len(it.said) == 1


def test_starttls_forgets_half_a_login(site):
    it = site(options="allow_cleartext")
    with it.session(tls=False) as session:
        session.expect("AUTH LOGIN " + coded(USER), 334)
        assert session.command(coded("wrong")).code == 535
        session.starttls()
        session.ehlo()
        session.expect("AUTH PLAIN " + RIGHT, 235)


def test_other_listeners_know_no_login(site):
    it = site()
    with Session(it.gateway.port) as session:
        session.ehlo()
        assert "AUTH" not in session.extensions
        assert session.command("AUTH PLAIN " + RIGHT).code == 503


# ---- mechanisms that pass ----

def test_an_oauth_token_passes_octet_for_octet(site):
    token = coded("user=%s\1auth=Bearer %s\1\1" % (USER, "t" * 6000))
    said, auth = knows(token, steps=(b"",))
    it = site({"AUTH": auth}, options='mechanisms { "XOAUTH2" }')
    with it.session() as session:
        assert session.extensions["AUTH"] == "XOAUTH2"
        session.expect("AUTH XOAUTH2 " + token, 235)
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250
    assert said == ["AUTH XOAUTH2", token]
    assert it.gateway.decisions()[-1]["login"] == USER


def test_an_exchange_of_several_steps_passes_and_can_be_broken_off(site):
    said, auth = knows("cHJvb2Y=", steps=(b"", b"Y2hhbGxlbmdl"))
    it = site({"AUTH": auth}, options='mechanisms { "SCRAM-SHA-256" }')
    first = coded("n,,n=%s,r=nonce" % USER)
    with it.session() as session:
        reply = session.expect("AUTH SCRAM-SHA-256 " + first, 334)
        assert reply.text == "Y2hhbGxlbmdl"
        assert session.command("*").code == 501
        session.expect("AUTH SCRAM-SHA-256 " + first, 334)
        session.expect("cHJvb2Y=", 235)
    assert said[-3:] == ["AUTH SCRAM-SHA-256", first, "cHJvb2Y="]


def test_a_mechanism_that_the_server_lacks_is_none(site):
    it = site(options='mechanisms { "XOAUTH2" "PLAIN" }', extensions=("AUTH PLAIN",))
    with it.session() as session:
        reply = session.command("AUTH XOAUTH2 " + coded("user=%s\1auth=Bearer x\1\1" % USER))
        assert (reply.code, reply.enhanced) == (504, "5.5.4")
    assert "AUTH" not in it.server.verbs()


def test_a_mechanism_that_the_server_would_bind_to_tls_is_none(site):
    it = site(options='mechanisms { "SCRAM-SHA-256" }', extensions=("AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS",))
    with it.session() as session:
        assert session.command("AUTH SCRAM-SHA-256 " + coded("n,,n=user,r=nonce")).code == 504


def test_a_line_longer_than_a_login_may_be_ends_the_session(site):
    it = site()
    with it.session() as session:
        session.expect("AUTH PLAIN", 334)
        session.send("A" * 13000)
        assert session.reply().code == 500
    assert "PLAIN" not in " ".join(it.said)


# ---- the server behind ----

@pytest.mark.parametrize("auth, code, enhanced", [("535 5.7.8 wrong", 535, "5.7.8"), ("534 5.7.9 too weak", 535, "5.7.8"), ("454 4.7.0 not now", 454, "4.7.0"),
                                                  ("334 more", 535, "5.7.8"), ([HANG], 454, "4.7.0"), ([CLOSE], 454, "4.7.0"),
                                                  ("235 2.7.0 in\r\n250 and more", 454, "4.7.0")])
def test_what_the_server_says_of_a_login_is_told_in_our_words(site, auth, code, enhanced):
    it = site({"AUTH": auth}, changes={"timeouts": {"backend": "1s"}})
    with it.session() as session:
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert (reply.code, reply.enhanced) == (code, enhanced), reply
        assert session.command("NOOP").code == 250
        assert session.command("MAIL FROM:<user@example.com>").code == 530


def test_a_yes_that_stands_behind_the_answer_to_ehlo_lets_nobody_in(site):
    it = site({"EHLO": [b"250-behind.example.com\r\n250 AUTH PLAIN\r\n235 2.7.0 in\r\n"]}, tls="tls none")
    with it.session() as session:
        assert session.command("AUTH PLAIN " + plain(USER, "wrong")).code == 454
        assert session.command("MAIL FROM:<user@example.com>").code == 530


def test_where_no_server_is_up_a_login_is_put_off(site):
    it = site(port=free_port())
    with it.session() as session:
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert (reply.code, reply.enhanced) == (454, "4.7.0")


def test_no_password_is_said_to_a_server_without_the_tls_that_it_must_have(site, new_backend):
    bare = new_backend(extensions=("AUTH PLAIN",))
    it = site(port=bare.port)
    with it.session() as session:
        assert session.command("AUTH PLAIN " + RIGHT).code == 454
    assert "AUTH" not in bare.verbs()


def test_another_server_is_tried_where_one_is_away(start, new_backend, authority, site):
    said, auth = knows(RIGHT)
    good = new_backend({"AUTH": auth}, extensions=("AUTH PLAIN",))
    out = free_port()
    body = certificate(authority.certificate("mx.example.com"))
    body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % out
    body += backend("behind", submission=["%d tls none priority 1" % free_port(), "%d tls none priority 2" % good.port])
    it = Site(start(body), out, good)
    assert it.sends().code == 250


@pytest.mark.parametrize("step, reply", [("RCPT", "550 5.1.1 no such mailbox over there"), ("RCPT", "450 4.2.0 later over there"),
                                         ("RCPT", "553 5.7.1 not your address"), ("MAIL", "553 5.7.1 not your address"),
                                         ("RCPT", "550 5.7.60 SMTP; Client does not have permissions to send as this sender")])
def test_refusals_of_the_server_are_the_user_s_at_rcpt(site, step, reply):
    it = site({step: reply})
    with it.logged_in() as session:
        session.expect("MAIL FROM:<user@example.com>", 250)
        said = session.command("RCPT TO:<%s>" % ELSEWHERE)
        assert "%d %s" % (said.code, said.text.split(" (")[0]) == reply


def test_what_one_user_is_told_of_a_recipient_no_other_is_told(site):
    it = site({"RCPT": "550 5.1.1 not for you"}, changes={"timeouts": {"recipient_refused": "60s", "recipient_accepted": "60s"}})
    with it.logged_in() as session:
        session.expect("MAIL FROM:<user@example.com>", 250)
        assert session.command("RCPT TO:<%s>" % ELSEWHERE).code == 550
    it.server.script.pop("RCPT")
    assert it.sends().code == 250


def test_what_a_user_is_told_of_a_recipient_those_who_write_to_him_are_not(start, new_backend, authority):
    out, takes = free_port(), new_backend()
    knows_him = new_backend({"AUTH": knows(RIGHT)[1], "RCPT": "550 5.1.1 not from you"}, extensions=("AUTH PLAIN",))
    body = certificate(authority.certificate("mx.example.com"))
    body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % out
    body += backend("behind", takes.port, submission=["%d tls none" % knows_him.port], options="recipient_check on") + domains("behind", "example.com")
    it = Site(start(body, changes={"process": {"proxies": 1}, "timeouts": {"recipient_refused": "60s", "recipient_accepted": "60s"}}), out, knows_him)
    with it.logged_in() as session:
        session.expect("MAIL FROM:<user@example.com>", 250)
        assert session.command("RCPT TO:<second@example.com>").code == 550
    assert send(it.gateway.port, MESSAGE, "second@example.com").code == 250


@pytest.mark.parametrize("step, reply", [("DATA", "250 2.0.0 ok"), ("DOT", "354 go on"), ("RCPT", "354 go on"), ("MAIL", "334 more")])
def test_a_reply_that_fits_nothing_is_no_yes(site, step, reply):
    it = site({step: reply}, changes={"timeouts": {"backend": "2s"}})
    with it.logged_in() as session:
        session.expect("MAIL FROM:<user@example.com>", 250)
        said = session.command("RCPT TO:<%s>" % ELSEWHERE)
        if step in ("DATA", "DOT"):
            assert said.code == 250
            said = session.data(MESSAGE)
        assert (said.code, said.enhanced) in ((451, "4.3.5"), (451, "4.4.1"), (421, "4.4.2"), (451, "4.4.2")), said
    assert not it.server.messages


@pytest.mark.parametrize("check", ["on", "off"])
def test_what_comes_next_waits_for_the_reply_to_what_was_before(site, check):
    it = site({"DATA": "554 5.7.1 not this one", "RSET": [1.0, b"250 2.0.0 ok\r\n"]}, check=check)
    with it.logged_in() as session:
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 554
        it.server.script.pop("DATA")
        it.server.script["RCPT"] = lambda session, line: "550 5.1.1 nobody" if b"nobody" in line else None
        session.send(b"MAIL FROM:<user@example.com>\r\nRCPT TO:<nobody@elsewhere.example>\r\nRCPT TO:<someone@elsewhere.example>\r\n")
        codes = [session.reply().code for _ in range(3)]
        assert codes == ([250, 550, 250] if check == "on" else [250, 250, 250])
        said = session.data(MESSAGE)
        assert said.code == (250 if check == "on" else 550), said
        assert session.command("NOOP").code == 250
    assert len(it.server.messages) == (1 if check == "on" else 0)


def test_of_a_limit_of_the_server_the_user_hears_in_its_words_and_then_at_rcpt(site):
    def limited(session, line):
        return "452 4.5.3 too many recipients" if len(session.rcpt_lines) >= 2 else None
    it = site({"RCPT": limited}, check="off")
    with it.logged_in() as session:
        session.envelope(*["r%d@elsewhere.example" % n for n in range(4)], sender=USER)
        said = session.data(MESSAGE)
        assert said.code == 452 and "r2@elsewhere.example: too many recipients; sent to nobody" in said.text, said
        session.expect("MAIL FROM:<user@example.com>", 250)
        assert [session.command("RCPT TO:<r%d@elsewhere.example>" % n).code for n in range(3)] == [250, 250, 452]


@pytest.mark.parametrize("step, reply", [("DOT", "554 5.7.1 not wanted"), ("DOT", "451 4.3.0 later"), ("DATA", "554 5.7.1 no")])
def test_the_server_s_answer_to_the_message_is_the_sender_s(site, step, reply):
    it = site({step: reply})
    with it.logged_in() as session:
        session.envelope(ELSEWHERE, sender=USER)
        said = session.data(MESSAGE)
        assert "%d %s" % (said.code, said.text.split(" (")[0]) == reply
        assert session.command("NOOP").code == 250


def test_a_server_that_hangs_up_between_two_messages_sends_the_user_away_to_log_in_again(site):
    it = site()
    with it.logged_in() as session:
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250
        it.server.hang_up()
        assert session.reply().code == 421
        with pytest.raises(Closed):
            session.reply()
    assert it.sends().code == 250


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_server_that_breaks_off_loses_nothing(site, step):
    it = site({step: [CLOSE]})
    with it.logged_in() as session:
        session.expect("MAIL FROM:<user@example.com>", 250)
        reply = session.command("RCPT TO:<%s>" % ELSEWHERE)
        if step in ("DATA", "DOT"):
            assert reply.code == 250
            reply = session.data(MESSAGE)
        assert reply.code in (421, 451), reply
    assert not it.server.messages
    if step == "DOT":
        assert it.gateway.wait_log("in-doubt")
    it.server.script.pop(step)
    assert it.sends().code == 250


def test_a_delivery_whose_dot_is_out_is_finished_though_the_client_has_gone(site):
    it = site({"DOT": [1.0, b"250 2.0.0 taken\r\n"]})
    session = it.logged_in()
    session.envelope(ELSEWHERE, sender=USER)
    session.expect("DATA", 354)
    session.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
    assert wait_until(lambda: "DATA" in it.server.verbs())
    session.close()
    assert wait_until(lambda: it.server.messages)
    assert it.gateway.wait_log("in-doubt")


def test_who_hangs_up_in_the_middle_of_a_login_is_counted_as_himself(site):
    it = site({"AUTH": [b"334 \r\n"]}, options='mechanisms { "XOAUTH2" "PLAIN" }',
              rules='rule "tired" when login.user_failures >= 2 then defer 454 4.7.0 "rest a little"\n')
    for n in range(2):
        it.server.script["AUTH"] = [b"334 \r\n"]
        with it.session() as session:
            session.send("AUTH XOAUTH2 " + coded("user=%s\1auth=Bearer wrong%d\1\1" % (USER, n)) + "\r\n")
            assert wait_until(lambda: it.server.verbs().count("AUTH") == n + 1)
    said, it.server.script["AUTH"] = knows(RIGHT)
    def tired():
        with it.session() as session:
            return session.command("AUTH PLAIN " + RIGHT).code == 454
    assert wait_until(tired)


NEGOTIATE = "TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA="


def authenticate(user):
    """[MS-NLMP] 2.2.1.3, of which the user alone is read here."""
    name = user.encode("utf-16-le")
    none, at = struct.pack("<HHI", 0, 0, 64), struct.pack("<HHI", len(name), len(name), 64)
    return coded(b"NTLMSSP\0" + struct.pack("<I", 3) + none * 3 + at + none * 2 + struct.pack("<I", 1) + name)


def test_a_server_that_hangs_up_while_a_rule_delays_a_login_leaves_nothing_behind(site):
    said, auth = knows(steps=(b"", b"Y2hhbGxlbmdl"))
    it = site({"AUTH": auth}, options='mechanisms { "NTLM" "PLAIN" }', rules='rule "slowly" when login.user == "user" then delay 3s\n')
    proxies = it.gateway.pids("gatepost-proxy")
    with it.session() as session:
        session.expect("AUTH NTLM " + NEGOTIATE, 334)
        session.send(authenticate("user") + "\r\n")
        assert not wait_until(lambda: len(said) > 2, 0.5), "the rule delays what it names"
        it.server.hang_up()
        assert session.reply().code == 454
        it.server.script["AUTH"] = knows(RIGHT)[1]
        session.expect("AUTH PLAIN " + RIGHT, 235)
        session.envelope(ELSEWHERE, sender=USER)
        assert not wait_until(lambda: it.gateway.pids("gatepost-proxy") != proxies, 4)
        assert session.data(MESSAGE).code == 250


def test_no_number_of_tries_makes_a_user_nobody(site):
    it = site(options='login_domain "%s.example"' % ("d" * 60),
              rules='rule "tired" when login.user_failures >= 3 then defer 454 4.7.0 "rest a little"\n', changes={"limits": {"errors": "1000"}})
    with it.session() as session:
        codes = [session.command("AUTH PLAIN " + plain("joe", "wrong%d" % n)).code for n in range(400)]
    assert codes[:3] == [535] * 3 and set(codes[3:]) == {454}, codes
    assert len(it.said) == 3


def test_who_acts_for_another_is_still_himself(site):
    said, auth = knows(plain(USER, PASSWORD, "boss@example.com"))
    it = site({"AUTH": auth}, rules=OWNED)
    with it.logged_in(plain(USER, PASSWORD, "boss@example.com")) as session:
        session.expect("MAIL FROM:<boss@example.com>", 250)
        assert session.command("RCPT TO:<%s>" % ELSEWHERE).code == 553


def test_a_connection_behind_is_kept_alive_while_a_client_is_slow(site):
    it = site()
    with it.logged_in() as session:
        assert wait_until(lambda: "NOOP" in it.server.verbs(), 15), it.server.verbs()
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250


def test_the_limits_of_a_pool_do_not_count_those_who_log_in(site):
    it = site()
    sessions = [it.logged_in() for _ in range(15)]  # a pool has 10 connections
    for session in sessions:
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250
        session.close()
    assert len({message.connection for message in it.server.messages}) == 15


# ---- rules ----

def test_rules_see_who_has_logged_in_and_how(site):
    it = site(rules='rule "who" when login.user == "user@example.com" and login.mechanism == "plain" and login.domain == "example.com" '
                    'and direction == outbound and protocol == smtp then header add "X-Who" "{login.user}"\n')
    assert it.sends().code == 250
    assert b"X-Who: user@example.com\r\n" in it.server.messages[0].content


def test_rules_can_refuse_a_login_before_the_server_hears_of_it(site):
    it = site(rules='rule "no" when login.user == "user@example.com" then reject 535 5.7.8 "not from there"\n')
    with it.session() as session:
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert (reply.code, reply.text.split(" (")[0]) == (535, "5.7.8 not from there")
    assert not it.said
    record = it.gateway.decisions()[-1]
    assert (record["stage"], record["login"], record["verdict"]) == ("login", USER, "reject")
    assert it.gateway.wait_log("login refused") and PASSWORD not in it.gateway.log()


def test_the_log_says_whose_login_was_refused_why_and_not_the_password(site):
    it = site(rules='rule "not him" when login.user == "eve@example.com" then reject 535 5.7.8 "not from there"\n')
    with it.session() as session:
        assert session.command("AUTH PLAIN " + plain("eve@example.com", "opensesame")).code == 535
        assert session.command("AUTH PLAIN " + plain(USER, "opensesame")).code == 535
    assert wait_until(lambda: it.gateway.log().count(" login refused ") == 2)
    by_rule, by_server = [line for line in it.gateway.log().splitlines() if " login refused " in line]
    assert 'client=127.0.0.1 helo=client.example user=eve@example.com tls=' in by_rule and 'from="" to="" stage=login rule="not him" code=535' in by_rule
    assert by_rule.endswith('text="5.7.8 not from there"')
    assert "user=%s " % USER in by_server and 'rule="" code=535 text="5.7.8 wrong at behind.example.com"' in by_server
    assert not re.search("opensesame|" + "|".join((plain("eve@example.com", "opensesame"), plain(USER, "opensesame"))), it.gateway.log())


def test_failures_are_counted_over_all_protocols(start, site, new_backend):
    it = site(rules='rule "tired" when login.user_failures >= 3 then defer 454 4.7.0 "rest a little"\n')
    for n in range(3):
        with it.session() as session:
            session.expect("AUTH PLAIN " + plain(USER, "wrong%d" % n), 535)
    with it.session() as session:
        reply = session.command("AUTH PLAIN " + RIGHT)
        assert (reply.code, reply.text.split(" (")[0]) == (454, "4.7.0 rest a little")
    assert len(it.said) == 3


def test_limits_count_what_a_user_sends_whatever_address_he_writes(site):
    it = site(rules='rule "enough" when rate(account.name, 1h, recipients) > 3 then defer 451 4.7.1 "{account.name} has sent enough"\n')
    assert [it.sends(sender="a%d@example.com" % n).code for n in range(3)] == [250] * 3
    with it.logged_in() as session:
        session.expect("MAIL FROM:<a4@example.com>", 250)
        assert "user@example.com has sent enough" in session.command("RCPT TO:<%s>" % ELSEWHERE).text


def test_who_tries_out_addresses_counts_by_those_that_are_refused_and_what_he_breaks_off_is_no_letter(site):
    """Rates of recipients count both: they are of RCPT, the account's facts of messages."""
    it = site({"RCPT": lambda session, line: "550 5.1.1 nobody" if b"<no" in line else None},
              rules='observe rule "x" when account.recipients_hour >= 0 and account.refused_recipients >= 0 then log "x"\n'
                    'rule "enough" when rate(account.name, 1h, recipients) > 30 then defer 451 4.7.1 "enough"\n')
    for n in range(2):
        with it.logged_in() as session:
            session.expect("MAIL FROM:<%s>" % USER, 250)
            for k in range(6):
                session.expect("RCPT TO:<no%d.%d@elsewhere.example>" % (n, k), 550)
                session.expect("RCPT TO:<yes%d.%d@elsewhere.example>" % (n, k), 250)
            session.expect("RSET" if n else "QUIT", 250 if n else 221)
    assert it.sends().code == 250
    facts = it.gateway.decisions()[-1]["facts"]
    assert (facts["account.recipients_hour"], round(facts["account.refused_recipients"])) == (13, round(1200 / 13))
    with it.logged_in() as session:
        session.expect("MAIL FROM:<%s>" % USER, 250)
        assert [session.command("RCPT TO:<yes%d@elsewhere.example>" % n).code for n in range(8)].count(451) > 0


def test_a_redis_that_is_away_keeps_no_user_from_sending(site):
    it = site(rules='rule "guesses" when login.failures >= 3 or login.user_failures >= 5 then reject 535 5.7.8 "too many"\n')
    memories = it.gateway.pids("redis-server")
    assert memories
    for pid in memories:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert it.sends().code == 250
    finally:
        for pid in memories:
            os.kill(pid, signal.SIGCONT)


def test_who_was_slowed_down_at_his_login_is_not_slowed_down_again(site):
    it = site(rules='rule "slowly" when login.user_failures >= 1 then delay 3s\n')
    with it.session() as session:
        session.expect("AUTH PLAIN " + plain(USER, "wrong"), 535)
    assert it.sends().code == 250
    record = it.gateway.decisions()[-1]
    assert record["rules"] == ["slowly"] and record["ms"] < 2900, record


OWNED = ('rule "envelope" when login.owns_sender == false then reject 553 5.7.1 "that is not your address"\n'
         'rule "author" when login.owns_from == false then reject 550 5.7.1 "that is not your name"\n')
SENDERS = 'senders { "sales@example.com" -> "second@example.com, user@example.com"  "@lists.example.com" -> "user@example.com"  "theirs@example.com" -> "second@example.com, user" }'


@pytest.mark.parametrize("sender, author, code", [
    (USER, USER, 250), ("USER@Example.com", "User@EXAMPLE.com", 250), ("sales@example.com", "sales@example.com", 250), ("x@lists.example.com", USER, 250),
    ("boss@example.com", USER, 553), ("second@example.com", USER, 553), ("theirs@example.com", USER, 553), (USER, "theirs@example.com", 550), (USER, "boss@example.com", 550), (USER, USER + ", boss@example.com", 550), ("", USER, 250),
    ("user@example.com.evil.example", USER, 553)])
def test_a_sender_that_is_not_the_user_s_can_be_refused(site, sender, author, code):
    it = site(options=SENDERS, rules=OWNED)
    message = MESSAGE.replace(b"From: user@example.com", b"From: " + author.encode())
    with it.logged_in() as session:
        session.expect("MAIL FROM:<%s>" % sender, 250)
        reply = session.command("RCPT TO:<%s>" % ELSEWHERE)
        if reply.code == 250:
            reply = session.data(message)
        assert reply.code == code


# ---- what the message says of it ----

def test_where_a_user_sends_from_is_not_told(site):
    it = site()
    assert it.sends().code == 250
    received = re.match(rb"Received: from ([^\r]*)\r\n\t(by mx.example.com \(Gatepost\) with ESMTPSA[^;]*);", it.server.messages[0].content)
    assert received and b"127.0.0.1" not in received.group() and b"client.example" not in received.group() and USER.encode() not in received.group(1)


def test_where_a_user_sends_from_is_told_where_that_is_wanted(site):
    it = site(changes={"smtp": {"hide_submitter": "off"}})
    assert it.sends().code == 250
    assert it.server.messages[0].content.startswith(b"Received: from client.example ([127.0.0.1])\r\n\tby mx.example.com (Gatepost) with ESMTPSA ")


def test_date_and_message_id_are_added_where_they_are_missing(site):
    it = site()
    assert it.sends().code == 250 and it.sends(message=b"From: user@example.com\r\n\r\nhello\r\n").code == 250
    whole, bare = (message.content for message in it.server.messages)
    assert whole.endswith(MESSAGE) and whole.count(b"\r\nDate:") == 1 and whole.count(b"\r\nMessage-ID:") == 1
    assert re.search(rb"\r\nDate: \w+, \d+ \w+ \d{4} [\d:]+ [-+]\d{4}\r\n", bare)
    assert re.search(rb"\r\nMessage-ID: <[^@>]+@mx.example.com>\r\nFrom: user@example.com\r\n\r\nhello\r\n", bare)


def test_an_answer_to_a_letter_that_got_its_message_id_here_is_known(site, new_backend):
    """Of two that leave without one, only what we named is a letter of ours."""
    home, into = new_backend(), free_port()
    more = backend("home", home.port) + domains("home", "example.com") + 'listen smtp "in" on "127.0.0.1:%d"\n' % into
    it = site(more=more, rules='observe rule "known" when message.in_reply_to_known then log "x"\n')
    assert it.sends(message=b"From: user@example.com\r\nSubject: bare\r\n\r\nhello\r\n").code == 250
    [given] = re.findall(rb"\r\nMessage-ID: (<[^@>]+@mx.example.com>)\r\n", it.server.messages[0].content)

    def is_known(answer_to):
        letter = b"From: someone@elsewhere.example\r\nSubject: Re: bare\r\nIn-Reply-To: " + answer_to + b"\r\n\r\nhello\r\n"
        assert send(into, letter, USER, sender=ELSEWHERE).code == 250
        return it.gateway.decisions()[-1]["facts"]["message.in_reply_to_known"]
    assert wait_until(lambda: is_known(given))
    assert is_known(given.replace(b"@", b"x@")) is False


# ---- by another way ----

def test_mail_goes_by_the_relay_where_there_is_one(site, new_backend):
    relay = new_backend()
    it = site(options="relay smart", more=backend("smart", relay.port))
    assert it.sends().code == 250
    assert relay.messages and not it.server.messages
    with it.logged_in() as session:
        assert wait_until(lambda: it.server.open <= 1), "the connection that was logged in by is of no use"
        session.envelope(ELSEWHERE, sender=USER)
        assert session.data(MESSAGE).code == 250


def test_what_a_user_sent_and_is_held_leaves_by_the_relay(site, new_backend):
    relay = new_backend()
    it = site(options="relay smart", more=backend("smart", relay.port), rules='rule "hold" when login.user is known then quarantine "leaks"\n')
    assert it.gateway.wait_log("gatepost-release ready", 20)
    assert it.sends().code == 250 and not relay.messages
    [entry] = it.gateway.held()
    it.gateway.control("quarantine", "release", str(entry["number"]))
    assert wait_until(lambda: relay.messages)


def test_what_is_held_leaves_by_the_smtp_servers_of_his_backend_where_there_is_no_relay(start, new_backend, authority):
    said, auth = knows(RIGHT)
    out, takes, knows_him = free_port(), new_backend(), new_backend({"AUTH": auth}, extensions=("AUTH PLAIN",))
    body = certificate(authority.certificate("mx.example.com"))
    body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % out
    body += backend("behind", takes.port, submission=["%d tls none" % knows_him.port])
    it = Site(start(body + 'rule "hold" when login.user is known then quarantine "leaks"\n'), out, knows_him)
    assert it.gateway.wait_log("gatepost-release ready", 20)
    assert it.sends().code == 250 and not knows_him.messages
    it.gateway.control("quarantine", "release", str(it.gateway.held()[0]["number"]))
    assert wait_until(lambda: takes.messages) and not knows_him.messages


def test_what_is_held_of_both_ways_where_the_server_behind_speaks_lmtp(start, new_backend, authority):
    """LMTP delivers what came for its mailboxes; it takes nothing for anywhere, so what users sent waits for a relay."""
    said, auth = knows(RIGHT)
    out, into, mailboxes, smart = free_port(), free_port(), new_backend(lmtp=True), new_backend()
    knows_him = new_backend({"AUTH": auth}, extensions=("AUTH PLAIN",))

    def body(relay):
        return (certificate(authority.certificate("mx.example.com")) + relay * backend("smart", smart.port)
                + 'listen submission on "127.0.0.1:%d" { starttls  backend behind %s }\n' % (out, relay * "relay smart")
                + 'listen smtp "in" on "127.0.0.1:%d"\n' % into + domains("behind", "example.com")
                + backend("behind", lmtp=[mailboxes.port], submission=["%d tls none" % knows_him.port])
                + 'rule "hold" when message.subject contains "leaves" then quarantine "leaks"\n')
    it = Site(start(body(False)), out, knows_him)
    assert it.gateway.wait_log("gatepost-release ready", 20)

    def release():
        number = str(it.gateway.held()[0]["number"])
        it.gateway.control("quarantine", "release", number)
        return number
    assert send(into, MESSAGE, USER, sender=ELSEWHERE).code == 250
    release()
    assert wait_until(lambda: [m.recipients for m in mailboxes.messages] == [[USER]])
    assert it.sends().code == 250
    number = release()
    assert it.gateway.wait_log('outcome=later to=%s server="" text="the servers of behind do not take mail for anywhere"' % ELSEWHERE)
    it.gateway.configure(body(True))
    it.gateway.reload()
    assert it.gateway.wait_log("serving generation=2")
    assert it.sends().code == 250
    assert release() != number
    assert wait_until(lambda: [m.recipients for m in smart.messages] == [[ELSEWHERE]])
    assert len(mailboxes.messages) == 1 and not knows_him.messages and number in [str(entry["number"]) for entry in it.gateway.held()]


# ---- its configuration ----

@pytest.mark.parametrize("options, said", [
    ("backend behind", "passwords would go in the clear"),
    ("starttls", "nobody knows where users log in"),
    ("starttls  backend pop", "has no submission server"),
    ("starttls  backend behind  outbound", "have no place there"),
    ('starttls  backend behind  mechanisms { "USER" }', "USER is for those who read mail"),
    ('starttls  backend behind  senders { "a@example.com" }', "expected who may send as whom"),
    ("starttls  backend loose", "as soon as somebody between breaks TLS"),
    ("starttls  backend behind  relay pop", "expected a backend with smtp servers alone"),
])
def test_what_makes_no_sense_is_told(own_dir, authority, options, said):
    file = own_dir / "gatepost.conf"
    file.write_text(certificate(authority.certificate("mx.example.com")) + 'listen submission on "127.0.0.1:2525" { %s }\n' % options
                    + backend("behind", submission=["587 tls none"]) + backend("pop", pop3=["110 tls none"], options="")
                    + (backend("loose", submission=["588 tls opportunistic"]) if "loose" in options else ""))
    status, report = check_configuration(file)
    assert status and said in report, report


def test_words_of_submission_have_no_place_elsewhere(own_dir):
    file = own_dir / "gatepost.conf"
    file.write_text('listen smtp on "127.0.0.1:2525" { senders { "a" -> "b" }  allow_cleartext }\n')
    status, report = check_configuration(file)
    assert status and report.count("is for listeners where users log in to send") == 2, report


# ---- real ones ----

MECHANISMS = "auth_mechanisms = plain login scram-sha-256\n"


@pytest.fixture(scope="module")
def real(run_dir, authority):
    """A Postfix that takes mail from who logs in, whom a Dovecot knows."""
    needs.to_be_root("servers of its own")
    folder = run_dir / "submission"
    folder.mkdir()
    port, cert = free_port(), authority.certificate("behind.example.com")
    knows_them = Dovecot(folder, str(folder / "mail"), settings=MECHANISMS + knows_logins(port)).start()
    server = Postfix(folder, cert, options=logs_in(port)).start()
    yield server
    server.stop()
    knows_them.stop()


@pytest.fixture
def in_front(start, real, authority):
    out, tls = free_port(), free_port()
    body = certificate(authority.certificate("mx.example.com", "localhost"))
    body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind  mechanisms { "PLAIN" "LOGIN" "SCRAM-SHA-256" } }\n' % out
    body += 'listen submissions on "127.0.0.1:%d" { backend behind }\n' % tls
    body += backend("behind", submission=['%d tls verify "behind.example.com"' % real.port])
    it = Site(start(body, changes={"tls": {"ca_file": '"%s"' % authority.ca}}), out, real)
    it.tls_port = tls
    return it


@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
def test_swaks_submits(in_front, auth):
    program("swaks", "--server", "127.0.0.1:%d" % in_front.port, "-tls", "--auth", auth, "--auth-user", USER, "--auth-password", users.PASSWORD,
            "--from", USER, "--to", "second@example.com", "--data", letter("swaks-" + auth))
    assert in_front.server.wait_for_message("second@example.com", b"hello swaks-" + auth.encode())


@pytest.mark.parametrize("tls", [False, True])
def test_curl_submits(in_front, own_dir, authority, tls):
    (own_dir / "letter").write_text(letter("curl-%s" % tls).replace("\n", "\r\n"))
    url = "smtps://localhost:%d" % in_front.tls_port if tls else "smtp://localhost:%d" % in_front.port
    program("curl", "-sS", "--ssl-reqd", "--cacert", str(authority.ca), "-4", url, "--user", "%s:%s" % (USER, users.PASSWORD),
            "--mail-from", USER, "--mail-rcpt", "second@example.com", "--upload-file", str(own_dir / "letter"))
    assert in_front.server.wait_for_message("second@example.com", b"hello curl-%s" % str(tls).encode())


@pytest.mark.parametrize("auth", ["plain", "login", "scram-sha-256"])
def test_msmtp_submits(in_front, own_dir, authority, auth):
    settings = own_dir / "msmtprc"
    settings.write_text("account default\nhost localhost\nport %d\ntls on\ntls_trust_file %s\nauth %s\nuser %s\npassword %s\nfrom %s\n"
                        % (in_front.port, authority.ca, auth, USER, users.PASSWORD, USER))
    settings.chmod(0o600)
    program("msmtp", "-C", str(settings), "second@example.com", input=letter("msmtp-" + auth))
    assert in_front.server.wait_for_message("second@example.com", b"hello msmtp-" + auth.encode())


def test_neomutt_submits(in_front, own_dir, authority):
    settings = own_dir / "muttrc"
    settings.write_text('set from="%s"\nset smtp_url="smtp://%s@localhost:%d"\nset smtp_pass="%s"\nset ssl_force_tls=yes\nset ssl_starttls=yes\n'
                        'set certificate_file="%s"\nset smtp_authenticators="plain"\nset copy=no\nset record=""\n'
                        % (USER, USER.replace("@", "%40"), in_front.port, users.PASSWORD, authority.ca))
    program("neomutt", "-n", "-F", str(settings), "-s", "neomutt", "second@example.com", input="hello neomutt\n", cwd=str(own_dir))
    assert in_front.server.wait_for_message("second@example.com", b"hello neomutt")


NODEMAILER = """
const mail = require("nodemailer").createTransport({host: "localhost", port: %d, requireTLS: true, pool: true, maxConnections: 1,
                                                   auth: {user: "%s", pass: "%s"}, tls: {ca: require("fs").readFileSync("%s")}});
const letter = n => mail.sendMail({from: "%s", to: "second@example.com", subject: "nodemailer", text: "hello nodemailer-" + n});
letter(1).then(() => letter(2)).then(() => mail.close(), error => { console.error(error); process.exit(1); });
"""


def test_nodemailer_submits_over_a_kept_connection(in_front, authority):
    program("node", "-e", NODEMAILER % (in_front.port, USER, users.PASSWORD, authority.ca, USER), env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})
    for n in (b"1", b"2"):
        assert in_front.server.wait_for_message("second@example.com", b"hello nodemailer-" + n)


def test_the_python_library_submits(in_front, authority):
    with smtplib.SMTP("localhost", in_front.port, timeout=30) as client:
        client.starttls(context=client_context(authority.ca))
        client.login(USER, users.PASSWORD)
        client.sendmail(USER, ["second@example.com"], letter("smtplib"))
    assert in_front.server.wait_for_message("second@example.com", b"hello smtplib")


def test_a_real_server_refuses_a_wrong_password(in_front):
    with in_front.session() as session:
        assert session.command("AUTH PLAIN " + plain(USER, "wrong")).code == 535
    assert "authentication failed" in in_front.server.log()
