# SPDX-License-Identifier: ISC
"""Servers behind are told whose each connection is (`client_by`): Postfix and Dovecot as they are name the client's own address in what they
log and write into messages, by XCLIENT and by PROXY headers, and HAProxy passes that on."""
import base64
import re
import shutil
from contextlib import contextmanager

import pytest

from lab import imap_client, needs, pop3_client, samples, users
from lab.dovecot import Dovecot, knows_logins
from lab.gatepost import backend, certificate, domains
from lab.ports import free_port
from lab.postfix import Postfix, logs_in
from lab.probed import NOT_REACHED, Probe, server_line
from lab.process import Process, wait_until
from lab.smtp_client import Session, client_context

pytestmark = needs.root

ONE, OTHER = "127.0.8.1", "127.0.8.2"
XCLIENT = "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
PROXY = "smtpd_upstream_proxy_protocol = haproxy\n"
NOT_TOLD = "backend server is not told whose connections are"
HELD = 'rule "held" when message.subject contains "held" then quarantine "spam"\n'


@contextmanager
def postfix(folder, authority, options, tls=True):
    server = Postfix(folder, authority.certificate("behind.example.com") if tls else None, options=options)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def servers(run_dir, authority):
    """A Postfix by what it is told of clients by."""
    made = {}
    folder = run_dir / "told"
    folder.mkdir()
    with postfix(_folder(folder, "xclient"), authority, XCLIENT) as made["xclient"], \
            postfix(_folder(folder, "proxy"), authority, PROXY) as made["proxy_protocol"], \
            postfix(_folder(folder, "plain"), authority, "") as made["plain"]:
        yield made


def _folder(parent, name):
    folder = parent / name
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture
def front(start, authority):
    """A Gatepost in front of one server, by `how`."""
    def go(server, how, options="recipient_check on  probe off", rules="", **more):
        it = start(certificate(authority.certificate("mx.example.com")) + backend("behind", "%d %s" % (server.port, how), options=options)
                   + domains("behind", "example.com") + rules, changes={"process": {"proxies": 1}}, **more)
        it.server = server
        return it
    return go


def delivered(gateway, name, source, helo="client.example", port=None):
    """A message of that client's as the server has it."""
    with Session(port or gateway.port, source=source) as session:
        session.ehlo(helo)
        session.envelope("user@example.com")
        reply = session.data(b"Subject: %s\r\n\r\nhello %s.\r\n" % (name.encode(), name.encode()))
        assert reply.code == 250, reply
    message = gateway.server.wait_for_message("user@example.com", b"hello %s." % name.encode())
    assert message
    return message.decode("utf-8", "surrogateescape").replace("\n\t", " ")


def received_from(message):
    """(HELO, address) of whom the server behind has it."""
    return re.search(r"Received: from (.*?) \([^()]*\[([^\]]*)\]\)", message).groups()


TLS = ["tls none", 'tls required', "tls opportunistic"]


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("how", ["xclient", "proxy_protocol"])
def test_each_message_names_its_own_client(front, servers, how, tls):
    it = front(servers[how], "%s client_by %s" % (tls, how))
    for n, source in enumerate((ONE, OTHER, ONE)):
        message = delivered(it, "each-%s-%s-%d" % (how, tls.split()[1], n), source, helo="host%d.example" % n)
        helo, address = received_from(message)
        assert address == source
        assert helo == ("host%d.example" % n if how == "xclient" else "mx.example.com")
    assert wait_until(lambda: "client=unknown[%s]" % OTHER in servers[how].log())


def test_a_session_has_one_connection_and_tells_its_client_once(front, servers):
    server = servers["xclient"]
    it = front(server, "tls none client_by xclient")
    for n, source in enumerate((ONE, OTHER)):
        before = len(server.log())
        assert received_from(delivered(it, "once-%d" % n, source))[1] == source
        assert wait_until(lambda: "disconnect from unknown[%s]" % source in server.log()[before:])
        assert re.findall(r"disconnect from unknown\[(\S+)\] ehlo=2 xclient=0/1 mail=2 ", server.log()[before:]) == [source]


@pytest.mark.parametrize("helo", ["a+b=c", "x" * 250, "[IPv6:2001:db8::1]", "+2B=+"])
def test_odd_octets_of_helo_are_what_they_are(front, servers, helo):
    it = front(servers["xclient"], "tls none client_by xclient")
    assert received_from(delivered(it, "odd-%d" % hash(helo), ONE, helo=helo)) == (helo, ONE)


