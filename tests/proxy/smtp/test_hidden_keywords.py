# SPDX-License-Identifier: ISC
"""Keywords of EHLO that are hidden from clients who cannot do with them; whoever else comes is offered all."""
import json

import pytest

from lab.gatepost import backend, certificate, domains, running
from lab.gatepost import Gatepost, check_configuration
from lab.process import wait_until
from lab.smtp_client import Session, send

BROKEN, OLD, HALE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
HIDE = """hide "CHUNKING" "SMTPUTF8" "DSN" "STARTTLS" from { "%s" "2001:db8::/32" }
  hide "PIPELINING" "SIZE" "8BITMIME" from old
""" % BROKEN
MESSAGE = b"Subject: hidden\r\n\r\nhello\r\n"
ALL = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "STARTTLS", "CHUNKING", "ENHANCEDSTATUSCODES"}


@pytest.fixture(scope="module")
def hiding(run_dir, authority, shared_backend):
    body = "".join([certificate(authority.certificate("mx.example.com")), backend("behind", shared_backend.port),
                    domains("behind", "example.com"), 'table old { "%s" }\n' % OLD])
    with running(Gatepost(run_dir / "hidden-keywords", body, listen=HIDE)) as gateway:
        wait_until(lambda: all(offered(gateway, HALE) == ALL for _ in range(6)))
        yield gateway


def offered(gateway, source):
    with Session(gateway.port, source=source) as client:
        client.ehlo()
        return set(client.extensions)


@pytest.fixture
def broken(hiding, shared_backend):
    shared_backend.forget()
    with Session(hiding.port, source=BROKEN) as client:
        client.ehlo()
        yield client


def test_each_client_is_offered_what_it_can_do_with(hiding):
    assert offered(hiding, HALE) == ALL
    assert offered(hiding, BROKEN) == ALL - {"CHUNKING", "SMTPUTF8", "DSN", "STARTTLS"}
    assert offered(hiding, OLD) == ALL - {"PIPELINING", "SIZE", "8BITMIME"}


def test_what_is_hidden_is_refused_as_if_it_did_not_exist(broken):
    assert broken.expect("STARTTLS", 502).enhanced == "5.5.1"
    broken.expect("MAIL FROM:<a@client.example> SMTPUTF8", 555)
    broken.expect("MAIL FROM:<a@client.example> RET=HDRS", 555)
    broken.expect("MAIL FROM:<a@client.example>", 250)
    broken.expect("RCPT TO:<user@example.com> NOTIFY=NEVER", 555)
    broken.expect("RCPT TO:<user@example.com>", 250)


def test_chunks_that_come_all_the_same_are_no_commands(broken, shared_backend):
    broken.envelope("user@example.com")
    inner = b"RSET\r\nMAIL FROM:<evil@client.example>\r\n"
    broken.send(b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (len(inner), inner, len(inner), inner))
    replies = [broken.reply() for _ in range(2)]
    assert [(reply.code, reply.enhanced) for reply in replies] == [(502, "5.5.1")] * 2
    assert broken.silent(0.2)
    assert broken.data(MESSAGE).code == 250, "the transaction is as it was"
    assert [message.sender for message in shared_backend.messages] == ["sender@client.example"]


def test_an_empty_last_chunk_ends_nothing(broken, shared_backend):
    broken.envelope("user@example.com")
    broken.expect("BDAT 0 LAST", 502)
    assert not shared_backend.messages


def test_mail_of_all_is_delivered(hiding, shared_backend):
    shared_backend.forget()
    for source in (BROKEN, OLD, HALE):
        assert send(hiding.port, MESSAGE, "user@example.com", source=source).code == 250
    with Session(hiding.port, source=OLD) as client:  # what it sends of these is understood, as RFC 5321 asks of servers
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example> SIZE=100 BODY=8BITMIME", 250)
    assert len(shared_backend.messages) == 3


def test_it_is_logged_and_counted_once_a_session(hiding):
    def counted():
        return json.loads(hiding.control("status", "--json"))["gateway"]["counters"]["keywords_hidden"]
    before = counted()
    lines = hiding.log().count("keywords hidden")
    with Session(hiding.port, source=OLD) as client:
        client.ehlo()
        client.ehlo()
    offered(hiding, HALE)
    assert wait_until(lambda: counted() == before + 1)
    assert hiding.log().count("keywords hidden") == lines + 1
    assert 'keywords hidden client=%s words="PIPELINING SIZE 8BITMIME"' % OLD in hiding.log()
    assert "gatepost_keywords_hidden_total" in hiding.control("metrics")


@pytest.mark.parametrize("words, why", [
    ('hide "CHUNKING" from { "0.0.0.0/0" }', "hides it from everybody"),
    ('starttls  require_tls  hide "STARTTLS" from { "192.0.2.1" }', "could never send"),
], ids=["everybody", "who must encrypt"])
def test_what_nobody_can_mean_is_refused_at_load(own_dir, authority, words, why):
    file = own_dir / "hide.conf"
    file.write_text('hostname "mx.example.com"\n' + certificate(authority.certificate("mx.example.com")) + backend("b", 25)
                    + domains("b", "example.com") + 'listen smtp on "127.0.0.1:2525" { %s }\n' % words)
    status, said = check_configuration(file)
    assert status != 0 and why in said
