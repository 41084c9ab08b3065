# SPDX-License-Identifier: ISC
"""Every limit has its reply, and none of them is passed."""
import pytest

from lab.process import wait_until
from lab.smtp_client import Closed, Session, send

CHANGES = {"limits": {"errors": 5, "recipients": 100, "messages": 3, "sessions_per_client": 8, "received": 10,
                      "commands": 400, "message_size": "64KiB"},
           "timeouts": {"command": "3s", "data": "3s"}}
MESSAGE = b"Subject: limits\r\n\r\nhello\r\n"


def test_a_line_of_512_octets_is_taken(session):
    session.expect("NOOP " + "x" * (512 - 7), 250)


def test_a_path_of_full_length_is_taken(session):
    session.ehlo()
    local = "l" * 64
    session.expect("MAIL FROM:<%s@%s.example>" % (local, ".".join(["d" * 60] * 3)), 250)


@pytest.mark.parametrize("octets", [3000, 100000, 1000000])
def test_a_line_too_long_is_refused(gateway, octets):
    with Session(gateway.port) as client:
        client.send("NOOP " + "x" * octets + "\r\n")
        try:
            assert client.reply().code in (500, 421)
        except ConnectionError:
            pass  # closed while it was still being sent: an answer as well
    assert gateway.answers()


def test_a_line_that_never_ends_is_cut_off(gateway):
    with Session(gateway.port) as client:
        with pytest.raises((ConnectionError, AssertionError, Closed)):
            for _ in range(1000):
                client.send("x" * 65536)
            assert client.reply().code in (500, 421)
            client.reply()


def test_too_many_errors_end_the_session(session):
    codes = []
    with pytest.raises((Closed, ConnectionError)):
        for _ in range(20):
            codes.append(session.command("FOO").code)
    assert 4 <= len(codes) <= 6 and codes[-1] in (421, 500, 502)


def test_too_many_commands_end_the_session(session):
    last = None
    with pytest.raises((Closed, ConnectionError)):
        for _ in range(500):
            last = session.command("NOOP")
    assert last.code == 421


def test_100_recipients_are_taken_and_the_next_has_to_wait(session, behind):
    session.ehlo()
    session.expect("MAIL FROM:<a@client.example>", 250)
    session.send("".join("RCPT TO:<user%d@example.com>\r\n" % n for n in range(101)))
    replies = [session.reply() for _ in range(101)]
    assert {reply.code for reply in replies[:100]} == {250}
    assert (replies[100].code, replies[100].enhanced) == (452, "4.5.3")
    assert session.data(MESSAGE).code == 250
    assert len(behind.messages[0].recipients) == 100


def test_too_many_messages_in_a_session(session, behind):
    session.ehlo()
    for _ in range(3):
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250
    session.expect("MAIL FROM:<a@client.example>", 421, 451, 452)


def test_a_message_over_the_size_is_refused(gateway, behind):
    reply = send(gateway.port, b"Subject: x\r\n\r\n" + b"x\r\n" * 30000, "user@example.com")
    assert (reply.code, reply.enhanced) == (552, "5.3.4")
    assert not behind.messages


def test_sessions_of_one_client_are_limited_and_others_are_served(gateway):
    held = []
    try:
        refused = None
        for _ in range(9):
            held.append(Session(gateway.port))
            if held[-1].greeting.code != 220:
                refused = held[-1].greeting
        assert refused and refused.code == 421 and len(held) == 9
        with Session(gateway.port, source="127.0.0.2") as other:
            assert other.greeting.code == 220
    finally:
        for client in held:
            client.close()
    assert wait_until(gateway.answers), "sessions are not counted down"


def test_a_mail_loop_is_found_by_counting(gateway, behind):
    header = b"".join(b"Received: from hop%d.example by hop%d.example; Mon, 1 Jan 2024 00:00:00 +0000\r\n" % (n, n + 1)
                      for n in range(12))
    reply = send(gateway.port, header + MESSAGE, "user@example.com")
    assert (reply.code, reply.enhanced) == (554, "5.4.6")
    assert not behind.messages


def test_a_mail_loop_is_found_by_our_own_name(gateway, behind):
    message = MESSAGE
    for _ in range(10):
        reply = send(gateway.port, message, "user@example.com")
        if reply.code != 250:
            break
        message = behind.messages[-1].content
    assert (reply.code, reply.enhanced) == (554, "5.4.6") and "through here before" in reply.text
    assert len(behind.messages) <= 3


def test_a_silent_client_is_told_421(session):
    session.socket.settimeout(15)
    assert session.reply().code == 421
    assert session.rest() == b""


def test_a_client_that_stops_in_mid_message_is_dropped(session, behind):
    session.ehlo()
    session.envelope("user@example.com")
    session.expect("DATA", 354)
    session.send("Subject: half\r\n")
    session.socket.settimeout(15)
    rest = session.rest()
    assert rest == b"" or rest.startswith(b"421")
    assert not behind.messages


def test_sessions_in_all_are_limited_over_all_proxies(start, shared_backend):
    from lab.gatepost import backend, domains
    gateway = start(backend("behind", shared_backend.port) + domains("behind", "example.com"),
                    changes={"limits": {"sessions": 5}})
    held = [Session(gateway.port) for _ in range(7)]
    codes = [client.greeting.code for client in held]
    for client in held:
        client.close()
    assert codes.count(220) <= 5 and codes.count(421) >= 2
