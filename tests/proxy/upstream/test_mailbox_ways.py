# SPDX-License-Identifier: ISC
"""Which server a user's mailbox is sought on, over POP3 and over IMAP, and that no password is told where TLS is not as it must be."""
import base64
import re
from collections import namedtuple

import pytest

from lab import imap_client, needs, pop3_client, samples
from lab.crossroads import CLOSED, crossroads, reached
from lab.pop3_logins import by_user_pass
from lab.process import wait_until
from lab.smtp_client import client_context

MAIL = samples.clean("clean")
Protocol = namedtuple("Protocol", "session told_to_login ok not_now")


def told_by_imap(session, user, password):
    return session.command('LOGIN "%s" "%s"' % (user, password))[-1].split(b" ", 1)[1].rstrip()


PROTOCOLS = {
    "pop3": Protocol(pop3_client.Session, by_user_pass, b"+OK", rb"-ERR \[SYS/(TEMP|PERM)\] .*\([^()]+\)"),
    "imap": Protocol(imap_client.Session, told_by_imap, b"OK", rb"NO \[UNAVAILABLE\] .*\([^()]+\)"),
}

pytestmark = needs.root


@pytest.fixture(scope="module", params=PROTOCOLS)
def spoken(request):
    return request.param


@pytest.fixture(scope="module")
def roads(run_dir, authority, certified, spoken):
    with crossroads(run_dir / (spoken + "-ways"), authority, certified, spoken, MAIL) as gateway:
        gateway.protocol = PROTOCOLS[spoken]
        gateway.ports = {"pop3": (gateway.pop3_port, gateway.pop3s_port), "imap": (gateway.imap_port, gateway.imaps_port)}[spoken]
        yield gateway


def told_to_login(roads, user, password="any"):
    with roads.protocol.session(roads.ports[0]) as session:
        return roads.protocol.told_to_login(session, user, password)


@pytest.mark.parametrize("user, server_name, server", [
    ("one@nowhere.example", None, "usual"), ("two@nowhere.example", "mail.other.example", "other"), ("three@nowhere.example", "mail.unknown.example", "usual"),
    ("four@own.example", None, "own"), ("five@own.example", "mail.other.example", "own"), ("boss@own.example", "mail.other.example", "vip")],
    ids=["any", "by the name", "by an unknown name", "by the domain", "by the domain and not the name", "by himself"])
def test_a_user_is_led_to_the_mailbox(user, server_name, server, roads):
    with roads.protocol.session(roads.ports[1], tls=client_context(), server_name=server_name) as session:
        assert roads.protocol.told_to_login(session, user, "any").startswith(roads.protocol.ok)
        if hasattr(session, "select"):
            session.select()
        assert session.message(1) == MAIL
    assert reached(roads, user) == [server]


@pytest.mark.parametrize("name, encrypted", [("none", False), ("opportunistic", True), ("plain", False), ("required", True), ("verified", True), ("in_tls", True),
                                             ("in_tls_verified", True)])
def test_the_server_behind_is_reached_over_tls_as_configured(name, encrypted, roads):
    assert told_to_login(roads, name + "@route.example").startswith(roads.protocol.ok)
    assert [login.tls for login in roads.behind[name].logins] == [encrypted]


@pytest.mark.parametrize("name, server", [("refuses", "refuses"), ("misnamed", "verified"), ("stranger", "stranger"), ("in_tls_misnamed", "in_tls_verified")])
def test_no_password_is_told_where_tls_is_not_as_required(name, server, roads):
    user = name + "@route.example"
    assert re.fullmatch(roads.protocol.not_now, told_to_login(roads, user, "a-secret"))
    heard = b"\n".join(roads.behind[server].commands)
    encoded = [base64.b64encode(octets) for octets in (b"a-secret", b"\0%s\0a-secret" % user.encode())]
    assert not any(secret in heard for secret in (b"a-secret", *encoded))
    assert user not in {login.user for login in roads.behind[server].logins}


def test_a_server_that_is_not_there_is_a_refusal_for_now_with_a_reference(roads):
    assert re.fullmatch(roads.protocol.not_now, told_to_login(roads, "gone@route.example"))


def test_the_next_server_is_asked_when_the_first_is_not_there(roads):
    assert told_to_login(roads, "prefers@route.example").startswith(roads.protocol.ok)
    assert reached(roads, "prefers@route.example") == ["second"]


def test_why_the_server_behind_refuses_is_told_in_its_words(spoken, roads):
    assert told_to_login(roads, "closed@route.example") == CLOSED[spoken].encode()


def test_the_connection_behind_ends_with_the_clients(roads):
    behind = roads.behind["other"]
    with roads.protocol.session(roads.ports[1], tls=client_context(), server_name="mail.other.example") as session:
        assert roads.protocol.told_to_login(session, "ends@nowhere.example", "any").startswith(roads.protocol.ok)
        assert behind.open == 1
    assert wait_until(lambda: behind.open == 0)
