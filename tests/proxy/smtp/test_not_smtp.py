# SPDX-License-Identifier: ISC
"""Who does not speak SMTP, or speaks before its turn, is heard no further: nothing behind it is ever run."""
import re

import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Session, client_context, stuffed

CHANGES = {"limits": {"errors": 1000, "message_size": "1MiB"}}
DIALOGUE = (b"EHLO x\r\nMAIL FROM:<ceo@victim.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n"
            b"Subject: inner\r\n\r\nhi\r\n.\r\nQUIT\r\n")
MESSAGE = b"Subject: outer\r\nFrom: a@client.example\r\n\r\nhello\r\n"


def codes(raw):
    """The replies in what a server sent, by their codes."""
    return [int(code) for code in re.findall(rb"(?m)^(\d{3}) ", raw)]


def everything(session, sent):
    """Sends it and gives the codes of all replies up to the end, which must be the server's doing."""
    session.send(sent)
    return codes(session.rest())


# -- other protocols

FIRST_WORDS = {
    "POST": b"POST / HTTP/1.1\r\nHost: mx.example.com:25\r\nContent-Length: 200\r\n\r\n",
    "GET": b"GET / HTTP/1.1\r\nHost: mx.example.com\r\n\r\n",
    "GET with bare LF": b"GET / HTTP/1.0\n\n",
    "PUT": b"PUT /x HTTP/1.1\r\n\r\n",
    "HEAD": b"HEAD / HTTP/1.1\r\n\r\n",
    "CONNECT": b"CONNECT mx.example.com:25 HTTP/1.1\r\n\r\n",
    "OPTIONS": b"OPTIONS * RTSP/1.0\r\n\r\n",
    "a method of its own": b"MKCALENDAR /x HTTP/1.1\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a header field": b"Host: mx.example.com\r\n\r\n",
    "PROXY": b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "TLS with CRLF in it": b"\x16\x03\x01\x00\x40\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "JSON": b"{\"jsonrpc\": \"2.0\"}\r\n",
    "SIP": b"INVITE sip:user@example.com SIP/2.0\r\n\r\n",
}


@pytest.mark.parametrize("name", FIRST_WORDS)
def test_another_protocol_ends_the_session_with_one_reply(name, session, gateway, behind):
    assert everything(session, FIRST_WORDS[name] + DIALOGUE) == [554]
    assert not behind.messages and "MAIL" not in behind.verbs()
    lines = [line for line in gateway.log().splitlines() if "not SMTP" in line]
    assert "client=127.0.0.1" in lines[-1]


def test_another_protocol_is_one_event_under_the_reference_that_was_told(session, gateway):
    session.send(FIRST_WORDS["GET"])
    reference = re.search(rb"554 .* \(([0-9a-f.]+)\)\r\n", session.rest()).group(1).decode()
    lines = [line for line in gateway.log().splitlines() if reference in line and ": debug: " not in line]
    assert len([record for record in gateway.decisions() if record["id"] == reference]) == 1
    assert len(lines) == 1 and "%s not SMTP client=127.0.0.1 speaks=HTTP" % reference in lines[0]


def test_another_protocol_is_told_wherever_it_begins(ready, behind):
    assert everything(ready, b"POST / HTTP/1.1\r\n" + DIALOGUE) == [554]
    assert not behind.messages


def test_another_protocol_is_told_before_the_greeting_is_read(gateway, behind):
    with Session(gateway.port, greeting=False) as session:
        assert everything(session, FIRST_WORDS["POST"] + DIALOGUE) == [220, 554]
    assert not behind.messages


def test_another_protocol_is_told_within_tls(gateway, behind):
    with Session(gateway.port) as session:
        session.ehlo()
        session.starttls(client_context())
        assert everything(session, FIRST_WORDS["POST"] + DIALOGUE) == [554]
    assert not behind.messages


def test_the_recorded_post_delivers_nothing(session, behind):
    case = needs.CORPORA.parent / "cases" / "wire" / "w6-http-post.smtp"
    if not case.exists():
        pytest.skip("%s is not here" % case)
    assert everything(session, case.read_bytes()) == [554]
    assert not behind.messages


def test_wrong_words_alone_end_nothing(greeted):
    for line in ("FOO", "", " NOOP", "GETX", "X-EXPS GSSAPI", "\ufeffEHLO x", "SEND FROM:<a@x.example>"):
        greeted.expect(line, 500)
    greeted.expect("NOOP", 250)


# -- a message that was not asked for

def pushed(*recipients):
    return (b"MAIL FROM:<form@client.example>\r\n" + b"".join(b"RCPT TO:<%s>\r\n" % r for r in recipients) + b"DATA\r\n")


@pytest.mark.parametrize("body", [DIALOGUE, MESSAGE + b".\r\n" + DIALOGUE, b"RSET\r\n" + DIALOGUE],
                         ids=["a dialogue", "a message, then a dialogue", "RSET, then a dialogue"])
def test_what_stands_behind_a_refused_data_is_never_run(body, greeted, behind):
    replies = everything(greeted, pushed(b"x@elsewhere.example") + body)
    assert replies[0] == 250 and replies[2:] == [503, 421], replies
    assert not behind.messages and "DATA" not in behind.verbs()


@pytest.mark.parametrize("data", [b"DATA\r\n", b"DATA now\r\n"])
def test_nor_behind_a_data_out_of_order(data, greeted, behind):
    assert everything(greeted, data + DIALOGUE)[-1] == 421
    assert not behind.messages


def test_nor_when_the_body_comes_in_a_later_read(greeted, behind):
    """Up to the limit of one read all is used up: what waits in the socket was sent too early as well."""
    start = pushed(b"x@elsewhere.example")
    fill = 16 * 1024 - len(start)
    noops = b"NOOP\r\n" * (fill // 6 - 1)
    noops += b"NOOP " + b"x" * (fill - len(noops) - 7) + b"\r\n"
    replies = everything(greeted, noops + start + DIALOGUE)
    assert replies[-2:] == [503, 421], replies[-5:]
    assert not behind.messages


def test_nor_within_tls(gateway, behind):
    with Session(gateway.port) as session:
        session.ehlo()
        session.starttls(client_context())
        session.ehlo()
        session.send(pushed(b"x@elsewhere.example"))
        session.send(DIALOGUE)
        assert codes(session.rest())[-1] == 421
    assert not behind.messages


@pytest.mark.parametrize("body", [b"a line of a letter\r\n" + DIALOGUE, b"Subject: x\r\n\r\n" + DIALOGUE, DIALOGUE],
                         ids=["text", "a header", "a dialogue"])
def test_nor_when_it_begins_after_the_reply(body, greeted, behind):
    """A form's mailer that reads no replies: what comes next is no command of somebody who waited."""
    greeted.send(pushed(b"x@elsewhere.example"))
    assert [greeted.reply().code for _ in range(3)][2] == 503
    assert everything(greeted, body) == [421]
    assert not behind.messages


def test_who_tries_by_hand_may_be_told_what_comes_first(session):
    for line, code in (("DATA", 503), ("EHLO x", 250), ("DATA", 503), ("MAIL FROM:<a@client.example>", 250), ("DATA", 503),
                       ("RCPT TO:<user@example.com>", 250), ("DATA now", 501), ("DATA", 354)):
        session.expect(line, code)


def test_who_waits_may_go_on_after_a_refused_data(greeted, behind):
    greeted.send(pushed(b"x@elsewhere.example"))
    assert [greeted.reply().code for _ in range(3)][2] == 503
    greeted.expect("RSET", 250)
    greeted.envelope("user@example.com")
    assert greeted.data(MESSAGE).code == 250
    assert len(behind.messages) == 1


def test_lawful_pipelining_is_unharmed(greeted, behind):
    for _ in range(2):
        greeted.send(b"RSET\r\n" + pushed(b"user@example.com"))
        assert [greeted.reply().code for _ in range(4)] == [250, 250, 250, 354]
        greeted.send(stuffed(MESSAGE) + b"RSET\r\n" + pushed(b"user@example.com"))
        assert [greeted.reply().code for _ in range(5)] == [250, 250, 250, 250, 354]
        greeted.send(stuffed(MESSAGE))
        assert greeted.reply().code == 250
    greeted.send(pushed(b"user@example.com"))
    assert [greeted.reply().code for _ in range(3)] == [250, 250, 354]
    greeted.send(stuffed(MESSAGE) + b"QUIT\r\n")
    assert codes(greeted.rest()) == [250, 221]
    assert len(behind.messages) == 5


def test_a_refused_chunk_with_its_octets_ends_nothing(greeted, behind):
    """BDAT says how much follows: nothing is in doubt."""
    greeted.send(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<x@elsewhere.example>\r\nBDAT %d LAST\r\n" % len(DIALOGUE) + DIALOGUE
                 + b"NOOP\r\n")
    assert [greeted.reply().code for _ in range(4)][2:] == [503, 250]
    assert not behind.messages


# -- lines that do not end

def test_a_bare_lf_ends_no_command(greeted, behind):
    greeted.send(b"NOOP\nRSET\r\nNOOP\r\n")
    assert [greeted.reply().code for _ in range(2)] == [500, 250]


def test_the_rest_of_such_a_line_may_come_in_pieces(greeted):
    for piece in (b"NOOP\n", b"RSET", b"\r", b"\nNO", b"OP\r\n"):
        greeted.send(piece)
    assert [greeted.reply().code for _ in range(2)] == [500, 250]


def test_two_bare_lfs_end_the_session(greeted, behind):
    assert everything(greeted, b"RSET\nRSET\n" + DIALOGUE) == [500, 421]
    assert not behind.messages


def test_a_second_line_with_a_bare_lf_ends_it_too(greeted, behind):
    assert everything(greeted, b"NOOP\nx\r\nNOOP\r\nNOOP\nx\r\n" + DIALOGUE) == [500, 250, 421]
    assert not behind.messages


def test_who_ends_all_lines_with_lf_delivers_nothing(session, behind):
    assert everything(session, DIALOGUE.replace(b"\r\n", b"\n")) == [500, 421]
    assert not behind.messages


def test_the_rest_of_a_line_has_an_end(greeted):
    assert everything(greeted, b"NOOP\n" + b"x" * 5000) == [500, 421]


@pytest.mark.parametrize("words", [{"bare_newlines": "on"}, {"bare_newlines_from": '{ "192.0.2.0/24" "127.0.0.1" }'}])
def test_lf_ends_commands_where_newlines_are_normalised(start, new_backend, words):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"), changes={"smtp": words})
    with Session(gateway.port) as session:
        session.send(DIALOGUE.replace(b"\r\n", b"\n", 4).replace(b"QUIT\r\n", b"QUIT\n"))
        assert codes(session.rest()) == [250, 250, 250, 354, 250, 221]
    assert len(server.messages) == 1


def test_newlines_are_normalised_for_the_named_networks_alone(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"),
                    changes={"smtp": {"bare_newlines_from": '{ "192.0.2.0/24" }'}})
    with Session(gateway.port) as session:
        session.send(DIALOGUE.replace(b"\r\n", b"\n"))
        assert codes(session.rest()) == [500, 421]
    assert not server.messages