def test_the_servers_own_rules_for_clients_are_theirs(front, run_dir, authority):
    rules = "smtpd_client_restrictions = check_client_access inline:{%s=REJECT}\n" % OTHER
    with postfix(_folder(run_dir, "rules"), authority, XCLIENT + rules) as server:
        it = front(server, "tls none client_by xclient")
        delivered(it, "rules", ONE)
        with Session(it.port, source=OTHER) as session:
            session.ehlo()
            session.expect("MAIL FROM:<a@client.example>", 250)
            reply = session.command("RCPT TO:<user@example.com>")
            assert reply.code == 554 and "Client host rejected" in reply.text
        delivered(it, "rules-again", ONE)


def test_a_server_that_does_not_take_it_has_its_mail_and_that_is_logged_once(front, servers):
    it = front(servers["plain"], "tls none client_by xclient")
    for n in range(3):
        assert received_from(delivered(it, "without-%d" % n, ONE))[1] == "127.0.0.1"
    assert it.log().count(NOT_TOLD) == 1 and "it does not offer XCLIENT" in it.log()


def test_a_server_that_refuses_it_has_its_mail_and_that_is_logged_once(front, new_backend):
    server = new_backend({"XCLIENT": "550 5.7.0 Error: insufficient authorization"}, extensions=("PIPELINING", "XCLIENT ADDR"))
    it = front(server, "tls none client_by xclient")
    for source in (ONE, OTHER):
        with Session(it.port, source=source) as session:
            session.ehlo()
            session.envelope("user@example.com")
            assert session.data(b"Subject: x\r\n\r\nhello\r\n").code == 250
    assert len(server.messages) == 2
    assert it.log().count(NOT_TOLD) == 1 and "it answers XCLIENT with 550 5.7.0" in it.log()


@pytest.mark.parametrize("how", ["xclient", "proxy_protocol"])
def test_what_is_released_is_the_gateways_own(front, servers, how):
    it = front(servers[how], "tls none client_by " + how, rules=HELD)
    name = "held-" + how
    delivered(it, "before-" + how, ONE)
    with Session(it.port, source=ONE) as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(b"Subject: held\r\n\r\nhello %s.\r\n" % name.encode()).code == 250
    assert wait_until(lambda: it.held())
    assert it.control("quarantine", "release", str(it.held()[0]["number"])) is not None
    message = servers[how].wait_for_message("user@example.com", b"hello %s." % name.encode())
    assert received_from(message.decode().replace("\n\t", " ")) == ("mx.example.com", "127.0.0.1")


# -- who logs in, and who reads

KNOWS = """
haproxy_trusted_networks = 127.0.0.0/8
login_trusted_networks = 127.0.0.0/8
postmaster_address = postmaster@example.com
protocols = imap pop3 lmtp
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %(lmtp)d
  }
}
service imap-login {
  inet_listener imap_told {
    port = %(imap)d
    haproxy = yes
  }
  inet_listener imaps_told {
    port = %(imaps)d
    haproxy = yes
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3_told {
    port = %(pop3)d
    haproxy = yes
  }
}
"""


@pytest.fixture(scope="module")
def mailboxes(run_dir, authority):
    folder = _folder(run_dir, "told-mailboxes")
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "lmtp", "auth")}
    server = Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com"), KNOWS % ports + knows_logins(ports["auth"]))
    server.ports = ports
    server.fill("user@example.com", [samples.clean("clean")])
    try:
        yield server.start()
    finally:
        server.stop()


def text_of(path):
    with open(path, errors="replace") as file:
        return file.read()


def reading(start, authority, protocol, port, tls):
    listener = free_port()
    body = certificate(authority.certificate("mx.example.com")) + backend("own", **{protocol: ["%d %s client_by proxy_protocol" % (port, tls)]})
    start(body + 'listen %s "users" on "127.0.0.1:%d" { starttls  backend own }\n' % (protocol.rstrip("s"), listener))
    return listener


