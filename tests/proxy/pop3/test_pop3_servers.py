# SPDX-License-Identifier: ISC
"""Courier and Cyrus behind: each shows through Gatepost the octets that it shows without. (Dovecot: test_pop3.py.)"""
import contextlib
import random
import re

import pytest

from lab import samples
from lab.odd_mails import NAMES, ODD
from lab.pop3_client import Session, connected, differences, logged_in
from lab.pop3_conversations import WHOLE_MAILBOX, about, any_command
from lab.pop3_logins import told_to_login

from lab.forbidden import TEXT, b64, check_put_out, file, leaks, multipart, random_program

# It makes that every message is looked into.
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n' \
    'rule "guesses" when login.user == "guessed@courier.example" and login.failures >= 2 then reject 535 5.7.0 "too many"\n'


CHANGES = {"timeouts": {"backend": "20s"}}


def as_delivered(octets):
    """Newlines as every mail server makes them of what it delivers: Cyrus shows those alone as they are, and then its end is none."""
    return re.sub(rb"\r?\n", b"\r\n", octets)


PROGRAM = b64(random_program()).rstrip()
# "eight bit" has that in its header, and Courier wraps it anew each time it shows it: see below.
MAILBOX = [as_delivered(octets if name != "eight bit" else octets.replace("grüß".encode(), b"8bit")) for name, octets in ODD.items()]
MAILBOXES = {"user": MAILBOX, "deletes": MAILBOX[:5], "wrapped": [ODD["eight bit"], samples.clean("second")],
             "wrapped-program": [multipart("grüß", TEXT, file("setup.exe", PROGRAM)), samples.clean("second")]}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(params=["courier", "cyrus"])
def front(request, front_of):
    return front_of(request.param)


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


@pytest.fixture
def direct(front):
    """A session at the server itself."""
    with logged_in(front.server.pop3_port, "user@%s.example" % front.name) as session:
        yield session


@pytest.fixture
def reader(front):
    """The same through the gateway."""
    with logged_in(front.gateway.pop3_port, "user@%s.example" % front.name) as session:
        yield session


def test_a_wrong_password_is_refused_and_the_right_one_taken_after_it(front_of):
    """Courier waits five seconds before it says so, Cyrus three; both at once."""
    with contextlib.ExitStack() as stack:
        sessions = {name: stack.enter_context(Session(front_of(name).gateway.pop3_port)) for name in ("courier", "cyrus")}
        for name, session in sessions.items():
            session.expect("USER user@%s.example" % name)
            session.send("PASS wrong\r\n")
        assert sessions["courier"].status() == b"-ERR Login failed."
        assert sessions["cyrus"].status() == b"-ERR [AUTH] Invalid login"
        for name, session in sessions.items():
            session.login("user@%s.example" % name)


def test_what_limits_connections_of_one_address_is_said(front, reader):
    reader.expect("NOOP")
    assert front.gateway.wait_log({"courier": "MAXPERIP", "cyrus": "maxlogins_per_host"}[front.name])


def test_a_server_that_cannot_tell_passwords_counts_no_failure(front_of):
    """Courier without its authdaemond says so in words alone."""
    front = front_of("courier")
    with front.server.without_passwords():
        for n in range(4):
            assert b"Temporary problem" in told_to_login(front.gateway.pop3_port, "guessed@courier.example", "right%d" % n)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_comes_as_it_came_without_us(name, reader, direct):
    assert differences(direct, reader, about(name)) == []


@pytest.mark.parametrize("tls", ["plain", "stls", "pop3s"])
def test_a_whole_mailbox_comes_as_it_came_without_us(tls, front, direct):
    with connected(front.gateway, tls) as through:
        through.login("user@%s.example" % front.name)
        assert differences(direct, through, WHOLE_MAILBOX) == []


@pytest.mark.parametrize("command", ["RETR 0", "RETR -1", "RETR 99", "RETR 4294967297", "RETR x", "TOP 1", "TOP 99 1", "LIST 99", "DELE 99", "UIDL 99"])
def test_what_is_none_is_refused_and_the_session_stays_in_step(command, reader, direct):
    reader.expect(command, "-ERR")
    assert differences(direct, reader, ["STAT", "RETR 1"]) == []


