# SPDX-License-Identifier: ISC
"""The log answers: where is this message, why was that client sent away. A line for each, with the client's address first, and no value
of a client's that breaks it."""
import contextlib
import re
import socket
import time

import pytest

from lab.backend import Backend
from lab.gatepost import Gatepost, backend, certificate, domains, running
from lab.pop3_client import Session as Pop3
from lab.pop3_logins import by_user_pass
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session, client_context

MESSAGE = b"Subject: logged\r\nFrom: a@client.example\r\nMessage-ID: <7@client.example>\r\n\r\nhello\r\n"
RULES = ('rule "no nine" when client.ip == "127.0.0.9" then drop 554 5.7.1 "no nine"\n'
         'rule "no drop" when sender == "drop@client.example" then drop 554 5.7.1 "no drop"\n'
         'rule "no dan" when recipient.local == "dan" then drop 421 4.7.1 "no dan"\n'
         'rule "no bob" when recipient.local == "bob" then reject 550 5.7.1 "no bob"\n'
         'rule "spam" when message.subject == "spam" then reject 550 5.7.1 "not wanted"\n')
CHANGES = {"process": {"proxies": 1}, "log": {"level": '"info"'}, "limits": {"errors": 3, "message_size": "1MiB", "sessions_per_client": 20},
           "timeouts": {"command": "1s", "data": "1s"}}


@pytest.fixture(scope="module")
def world(run_dir, authority):
    """One gateway before two servers; whoever is called gone is unknown."""
    folder = run_dir / "log-lines"
    folder.mkdir()
    servers = [Backend({"DOT": "250 2.0.0 Ok: queued as 4XYZ", "RCPT": lambda _, line: "550 5.1.1 who?" if b"gone" in line else "250 2.1.5 ok"}).start()
               for _ in range(2)]
    body = backend("one", servers[0].port, options="recipient_check on  probe off") + backend("two", servers[1].port) \
        + backend("mailboxes", pop3=[free_port()]) + domains("one", "example.com") + domains("two", "other.example") + certificate(authority.certificate("mx.example.com")) + RULES
    with running(Gatepost(folder, body, CHANGES, implicit_tls=True, pop3="backend mailboxes"), servers) as it:
        yield it


@pytest.fixture
def since(world):
    """Lines since the test began: since("event") waits for the first."""
    before = len(world.log())

    def first(event):
        is_one = re.compile(r"(: |[0-9a-f.]{9,} )%s( |$)" % re.escape(event))
        found = wait_until(lambda: [line for line in first.all() if is_one.search(line)])
        assert found, first.all()
        return found[0]
    first.all = lambda: world.log()[before:].splitlines()
    return first


def fields(line):
    """key=value and key="value with blanks"."""
    return {key: quoted if quoted or not plain else plain for key, quoted, plain in re.findall(r' (\w+)=(?:"([^"]*)"|(\S*))', line)}


# ---- a message

def test_one_line_tells_all_of_a_message(world, since):
    with Session(world.port) as session:
        session.ehlo("client.example")
        session.starttls(client_context())
        session.ehlo("client.example")
        session.envelope(*["user%d@example.com" % n for n in range(5)])
        reply = session.data(MESSAGE)
    line = since("message")
    told = fields(line)
    assert told["to"] == ",".join("user%d@example.com" % n for n in range(5)) and told["recipients"] == "5"
    assert told["client"] == "127.0.0.1" and told["helo"] == "client.example" and told["tls"] == "TLSv1.3"
    assert told["from"] == "sender@client.example" and told["message_id"] == "<7@client.example>"
    assert (told["verdict"], told["code"], told["text"]) == ("accept", "250", "Ok: queued as 4XYZ")
    assert told["backend"] and int(told["size"]) > 50 and int(told["ms"]) >= int(told["backend_ms"])
    reference = re.search(r"\((\S+)\)$", reply.text).group(1)
    assert " %s message client=" % reference in line


