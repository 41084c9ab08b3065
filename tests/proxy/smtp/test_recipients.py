# SPDX-License-Identifier: ISC
"""Recipients and capabilities: what the server behind is asked, what is remembered, what is offered in its name."""
import threading

import pytest

from lab.gatepost import backend, domains
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session, send

MESSAGE = b"Subject: recipients\r\n\r\nhello\r\n"
CHECKED = "recipient_check on  probe off"


@pytest.fixture
def site(start):
    """site(server, ...) puts a Gatepost of one proxy in front of the server; it asks about each recipient."""
    def go(server, options=CHECKED, timeouts=None, **how):
        body = backend("behind", server.port, options=options) + domains("behind", "example.com")
        return start(body, changes={"process": {"proxies": 1}, "timeouts": timeouts or {}}, **how)
    return go


def rcpt(gateway, address):
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        return session.command("RCPT TO:<%s>" % address)


def offered(gateway):
    with Session(gateway.port) as session:
        session.ehlo()
        return session.extensions


# -- what is asked and remembered

def test_a_yes_is_remembered(site, new_backend):
    server = new_backend()
    gateway = site(server, timeouts={"recipient_accepted": "1min"})
    assert [rcpt(gateway, "user@example.com").code for _ in range(3)] == [250] * 3
    assert server.verbs().count("RCPT") == 1


def test_no_such_user_is_remembered(site, new_backend):
    server = new_backend({"RCPT": "550 5.1.1 no such user"})
    gateway = site(server, timeouts={"recipient_refused": "1min"})
    assert [rcpt(gateway, "nobody@example.com").code for _ in range(3)] == [550] * 3
    assert server.verbs().count("RCPT") == 1


@pytest.mark.parametrize("length", [60, 300, 500, 1900])
def test_what_is_remembered_is_of_one_address_however_long(site, new_backend, length):
    server = new_backend({"RCPT": "550 5.1.1 no such user"})
    gateway = site(server, timeouts={"recipient_refused": "1min", "recipient_accepted": "1min"})
    assert rcpt(gateway, "x" * length + "1@example.com").code == 550
    server.script.clear()
    assert rcpt(gateway, "x" * length + "2@example.com").code == 250


@pytest.mark.parametrize("reply", ["450 4.2.0 mailbox busy", "552 5.2.2 mailbox full", "550 5.7.1 Unable to relay"])
def test_other_refusals_are_not_remembered(site, new_backend, reply):
    server = new_backend({"RCPT": reply})
    gateway = site(server, timeouts={"recipient_refused": "1min"})
    assert rcpt(gateway, "user@example.com").code >= 400
    server.script.clear()
    assert rcpt(gateway, "user@example.com").code == 250


def test_a_server_that_refuses_us_is_a_tempfail_and_an_alarm(site, new_backend):
    gateway = site(new_backend({"RCPT": "550 5.7.1 Unable to relay"}))
    assert 400 <= rcpt(gateway, "user@example.com").code <= 499
    assert gateway.wait_log("error: ") and "Unable to relay" in gateway.log()


@pytest.mark.parametrize("refusal", ["550 5.7.1 delivery restricted", "554 5.7.1 <group@example.com>: Recipient address rejected: Access denied"])
def test_who_is_refused_while_others_are_taken_hears_it_himself(site, new_backend, refusal):
    gateway = site(new_backend({"RCPT": lambda session, line: refusal if b"group" in line else None}))
    assert rcpt(gateway, "group@example.com").code == 451
    assert rcpt(gateway, "user@example.com").code == 250
    reply = rcpt(gateway, "group@example.com")
    assert (reply.code, reply.enhanced) == (int(refusal[:3]), "5.7.1")
    assert gateway.log().count("backend refuses the gateway") == 1


def test_a_closed_group_is_refused_by_its_code_alone(site, new_backend):
    gateway = site(new_backend({"RCPT": "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"}))
    assert rcpt(gateway, "group@example.com").enhanced == "5.7.133"
    assert "backend refuses the gateway" not in gateway.log()