@pytest.mark.parametrize("pipelined", [False, True], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("seed", range(4))
def test_any_conversation_has_the_octets_that_it_has_without_us(seed, pipelined, reader, direct):
    chance = random.Random(seed)
    assert differences(direct, reader, [any_command(chance) for _ in range(120)], pipelined) == []


def test_what_is_deleted_is_gone_after_quit_alone(front):
    user = "deletes@%s.example" % front.name
    for end in ("RSET", None, "QUIT"):
        with logged_in(front.gateway.pop3_port, user) as session:
            assert session.expect("STAT").startswith(b"+OK 5 "), end
            second = session.message(2)
            session.expect("DELE 1")
            for command in filter(None, (end, "QUIT" if end == "RSET" else None)):
                session.expect(command)
            if end:
                session.rest()
    with logged_in(front.server.pop3_port, user) as session:
        assert session.expect("STAT").startswith(b"+OK 4 ")
        assert session.message(1) == second


# ---- what Courier makes of a header with octets that are no ASCII


BOUNDARY = re.compile(rb"=_[0-9]+-[0-9]+")


def with_the_same_boundary(octets, other):
    """What is shown, with the boundary that Courier made of its process number and the time when it showed the other."""
    return BOUNDARY.sub(BOUNDARY.search(other).group(), octets) if BOUNDARY.search(other) else octets


def both(front_of, local):
    """Sessions of a mailbox of Courier, directly and through."""
    front = front_of("courier")
    return [logged_in(port, local + "@courier.example") for port in (front.server.pop3_port, front.gateway.pop3_port)]


def test_what_is_wrapped_anew_each_time_is_shown_all_the_same(front_of):
    direct, reader = both(front_of, "wrapped")
    with direct, reader:
        for command in ("TOP 1 9999", "RETR 1", "TOP 1 0", "TOP 1 20", "LIST 1", "RETR 2"):
            shown, through = (session.ask(command) for session in (direct, reader))
            assert through == with_the_same_boundary(shown, through) and through.startswith(b"+OK"), command
        assert b"Cannot display Unicode content" in direct.ask("RETR 1"), "it is not wrapped"


@pytest.mark.parametrize("first", ["TOP 1 9999", "RETR 1"])
def test_of_what_is_forbidden_nothing_is_shown_however_it_is_wrapped(first, front_of):
    direct, reader = both(front_of, "wrapped-program")
    with direct, reader:
        for command in (first, "TOP 1 0", "TOP 1 30", "RETR 1", "TOP 1 60", "TOP 1 9999"):
            whole, shown = (session.ask(command) for session in (direct, reader))
            assert len(shown) == len(with_the_same_boundary(whole, shown)), command
            assert not leaks(PROGRAM, shown), command
        assert b"Cannot display Unicode content" in shown and leaks(PROGRAM, whole) and PROGRAM in whole


def test_what_is_forbidden_is_put_out_of_what_is_shown_as_it_is(front_of):
    """With UTF8 Courier wraps nothing."""
    direct, reader = both(front_of, "wrapped-program")
    with direct, reader:
        original, shown = ((session.expect("UTF8"), session.message(1))[1] for session in (direct, reader))
        check_put_out(original, shown, PROGRAM)
        assert differences(direct, reader, ["RETR 2", "STAT"]) == []


def test_who_asks_for_utf8_before_the_login_gets_what_the_server_shows_then(front_of):
    """RFC 6856 2.1: it may be asked for only there."""
    front = front_of("courier")
    shown = []
    for port in (front.server.pop3_port, front.gateway.pop3_port):
        with Session(port) as session:
            assert "UTF8" in session.capabilities()
            session.expect("UTF8")
            session.login("wrapped@courier.example")
            shown.append(session.message(1))
    assert shown[0] == shown[1] == as_delivered(ODD["eight bit"])