@pytest.mark.parametrize("encrypted", [False, True], ids=["", "client by TLS"])
@pytest.mark.parametrize("protocol, tls", [("imap", "tls none"), ("imap", "tls required"), ("imaps", "tls required"), ("pop3", "tls none"), ("pop3", "tls required")])
def test_a_mailbox_server_logs_the_clients_address(start, authority, mailboxes, protocol, tls, encrypted):
    source = "127.0.8.%d" % (10 + TLS.index(tls) + 5 * len(protocol) + 100 * encrypted)
    port = reading(start, authority, protocol, mailboxes.ports[protocol], tls)
    kind = pop3_client if protocol == "pop3" else imap_client
    with kind.Session(port, source=source) as session:
        if encrypted:
            (session.stls if protocol == "pop3" else session.starttls)(client_context())
        session.login()
    assert wait_until(lambda: re.search(r"Login: user=<user@example.com>.*rip=%s,.*lip=127.0.0.1" % re.escape(source), text_of(mailboxes.log)))


def test_lmtp_has_the_clients_address_by_xclient(start, mailboxes):
    it = start(backend("behind", lmtp=["%d tls none client_by xclient" % mailboxes.ports["lmtp"]], options="recipient_check on  probe off")
               + domains("behind", "example.com"))
    for n, source in enumerate((ONE, OTHER)):
        with Session(it.port, source=source) as session:
            session.ehlo("host%d.example" % n)
            session.envelope("second@example.com")
            assert session.data(b"Subject: lmtp\r\n\r\nhello lmtp-%d.\r\n" % n).code == 250
    messages = b"".join(mailboxes.fetch("second@example.com")).decode()
    for n, source in enumerate((ONE, OTHER)):
        assert re.search(r"Received: from host%d\.example \(\[%s\]\)" % (n, re.escape(source)), messages), messages


@pytest.mark.parametrize("how", ["xclient", "proxy_protocol"])
def test_who_logs_in_to_send_is_who_he_is(start, run_dir, authority, mailboxes, how):
    options = logs_in(mailboxes.ports["auth"]) + (XCLIENT if how == "xclient" else PROXY)
    with postfix(_folder(run_dir, "sends-" + how), authority, options) as server:
        out = free_port()
        start(certificate(authority.certificate("mx.example.com")) + 'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % out
              + backend("behind", submission=["%d tls required client_by %s" % (server.port, how)]))
        with Session(out, source=ONE) as session:
            session.ehlo()
            session.starttls()
            session.ehlo()
            plain = base64.b64encode(b"\0user@example.com\0" + users.PASSWORD.encode()).decode()
            session.expect("AUTH PLAIN " + plain, 235)
            session.envelope("second@example.com", sender="user@example.com")
            assert session.data(b"Subject: x\r\n\r\nhello sent.\r\n").code == 250
        assert server.wait_for_message("second@example.com", b"hello sent.")
        assert "client=unknown[%s], sasl_method=PLAIN, sasl_username=user@example.com" % ONE in server.log()


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_probe_says_whose_it_is_too(tmp_path, authority, mailboxes, protocol):
    probe = Probe(tmp_path, authority, protocol)
    status, (told,) = probe(server_line(protocol, mailboxes.ports[protocol], "tls none client_by proxy_protocol"), "--user", "user@example.com")
    assert status != NOT_REACHED and told["greeting"], told


# -- HAProxy on both sides

HAPROXY = """
global
    log stdout format raw local0
defaults
    mode tcp
    log global
    option tcplog
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen front
    bind 127.0.0.1:%(front)d
    source 127.0.9.1
    server gateway 127.0.0.1:%(gateway)d send-proxy-v2
listen behind
    bind 127.0.0.1:%(behind)d accept-proxy
    server postfix 127.0.0.1:%(postfix)d send-proxy-v2
"""


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not here")
def test_between_two_haproxys_the_client_is_who_he_is(front, servers, own_dir):
    server = servers["proxy_protocol"]
    ports = {"front": free_port(), "behind": free_port()}
    behind = type("Behind", (), {"port": ports["behind"], "wait_for_message": server.wait_for_message})
    it = front(behind, "tls none client_by proxy_protocol", listen='proxy_protocol from { "127.0.9.1" }')
    (own_dir / "haproxy.cfg").write_text(HAPROXY % dict(ports, gateway=it.port, postfix=server.port))
    balancer = Process("haproxy", ["haproxy", "-db", "-f", own_dir / "haproxy.cfg"], own_dir)
    balancer.start().wait_port(ports["front"], ports["behind"])
    try:
        source = "127.0.8.77"
        assert received_from(delivered(it, "haproxy", source, port=ports["front"]))[1] == source
        assert wait_until(lambda: re.search(r"(?m)^%s:\d+ .* behind behind/postfix" % re.escape(source), balancer.output()))
    finally:
        balancer.stop()
