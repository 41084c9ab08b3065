# SPDX-License-Identifier: ISC
"""Real clients that know their server's address alone reach it through the gateway, which looks at their mail; the server sees them as if
there were no gateway."""
import email
import itertools
import re

import pytest

from lab import fetchers, imap_client, imap_fetchers, mailers, pop3_client, samples, smtp_client
from lab.gatepost import certificate as certified
from lab.gatepost import domains, ready_with, running
from lab.process import wait_until
from lab.transparent import IMAP, POP3, SMTP, Server, Transparent

BACKEND = """backend behind {
  smtp original tls opportunistic
  pop3 original tls opportunistic
  imap original tls opportunistic
  source client  recipient_check off
}
"""
OPTIONS = {"smtp": "starttls", "pop3": "starttls  backend behind", "imap": "starttls  backend behind"}
POLICY = """rule "infected" when av.result == infected then reject 550 5.7.1 "{av.signatures}"
rule "marked" when direction == inbound then header add "X-Client" "{client.ip}"
"""
USER = "user@example.com"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def site(run_dir, network, authority):
    folder = run_dir / ("transparent-" + type(network).__name__)
    folder.mkdir(mode=0o755)
    ours = authority.certificate("mx.example.com", "localhost")
    changes = samples.with_signatures({"antivirus": {"enabled": "on"}}, folder)
    server = Server(folder / "server", network.servers, network.server_address, authority.certificate("behind.example.com"))
    body = certified(ours) + BACKEND + domains("behind", "example.com") + POLICY
    gateway = Transparent(folder, network, body, OPTIONS, changes)
    gateway.server, gateway.ca, gateway.own_certificate = server.start(), authority.ca, ours.chain
    with running(gateway, [server], ready_with(changes)):
        yield gateway


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def family(request):
    return request.param


def addresses(site, family):
    """Where the client goes, where he comes from."""
    return site.network.server_address[family], site.network.client_address[family]


def client_of(site, family, session):
    """What the server is to see."""
    return (addresses(site, family)[1], session.socket.getsockname()[1])


# ---- SMTP

