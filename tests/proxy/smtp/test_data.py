# SPDX-License-Identifier: ISC
"""DATA: what is taken, what is refused, and what the server behind then gets."""
import pytest

from lab.smtp_client import Session, stuffed

CHANGES = {"limits": {"errors": 1000, "message_size": "1MiB"}}
MESSAGE = b"Subject: data\r\nFrom: a@client.example\r\n\r\nhello\r\n"


def body_of(message):
    return message.content.partition(b"\r\n\r\n")[2]


def test_data_needs_a_recipient(greeted):
    greeted.expect("DATA", 503)
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    greeted.expect("DATA", 503, 554)


def test_data_takes_no_argument(ready):
    ready.expect("DATA now", 501)


def test_dots_at_line_starts_survive(ready, behind):
    message = b"Subject: dots\r\n\r\n.\r\n..x\r\n.a\r\n"
    assert ready.data(message).code == 250
    assert body_of(behind.messages[0]) == b".\r\n..x\r\n.a\r\n"


def test_an_empty_message_is_answered(ready, behind):
    assert ready.data(b"\r\n").code in (250, 550, 554)


def test_a_message_over_the_limit_is_refused_after_the_dot(ready, behind):
    reply = ready.data(b"Subject: big\r\n\r\n" + b"x" * 998 * 1100 + b"\r\n")
    assert (reply.code, reply.enhanced) == (552, "5.3.4")
    assert not behind.messages
    ready.envelope("user@example.com")
    assert ready.data(MESSAGE).code == 250


def test_a_message_of_just_the_limit_passes(ready, behind):
    start = b"Subject: just\r\n\r\n"
    lines = b"x" * 62 + b"\r\n"
    room = 1024 * 1024 - len(start)
    message = start + lines * (room // 64) + (b"y" * (room % 64 - 2) + b"\r\n" if room % 64 > 2 else b"")
    assert ready.data(message).code == 250
    assert behind.messages[0].content.endswith(message)


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\nb\r\n", b"a\n\r\n", b"\n.\n"])
def test_bare_newlines_are_refused(ready, behind, body):
    reply = ready.data(b"Subject: bare\r\n\r\n" + body)
    assert 500 <= reply.code <= 599, reply
    assert not behind.messages


def test_nul_is_refused(ready, behind):
    assert 500 <= ready.data(b"Subject: nul\r\n\r\na\0b\r\n").code <= 599
    assert not behind.messages


def test_long_lines_are_not_broken(ready, behind):
    line = b"y" * 5000
    reply = ready.data(b"Subject: long\r\n\r\n" + line + b"\r\n")
    assert reply.code in (250, 500, 554)
    if reply.code == 250:
        assert body_of(behind.messages[0]) == line + b"\r\n"


def test_several_messages_in_a_session(greeted, behind):
    for number in range(3):
        greeted.envelope("user@example.com")
        assert greeted.data(b"Subject: %d\r\n\r\nx\r\n" % number).code == 250
    assert len(behind.messages) == 3


def test_a_message_that_came_byte_by_byte_is_the_same(ready, behind):
    ready.expect("DATA", 354)
    message = b"Subject: slow\r\n\r\n.dot\r\n\r\nend\r\n"
    for byte in stuffed(message):
        ready.send(bytes([byte]))
    assert ready.reply().code == 250
    assert behind.messages[0].content.endswith(message)


def test_a_received_field_is_added_on_top(ready, behind):
    assert ready.data(MESSAGE).code == 250
    content = behind.messages[0].content
    assert content.startswith(b"Received: from client.example")
    assert content.endswith(MESSAGE)
    assert b"by mx.example.com" in content[:-len(MESSAGE)]


def test_the_reply_to_the_dot_is_the_one_of_the_server_behind(ready, behind):
    behind.script["DOT"] = "250 2.6.0 <id@behind> queued as 4711"
    reply = ready.data(MESSAGE)
    assert reply.code == 250


def test_disconnecting_in_mid_message_delivers_nothing(gateway, behind):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("user@example.com")
        client.expect("DATA", 354)
        client.send("Subject: half\r\n\r\nhalf a mess")
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("user@example.com")
        assert client.data(MESSAGE).code == 250
    assert [message.content.endswith(MESSAGE) for message in behind.messages] == [True]


def test_more_forged_fields_than_can_be_taken_out_are_refused_for_good(session, behind):
    session.ehlo()
    forged = b"Authentication-Results: mx.example.com; dmarc=pass\r\n"
    session.envelope("user@example.com")
    assert session.data(forged * 4000 + b"Subject: forged\r\n\r\nhello\r\n").code == 250
    assert forged.split(b";")[0] not in behind.messages[-1].content
    session.envelope("user@example.com")
    reply = session.data(forged * 5000 + b"Subject: forged\r\n\r\nhello\r\n")
    assert (reply.code, reply.enhanced) == (550, "5.6.0")
    assert len(behind.messages) == 1


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "iso-2022-jp", "nobody-knows"])
@pytest.mark.parametrize("name", ["Authentication-Results", "Received-SPF"])
def test_results_of_a_server_whose_name_is_encoded_are_looked_at(ready, behind, name, charset):
    for server, stays in (("mx.example.com", False), ("mx.other.example", True)):
        field = ("%s: =?%s?q?%s?= ; spf=pass\r\n" % (name, charset, server)).encode()
        assert ready.data(field + MESSAGE).code == 250
        assert (field in behind.messages[-1].content) == stays
        ready.envelope("user@example.com")