def test_the_rule_that_decided_is_told(world, since):
    with Session(world.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.data(MESSAGE.replace(b"logged", b"spam"))
    told = fields(since("message"))
    assert (told["verdict"], told["rule"], told["code"]) == ("reject", "spam", "550")


def test_recipients_past_a_bound_are_a_number(world, since):
    names = ["%s%d@example.com" % ("x" * 50, n) for n in range(90)]
    with Session(world.port) as session:
        session.ehlo()
        session.envelope(*names)
        session.data(MESSAGE)
    line = since("message")
    told = fields(line)
    assert told["recipients"] == "90" and told["to"].split(",") == names[:len(told["to"].split(","))]
    assert 1900 < len(told["to"]) <= 2048 and len(line) < 4096


def test_whatever_a_sender_writes_the_line_is_one_and_our_fields_stand(world, since):
    evil = 'a"b\\ code=250 verdict=accept=' + "\\" * 100
    quoted = '"%s"@example.com' % evil.replace("\\", "\\\\").replace('"', '\\"')[:60]
    with Session(world.port) as session:
        session.ehlo('x" verdict=accept client=192.0.2.1 ' + '"' * 150)
        session.expect('MAIL FROM:<%s>' % quoted.replace("example.com", "client.example"), 250, 501)
        session.expect("MAIL FROM:<a@client.example>", 250, 503)
        for n in range(60):
            session.expect('RCPT TO:<"%d\\"\\"\\"\\"\\"\\"\\"\\" \\\\\\\\ = client=192.0.2.2"@example.com>' % n, 250, 501, 550)
        session.data(MESSAGE.replace(b"logged", b"spam").replace(b"<7@", b"<" + b"\xff\"" * 250 + b"@"))
    line = since("message")
    told = fields(line)
    assert (told["client"], told["verdict"], told["rule"], told["code"]) == ("127.0.0.1", "reject", "spam", "550")
    assert len(line) < 8192 and told["ms"].isdigit()
    assert len(re.findall(r' client=', re.sub(r'"[^"]*"', '""', line))) == 1


# ---- what came to no message

def refused_at_size(session):
    session.expect("MAIL FROM:<a@client.example> SIZE=99999999", 552)


def refused_as_unknown(session):
    session.envelope()
    session.expect("RCPT TO:<gone@example.com>", 550)


def refused_by_a_rule(session):
    session.envelope()
    session.expect("RCPT TO:<bob@example.com>", 550)


def refused_relaying(session):
    session.envelope()
    session.expect("RCPT TO:<a@elsewhere.example>", 550)


def refused_for_another_server(session):
    session.envelope("user@example.com")
    session.expect("RCPT TO:<a@other.example>", 452)


def sent_away_for_errors(session):
    for _ in range(2):
        session.expect("NONSENSE", 500)
    session.expect("NONSENSE", 421)


def sent_away_for_silence(session):
    assert session.reply().code == 421


def sent_away_in_the_message(session):
    session.envelope("user@example.com")
    session.expect("DATA", 354)
    session.send(b"Subject: never ends\r\n")
    assert session.reply().code == 421


def gone_in_the_message(session):
    session.envelope("user@example.com")
    session.expect("DATA", 354)
    session.send(b"Subject: never ends\r\n")


CAUSES = {
    "SIZE= too big": (refused_at_size, "refused", {"code": "552", "stage": "helo"}),
    "an unknown recipient": (refused_as_unknown, "recipient refused", {"code": "550", "to": "gone@example.com", "stage": "rcpt"}),
    "a rule": (refused_by_a_rule, "recipient refused", {"code": "550", "rule": "no bob", "from": "sender@client.example"}),
    "relaying": (refused_relaying, "recipient refused", {"code": "550", "to": "a@elsewhere.example", "helo": "client.example"}),
    "another server": (refused_for_another_server, "recipient refused", {"code": "452", "to": "a@other.example"}),
    "errors": (sent_away_for_errors, "sent away", {"code": "421", "text": "4.7.0 too many errors"}),
    "silence": (sent_away_for_silence, "sent away", {"code": "421", "text": "4.4.2 timeout"}),
    "silence in the message": (sent_away_in_the_message, "sent away", {"code": "421", "stage": "data", "to": "user@example.com"}),
    "the client goes in the message": (gone_in_the_message, "client gone", {"stage": "data", "to": "user@example.com", "recipients": "1"}),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_end_that_is_no_message_has_a_line_with_the_client(cause, world, since):
    act, event, expected = CAUSES[cause]
    with Session(world.port) as session:
        session.ehlo()
        act(session)
    told = fields(since(event))
    assert {"client": "127.0.0.1", **expected}.items() <= told.items()


def dropped_at_mail(port):
    with Session(port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<drop@client.example>", 554)


def dropped_at_a_recipient(port):
    with Session(port) as session:
        session.ehlo()
        session.envelope()
        session.expect("RCPT TO:<dan@example.com>", 421)


def dropped_at_once(port):
    with socket.socket() as s:
        s.bind(("127.0.0.9", 0))
        s.connect(("127.0.0.1", port))
        assert b"no nine" in s.recv(200)


DROPS = {
    "MAIL": (dropped_at_mail, "port", {"rule": "no drop", "code": "554", "from": "drop@client.example", "stage": "mail"}),
    "RCPT": (dropped_at_a_recipient, "port", {"rule": "no dan", "code": "421", "to": "dan@example.com", "stage": "rcpt"}),
    "the connection": (dropped_at_once, "port", {"client": "127.0.0.9", "rule": "no nine", "stage": "connect"}),
    "the connection of a reader": (dropped_at_once, "pop3_port", {"client": "127.0.0.9", "rule": "no nine", "text": "no nine"}),
}


@pytest.mark.parametrize("at", DROPS)
def test_who_is_dropped_has_one_line(at, world, since):
    act, port, expected = DROPS[at]
    act(getattr(world, port))
    assert expected.items() <= fields(since("dropped")).items()
    Session(world.port).close()  # what would follow is there as well
    assert [line for line in since.all() if " client=" in line] == [since("dropped")]


def test_the_reference_of_the_line_is_the_one_that_the_client_heard(world, since):
    with Session(world.port) as session:
        session.ehlo()
        session.envelope()
        reference = re.search(r"\((\S+)\)$", session.expect("RCPT TO:<bob@example.com>", 550).text).group(1)
    assert " %s recipient refused client=127.0.0.1 " % reference in since("recipient refused")


def test_a_handshake_that_fails_has_the_client(world, since):
    with socket.create_connection(("127.0.0.1", world.tls_port)) as s:
        s.sendall(b"EHLO client.example\r\n")
        with contextlib.suppress(ConnectionError):
            s.recv(100)
    assert fields(since("TLS failed"))["client"] == "127.0.0.1"


def test_those_who_are_turned_away_are_two_a_second_and_a_number(world, since):
    inside, outside = [], []
    try:
        inside += [Session(world.port) for _ in range(20)]
        for _ in range(12):
            outside.append(Session(world.port))
            assert outside[-1].greeting.code == 421
    finally:
        for session in inside + outside:
            session.close()
    assert fields(since("turned away"))["client"] == "127.0.0.1"
    time.sleep(1)
    Pop3(world.pop3_port).close()
    singly = [line for line in since.all() if " turned away client=" in line]
    assert since("more turned away")
    more = [line for line in since.all() if "more turned away" in line]
    assert {fields(line)["listener"] for line in more} == {fields(singly[0])["listener"]}
    assert 2 <= len(singly) <= 4 and len(singly) + sum(int(fields(line)["count"]) for line in more) == 12


# ---- users who read their mail

def test_a_user_whose_server_is_away_is_told_with_his_address_and_is_no_refused_login(world, since):
    with Pop3(world.pop3_port) as session:
        assert by_user_pass(session, "user@example.com", "secret").startswith(b"-ERR")
    told = fields(since("mailbox not reached"))
    assert (told["client"], told["user"]) == ("127.0.0.1", "user@example.com")
    assert not [line for line in since.all() if "login refused" in line or "secret" in line]


def test_a_user_who_makes_too_many_mistakes_is_sent_away_with_his_address(world, since):
    with Pop3(world.pop3_port) as session:
        for _ in range(3):
            session.command("NONSENSE")
    told = fields(since("sent away"))
    assert told["client"] == "127.0.0.1" and "too many errors" in told["text"]