PROGRAMS = {
    "swaks": (4, lambda message, at, ca: mailers.swaks(SMTP, message, USER, host=at)),
    "swaks, STARTTLS": (4, lambda message, at, ca: mailers.swaks(SMTP, message, USER, host=at, tls="starttls", ca=ca)),
    "curl": (6, lambda message, at, ca: mailers.curl(SMTP, message, USER, address=at)),
    "curl, STARTTLS": (6, lambda message, at, ca: mailers.curl(SMTP, message, USER, address=at, tls="starttls", ca=ca)),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind", ["clean", "infected"])
def test_mail_goes_to_where_its_client_meant_it_and_is_looked_at(site, program, kind):
    family, send = PROGRAMS[program]
    at, own = addresses(site, family)
    subject = "%s %s" % (kind, program)
    message = samples.clean(subject) if kind == "clean" else samples.eicar(to=USER)
    with site.network.clients.entered():
        told = send(message, at, site.ca)
    if kind == "infected":
        assert told.startswith("550 5.7.1 Eicar-Lab-Test"), told
        return
    assert told.startswith("250"), told
    arrived = site.server.postfix.wait_for_message(USER, ("Subject: %s\n" % subject).encode())
    assert arrived and b"\nX-Client: %s\n" % own.encode() in arrived
    shown = ("[IPv6:%s]" if family == 6 else "[%s]") % own
    by = [re.search(r"\sby (\S+)", field)[1] for field in email.message_from_bytes(arrived).get_all("Received") if shown in field]
    assert by == ["behind.example.com", "mx.example.com"], arrived


def test_the_mail_server_sees_the_clients_own_address_and_port(site, family):
    at, _ = addresses(site, family)
    with site.network.clients.entered(), smtp_client.Session(SMTP, host=at) as session:
        session.ehlo()
        session.starttls(smtp_client.client_context(site.ca), "mx.example.com")
        session.ehlo()
        session.envelope(USER)
        assert session.data(samples.clean("own port")).code == 250
        assert wait_until(lambda: client_of(site, family, session) in site.server.smtp_clients())


def test_a_session_has_one_connection_for_all_its_messages(site, family):
    at, _ = addresses(site, family)
    with site.network.clients.entered(), smtp_client.Session(SMTP, host=at) as session, smtp_client.Session(SMTP, host=at) as other:
        for client in (session, other):
            client.ehlo()
            client.envelope(USER)
        assert session.data(samples.clean("first")).code == 250
        session.envelope("second@example.com")
        session.expect("RSET", 250)
        session.envelope("third@example.com")
        assert session.data(samples.clean("second", to="third@example.com")).code == 250
        assert other.data(samples.clean("of another client of that address")).code == 250
        both = {client_of(site, family, client) for client in (session, other)}
    assert site.server.postfix.wait_for_message("third@example.com", b"Subject: second\n")
    assert wait_until(lambda: both <= set(site.server.smtp_clients())) and len(both) == 2
    assert max(site.server.smtp_clients().count(client) for client in both) == 1


# ---- POP3 and IMAP

@pytest.fixture
def mailbox(site):
    """Two messages, whose second must not be read."""
    user = "user%d@example.com" % next(NUMBERS)
    site.server.dovecot.fill(user, [samples.clean("to be read", to=user), samples.eicar(to=user)])
    return user


def decoded(octets):
    return b"".join(part.get_payload(decode=True) or b"" for part in email.message_from_bytes(octets).walk())


def assert_read(messages):
    assert len(messages) == 2 and b"Subject: to be read" in messages[0]
    assert b"Gatepost has removed this" in decoded(messages[1]) and samples.EICAR not in decoded(messages[1])


@pytest.mark.parametrize("program", ["curl", "fetchmail"])
def test_mail_is_read_over_pop3(site, family, mailbox, own_dir, program):
    at, own = addresses(site, family)
    with site.network.clients.entered():
        assert_read(fetchers.FETCHERS[program](own_dir, POP3, "stls", site.ca, mailbox, address=at))
    assert wait_until(lambda: own in [address for address, _ in site.server.logins("pop3")])


@pytest.mark.parametrize("program", ["curl", "fetchmail", "mbsync"])
def test_mail_is_read_over_imap(site, family, mailbox, own_dir, program):
    at, own = addresses(site, family)
    ca = site.own_certificate if program == "mbsync" else site.ca
    with site.network.clients.entered():
        assert_read(imap_fetchers.FETCHERS[program](own_dir, IMAP, "starttls", ca, mailbox, address=at))
    assert wait_until(lambda: own in [address for address, _ in site.server.logins("imap")])


def test_the_mailbox_server_sees_the_clients_own_address_and_port(site, family, mailbox):
    at, _ = addresses(site, family)
    with site.network.clients.entered():
        with pop3_client.logged_in(POP3, mailbox, host=at) as pop3, imap_client.logged_in(IMAP, mailbox, host=at) as imap:
            assert wait_until(lambda: client_of(site, family, pop3) in site.server.logins("pop3"))
            assert wait_until(lambda: client_of(site, family, imap) in site.server.logins("imap"))


@pytest.mark.parametrize("port, protocol", [(SMTP, "smtp"), (POP3, "pop3"), (IMAP, "imap")])
def test_the_certificate_is_ours(site, family, port, protocol):
    """As openssl sees it."""
    at, _ = addresses(site, family)
    where = "[%s]:%d" % (at, port) if family == 6 else "%s:%d" % (at, port)
    done = site.network.clients.run("openssl", "s_client", "-connect", where, "-starttls", protocol, "-servername", "mx.example.com", "-CAfile", site.ca,
                                    "-verify_return_error", "-verify_hostname", "mx.example.com", input="QUIT\r\n", check=False)
    assert done.returncode == 0 and "Verification: OK" in done.stdout, done.stdout + done.stderr


# ---- what rules and limits see

def test_rules_and_records_see_the_clients_own_address(site, family):
    at, own = addresses(site, family)
    with site.network.clients.entered():
        assert smtp_client.send(SMTP, samples.clean("recorded %d" % family), USER, host=at).code == 250
    assert wait_until(lambda: [r for r in site.decisions() if r.get("client") == own]), site.decisions()[-1:]
