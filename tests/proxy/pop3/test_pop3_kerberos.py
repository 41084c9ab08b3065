# SPDX-License-Identifier: ISC
"""GSSAPI with a real KDC: the client's ticket is for the gateway's name, whose key the server behind has."""
import base64
import os
import pwd
import subprocess

import pytest

from lab import fetchers, needs, samples, users
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot
from lab.gatepost import backend
from lab.kerberos import CONFIDENTIALITY, INTEGRITY, NO_LAYER, REALM, Gssapi, Kerberos
from lab.pop3_client import Session, plain
from lab.process import wait_until

GATEWAY, SERVER, STRANGER = "mx.example.com", "behind.example.com", "other.example.com"
RULES = 'rule "guesses" when login.network_failures >= 2 then reject 535 5.7.0 "too many"\n' \
    'rule "of a user" when login.failures >= 1 or login.user_failures >= 1 then reject 535 5.7.0 "a user"\n'
POP3 = 'mechanisms { "GSSAPI" "PLAIN" }'
MAIL = samples.octets(samples.message("hello", "Hello.\n.\n..\n"))
LAYERS = {"integrity": INTEGRITY, "confidentiality": CONFIDENTIALITY}

pytestmark = [needs.root, pytest.mark.usefixtures("no_proxy_dies")]


def realm_of(run_dir, owner):
    folder = run_dir / ("kerberos-of-" + owner)
    folder.mkdir()
    return Kerberos(folder, pwd.getpwnam(owner), ["pop/" + name for name in (GATEWAY, SERVER, fetchers.HOST)], ["pop/" + STRANGER])


@pytest.fixture(scope="module")
def realm(run_dir):
    kerberos = realm_of(run_dir, "dovecot")
    try:
        yield kerberos.start()
    finally:
        kerberos.stop()


@pytest.fixture(scope="module")
def ticket(realm):
    return realm.ticket("user")


@pytest.fixture(scope="module")
def mailboxes(run_dir, realm):
    folder = run_dir / "kerberos-mailboxes"
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail"), settings="auth_mechanisms = gssapi plain\nauth_gssapi_hostname = \"$ALL\"\n"
                     "auth_krb5_keytab = %s\nimport_environment = TZ KRB5_CONFIG=%s\n" % (realm.keytab, realm.config))
    server.fill("user@example.com", [MAIL])
    try:
        yield server.start()
    finally:
        server.stop()


def by_curl(port, host, env):
    return subprocess.run(["curl", "-sS", "--max-time", "20", "--login-options", "AUTH=GSSAPI", "--user", ":",
                           "--resolve", "%s:%d:127.0.0.1" % (host, port), "pop3://%s:%d/1" % (host, port)],
                          capture_output=True, check=False, env=dict(os.environ, **env))


def exchange(session, client):
    """The server's last word."""
    status = session.command("AUTH GSSAPI")
    while status.startswith(b"+ "):
        status = session.command(base64.b64encode(client.say(base64.b64decode(status[2:]))))
    return status


def test_a_ticket_opens_the_mailbox_as_the_server_does(site, mailboxes, ticket):
    directly, through = by_curl(mailboxes.pop3_port, SERVER, ticket), by_curl(site.pop3_port, GATEWAY, ticket)
    assert directly.stdout == MAIL, directly.stderr
    assert through.stdout == MAIL, through.stderr
    assert "mechanism=gssapi" in [line for line in site.log().splitlines() if "login" in line][-1]


def test_fetchmail_gets_by_its_ticket_what_it_gets_from_the_server(site, mailboxes, ticket, authority, own_dir):
    stored = []
    for port in (mailboxes.pop3_port, site.pop3_port):
        folder = own_dir / str(port)
        folder.mkdir()
        stored.append(fetchers.fetchmail(folder, port, "plain", authority.ca, "user@" + REALM, ticket=ticket))
    assert stored[0] == stored[1] == [MAIL.replace(b"\r\n", b"\n")]
    assert "mechanism=gssapi" in [line for line in site.log().splitlines() if "login" in line][-1]


def test_a_client_that_wants_the_server_to_prove_itself_gets_in(site, ticket):
    with Session(site.pop3_port) as session:
        assert exchange(session, Gssapi(ticket, GATEWAY)).startswith(b"+OK")
        assert session.message(1) == MAIL


def test_a_ticket_for_a_name_whose_key_the_server_has_not_opens_nothing(site, ticket):
    with Session(site.pop3_port, source="127.0.1.1") as session:
        assert exchange(session, Gssapi(ticket, STRANGER)).startswith(b"-ERR")
        session.expect("STAT", "-ERR")
        session.expect(b"AUTH PLAIN " + plain("user@example.com"))


def test_the_guard_counts_failures_for_the_network_alone(site, ticket):
    for number in range(3):
        with Session(site.pop3_port, source="127.0.2.1") as session:
            status = exchange(session, Gssapi(ticket, STRANGER))
        assert status.startswith(b"-ERR") and (b"too many" in status) == (number == 2), status
    with Session(site.pop3_port, source="127.0.3.1") as session:
        assert exchange(session, Gssapi(ticket, GATEWAY)).startswith(b"+OK")


def test_it_is_offered_only_where_it_is_named(start, mailboxes, ticket):
    gateway = start(backend("behind", pop3=["%d tls none" % mailboxes.pop3_port]), pop3="backend behind")
    with Session(gateway.pop3_port) as session:
        assert "GSSAPI" not in session.capabilities()["SASL"].split()
        assert exchange(session, Gssapi(ticket, GATEWAY)).startswith(b"-ERR")
    assert by_curl(gateway.pop3_port, GATEWAY, ticket).stdout != MAIL


# ---- security layers: Cyrus has them, Dovecot has not ----


@pytest.fixture(scope="module")
def layered(run_dir):
    """(A Cyrus, a ticket)"""
    kerberos = realm_of(run_dir, users.OWNER.pw_name)
    server = Cyrus(run_dir / ("kerberos-of-" + users.OWNER.pw_name), mechanisms="PLAIN GSSAPI", env=kerberos.env)
    server.fill("user", [MAIL])
    try:
        kerberos.start()
        yield server.start(), kerberos.ticket("user")
    finally:
        server.stop()
        kerberos.stop()


@pytest.fixture
def before_layered(start, layered):
    gateway = start(backend("layered", pop3=["%d tls none" % layered[0].pop3_port]) + RULES, pop3="backend layered  " + POP3)
    assert wait_until(lambda: "keeper ready" in gateway.log(), 20)
    return gateway


@pytest.mark.parametrize("layer", LAYERS)
def test_the_server_itself_speaks_through_a_layer(layer, layered):
    server, ticket = layered
    with Session(server.pop3_port) as session:
        client = Gssapi(ticket, SERVER, LAYERS[layer])
        assert exchange(session, client).startswith(b"+OK")
        session.send(client.wrapped(b"QUIT\r\n"))
        assert client.unwrapped(session.rest()).startswith(b"+OK")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_refused_and_counts_as_no_failure(layer, before_layered, layered):
    for _ in range(3):
        with Session(before_layered.pop3_port) as session:
            assert b"layer" in exchange(session, Gssapi(layered[1], GATEWAY, LAYERS[layer]))
            session.expect("STAT", "-ERR")
            assert exchange(session, Gssapi(layered[1], GATEWAY, NO_LAYER)).startswith(b"+OK")
            assert session.message(1) == MAIL