def test_who_is_refused_at_delivery_while_others_are_taken_hears_it_at_the_retry(site, new_backend):
    server = new_backend({"RCPT": lambda session, line: "550 5.7.1 not for you" if b"group" in line else None})
    gateway = site(server, options="recipient_check off  probe off")
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example> SIZE=100", 250)
        session.expect("RCPT TO:<group@example.com>", 250)
        session.expect("RCPT TO:<user@example.com>", 250)
        assert session.data(MESSAGE).code == 451
        session.expect("MAIL FROM:<a@client.example> SIZE=100", 250)
        assert session.expect("RCPT TO:<group@example.com>", 550).enhanced == "5.7.1"
        session.expect("RCPT TO:<user@example.com>", 250)
        assert session.data(MESSAGE).code == 250
    assert [m.recipients for m in server.messages] == [["user@example.com"]]


@pytest.mark.parametrize("dot, told", [
    ("500 what?", 451), ("501 5.5.4 syntax", 451), ("503 5.5.1 bad sequence", 451), ("530 5.7.57 anonymous", 451),
    ("521 5.7.1 spam", 521), ("554 5.7.1 virus", 554), ("550 5.6.0 no", 550)])
def test_what_the_dialogue_is_refused_for_is_ours_and_what_the_message_is_refused_for_its_sender_s(site, new_backend, dot, told):
    gateway = site(new_backend({"DOT": dot}))
    assert send(gateway.port, MESSAGE, "user@example.com").code == told


def test_a_sender_who_is_refused_while_others_are_taken_hears_it_himself(site, new_backend):
    gateway = site(new_backend({"MAIL": lambda session, line: "550 5.7.1 blocked" if b"bad@" in line else None}), options="recipient_check off  probe off")
    assert send(gateway.port, MESSAGE, "user@example.com", sender="bad@client.example").code == 451
    assert send(gateway.port, MESSAGE, "user@example.com", sender="good@client.example").code == 250
    assert send(gateway.port, MESSAGE, "user@example.com", sender="bad@client.example").code == 550


def test_a_server_that_is_away_is_a_tempfail_at_rcpt(site, new_backend):
    server = new_backend()
    server.stop()
    reply = rcpt(site(server), "user@example.com")
    assert (reply.code, reply.enhanced) == (451, "4.4.1")


def test_a_server_that_came_back_is_used_again(site, new_backend):
    away = new_backend()
    away.stop()
    gateway = site(away)
    assert rcpt(gateway, "user@example.com").code == 451
    back = new_backend(port=away.port)
    assert wait_until(lambda: send(gateway.port, MESSAGE, "user@example.com").code == 250, 15, 0.2)
    assert len(back.messages) == 1


