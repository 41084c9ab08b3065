# SPDX-License-Identifier: ISC
"""How long a sender may be silent in a message, how slow he may be, and that he hears what is said while he still sends."""
import socket
import time

import pytest

from lab import steered
from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

MESSAGE = b"Subject: clocks\r\n\r\nhello\r\n"
PIECE = b"x" * 62 + b"\r\n"


@pytest.fixture
def site(start, new_backend):
    def go(limits=None, timeouts=None, script=None, **how):
        server = new_backend(script)
        it = start(backend("behind", server.port) + domains("behind", "example.com"),
                   changes={"process": {"proxies": 1}, "limits": limits or {}, "timeouts": timeouts or {}}, **how)
        it.behind = server
        return it
    return go


def ready(it):
    session = Session(it.port, timeout=90)
    session.ehlo()
    session.envelope("user@example.com")
    return session


def in_data(it):
    session = ready(it)
    session.expect("DATA", 354)
    session.send(MESSAGE)
    return session


def silence_heard(session):
    """Seconds until it is told that it was silent for too long."""
    began = time.monotonic()
    reply = session.reply()
    assert (reply.code, reply.enhanced) == (421, "4.4.2"), reply
    return time.monotonic() - began


# -- silence

@pytest.mark.parametrize("rate", ["0B", "64B", "1GiB"])
def test_a_silence_ends_when_its_setting_says_whatever_the_rate(site, rate):
    it = site({"upload_rate": rate}, {"data": "2s"})
    with in_data(it) as session:
        assert 1.8 < silence_heard(session) < 3.5


def test_after_each_piece_the_silence_begins_anew(site):
    it = site({"upload_rate": "1GiB"}, {"data": "2s"})
    with in_data(it) as session:
        for _ in range(4):
            assert session.silent(1.3)
            session.send(PIECE)
        assert 1.8 < silence_heard(session) < 3.5


def test_a_chunk_is_waited_for_as_long(site):
    it = site({"upload_rate": "0B"}, {"data": "2s"})
    with ready(it) as session:
        session.send(b"BDAT 1000\r\n" + PIECE)
        assert 1.8 < silence_heard(session) < 3.5


def test_who_sends_too_slowly_is_given_up_after_a_minute_and_who_scans_for_longer_is_not(site, own_dir):
    it = site({"upload_rate": "1KiB"}, {"data": "70s"}, **steered.programs(own_dir))
    proxy, = it.pids("gatepost-proxy")
    with in_data(it) as slow, in_data(it) as silent:
        for _ in range(7):
            assert slow.silent(0.1), "a minute is not over"
            steered.move_clock(proxy, 9)
            slow.send(PIECE)
        reply = slow.reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2") and "slow" in reply.text
        silent.send(PIECE * 200 + b".\r\n")
        assert silent.reply().code == 250
    assert len(it.behind.messages) == 1


# -- what is said while he sends

def chunk(session, octets, last=True):
    """Written whole before anything is read, as some senders do."""
    session.send(b"BDAT %d%s\r\n" % (octets, b" LAST" if last else b""))
    session.send(b"x" * octets)


def test_a_chunk_over_the_limit_is_read_to_its_end_and_then_refused(site):
    it = site({"message_size": "1MiB"})
    with ready(it) as session:
        for last in (True, False):
            chunk(session, 4 * 1024 * 1024, last)
            reply = session.reply()
            assert (reply.code, reply.enhanced) == (552, "5.3.4")
            session.expect("RSET", 250)
            session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250
    assert len(it.behind.messages) == 1


def is_full(it):
    with Session(it.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example> SIZE=1000000", 250)
        session.expect("RCPT TO:<user@example.com>", 250)
        return session.command("DATA").code == 452


def test_a_chunk_without_room_is_read_to_its_end_and_then_put_off(site):
    it = site({"message_size": "1MiB", "spool": "1MiB"})
    with in_data(it) as other, Session(it.port) as session:
        other.send(PIECE * 10000)
        assert wait_until(lambda: is_full(it))
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example> SIZE=1000000", 250)
        session.expect("RCPT TO:<user@example.com>", 250)
        chunk(session, 1000000, False)
        reply = session.reply()
        assert (reply.code, reply.enhanced) == (452, "4.3.1")
        session.expect("RSET", 250)


def slowly(session, octets, seconds):
    """A slow link: the sender reads nothing before all is written."""
    pieces = int(seconds / 0.2)
    for _ in range(pieces):
        time.sleep(0.2)
        session.send(b"x" * (octets // pieces))


@pytest.mark.parametrize("command, code", [("BDAT 1000000000 LAST", 552), ("BDAT x LAST", 501)])
def test_a_chunk_that_is_refused_at_once_is_so_for_a_slow_sender_too(site, command, code):
    it = site({"message_size": "1MiB"})
    with ready(it) as session:
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        session.send(command + "\r\n")
        slowly(session, 2 * 1024 * 1024, 4)
        assert session.reply().code == code
        assert session.rest() == b""


def test_who_falls_silent_after_the_last_word_is_waited_for_no_longer(site):
    it = site({"message_size": "1MiB"})
    with ready(it) as session:
        session.expect("BDAT 1000000000 LAST", 552)
        slowly(session, 1000, 1)
        assert wait_until(lambda: "client.example" not in (it.control("sessions") or "x"), 8)


# -- QUIT behind the message

def delivered(it, ending):
    """All that comes when the sender says all at once, closes his half, and reads."""
    with Session(it.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.expect("DATA", 354)
        session.send(MESSAGE + b".\r\n" + ending)
        session.socket.shutdown(socket.SHUT_WR)
        return session.rest()


def test_who_says_quit_and_closes_his_half_is_not_gone(site):
    it = site(script={"DOT": [1, b"250 2.0.0 ok\r\n"]})
    for ending in (b"QUIT\r\n", b"quit\r\n"):
        assert delivered(it, ending).startswith(b"250 ")
    assert len(it.behind.messages) == 2 and "in-doubt" not in it.log()


def test_who_closes_without_a_word_is_gone(site):
    it = site(script={"DOT": [1, b"250 2.0.0 ok\r\n"]})
    delivered(it, b"")
    assert it.wait_log("in-doubt") and "the client had gone" in it.log()