def test_between_rcpt_and_the_end_of_the_message_no_transaction_is_open_behind(site, new_backend):
    server = new_backend()
    gateway = site(server)
    with Session(gateway.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.expect("DATA", 354)
        assert wait_until(lambda: server.verbs()[-1:] == ["RSET"])


# -- the probe

def test_a_server_that_takes_anybody_is_warned_of(site, new_backend):
    gateway = site(new_backend(), options="recipient_check on  probe on")
    assert gateway.wait_log("recipient table")


def test_a_server_that_knows_its_users_is_not(site, new_backend):
    server = new_backend({"RCPT": "550 5.1.1 no such user"})
    gateway = site(server, options="recipient_check on  probe on")
    assert wait_until(lambda: "RCPT" in server.verbs())
    assert not gateway.wait_log("recipient table", 0.3)


# -- what is offered

def test_only_what_the_server_behind_can_do_is_offered(site, new_backend):
    gateway = site(new_backend(extensions=("SIZE 1000000",)))
    assert wait_until(lambda: offered(gateway).get("SIZE") == "1000000")
    assert not {"8BITMIME", "SMTPUTF8", "DSN"} & set(offered(gateway))
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example> SIZE=1000001", 552)
        session.expect("MAIL FROM:<\u0438@client.example> SMTPUTF8", 501, 553, 555)
        session.expect("MAIL FROM:<a@client.example> RET=FULL", 555)
        session.expect("MAIL FROM:<a@client.example> ENVID=x", 555)


def test_8_bit_content_is_refused_for_a_server_that_takes_none(site, new_backend):
    server = new_backend(extensions=("SIZE 1000000",))
    gateway = site(server)
    assert wait_until(lambda: offered(gateway).get("SIZE") == "1000000")
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example> BODY=8BITMIME", 250)
        reply = session.expect("RCPT TO:<user@example.com>", 554)
        assert reply.enhanced == "5.6.3"


def test_two_servers_offer_what_both_can_do(start, new_backend):
    one, two = new_backend(extensions=("8BITMIME", "DSN")), new_backend(extensions=("8BITMIME", "SMTPUTF8"))
    gateway = start(backend("one", one.port) + backend("two", two.port) + domains("one", "example.com") + domains("two", "example.org"),
                    changes={"process": {"proxies": 1}})
    gateway.wait_until_offered("8BITMIME")
    assert not {"SMTPUTF8", "DSN"} & set(offered(gateway))


class SlowToGreet:
    """A server that says nothing before it is let."""

    def __init__(self):
        self.ready = threading.Event()

    def __call__(self, session, line):
        self.ready.wait(30)


def utf8_envelope(session):
    session.ehlo()
    assert "SMTPUTF8" in session.extensions
    session.expect("MAIL FROM:<\u0438@client.example> SMTPUTF8", 250)


def test_mail_is_not_refused_for_good_for_what_a_server_not_yet_known_may_be_able_to_do(site, new_backend):
    slow = SlowToGreet()
    gateway = site(new_backend({"CONNECT": slow}), options="recipient_check off")
    with Session(gateway.port) as session:
        utf8_envelope(session)
        assert session.expect("RCPT TO:<user@example.com>", 451).enhanced == "4.4.1"
        slow.ready.set()
        assert wait_until(lambda: "DSN" in offered(gateway))
        session.expect("RCPT TO:<user@example.com>", 250)


def test_a_server_that_had_no_room_at_the_start_becomes_known_to_each_proxy(start, new_backend):
    server = new_backend()
    body = backend("behind", server.port, options="connections 1  recipient_check off  probe off") + domains("behind", "example.com")
    gateway = start(body, changes={"process": {"proxies": 2}})

    def codes():
        told = []
        for _ in range(10):
            with Session(gateway.port) as session:
                session.ehlo()
                session.expect("MAIL FROM:<\u0438@client.example> SMTPUTF8", 250)
                told.append(session.command("RCPT TO:<user@example.com>").code)
        return told
    assert wait_until(lambda: codes() == [250] * 10, 15)


def test_a_server_is_known_by_the_time_it_was_asked_about_a_recipient(site, new_backend):
    gateway = site(new_backend(), options="recipient_check on")
    with Session(gateway.port) as session:
        utf8_envelope(session)
        session.expect("RCPT TO:<user@example.com>", 250)


def test_a_server_that_turns_out_to_take_no_such_mail_is_refused_for_good_then(site, new_backend):
    slow = SlowToGreet()
    gateway = site(new_backend({"CONNECT": slow}, extensions=("SIZE 1000000",)), options="recipient_check on")
    with Session(gateway.port) as session:
        utf8_envelope(session)
        session.send("RCPT TO:<user@example.com>\r\n")
        slow.ready.set()
        reply = session.reply()
        assert (reply.code, reply.enhanced) == (550, "5.6.7")


def test_what_was_offered_is_not_refused_at_mail_since_some_server_turned_out_not_to_have_it(start, new_backend):
    slow = SlowToGreet()
    able, unable = new_backend({"CONNECT": slow}), new_backend({"CONNECT": slow}, extensions=("SIZE 1000000",))
    gateway = start(backend("able", able.port) + backend("unable", unable.port) + domains("able", "example.com") + domains("unable", "example.org"),
                    changes={"process": {"proxies": 1}})
    with Session(gateway.port) as session:
        session.ehlo()
        assert "SMTPUTF8" in session.extensions and not {"8BITMIME", "DSN"} & set(session.extensions)
        slow.ready.set()
        assert wait_until(lambda: "SMTPUTF8" not in offered(gateway))
        session.expect("MAIL FROM:<\u0438@client.example> SMTPUTF8", 250)
        session.expect("RCPT TO:<user@example.org>", 550)
        session.expect("RCPT TO:<user@example.com>", 250)


def test_it_listens_on_ipv6_as_well(start, new_backend):
    server, port = new_backend(), free_port()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + 'listen smtp "six" on "[::1]:%d"\n' % port)
    assert send(port, MESSAGE, "user@example.com", host="::1").code == 250
    assert wait_until(lambda: any(record["facts"]["client.ip"] == "::1" for record in gateway.decisions()))
    assert b"[IPv6:::1]" in server.messages[0].content
