# SPDX-License-Identifier: ISC
"""Load balancers in front say whose each connection is (PROXY protocol): HAProxy as it is, and others as they should not be."""
import json
import shutil
import socket
import struct
import time

import pytest

from lab.gatepost import backend, certificate, domains
from lab.ports import free_port
from lab.process import Process, wait_until
from lab.smtp_client import Session, client_context

BALANCER, OTHER = "127.0.9.1", "127.0.9.2"
LISTEN = 'proxy_protocol from { "%s" }' % BALANCER
CLIENT = "198.51.100.7"
RULES = 'rule "that one" when client.ip == "%s" then reject 550 5.7.1 "not from there"\n' % CLIENT
RULES += 'rule "encrypted" when tls.active and tls.version == "TLSv1.3" and tls.sni == "mail.example.com" then header add "X-Encrypted" "{tls.cipher}"\n'
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"


@pytest.fixture
def gateway(start, new_backend, authority):
    def go(listen=LISTEN, rules=RULES, **how):
        behind = new_backend()
        it = start(certificate(authority.certificate("mx.example.com")) + backend("behind", behind.port, options="recipient_check off  probe off")
                   + domains("behind", "example.com") + rules, listen=listen, **how)
        it.behind = behind
        return it
    return go


def version_2(client=CLIENT, port=4321, command=0x21, told=b""):
    body = socket.inet_aton(client) + socket.inet_aton("192.0.2.25") + struct.pack(">HH", port, 25) + told
    return SIGNATURE + struct.pack(">BBH", command, 0x11, len(body)) + body


def told(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def connected(port, header, source=BALANCER):
    """A session whose first octets these are, greeted."""
    session = Session(port, greeting=False, source=source)
    session.send(header)
    session.greeting = session.reply()
    return session


def recipient_reply(session):
    session.ehlo()
    session.expect("MAIL FROM:<a@client.example>", 250)
    return session.command("RCPT TO:<user@example.com>")


def ends(port, octets):
    """Whether a balancer that begins so hears nothing but the end."""
    with Session(port, greeting=False, source=BALANCER) as session:
        session.send(octets)
        return session.rest() == b""


def count(gateway, name):
    return json.loads(gateway.control("status", "--json"))["gateway"]["counters"][name]


@pytest.mark.parametrize("header", [b"PROXY TCP4 %s 192.0.2.25 4321 25\r\n" % CLIENT.encode(), version_2()], ids=["version 1", "version 2"])
def test_the_address_that_a_balancer_names_is_the_clients(gateway, header):
    it = gateway()
    with connected(it.port, header) as session:
        assert "not from there" in recipient_reply(session).text
    assert wait_until(lambda: any(record["client"] == CLIENT for record in it.decisions()))


def test_another_client_of_the_same_balancer_is_judged_for_himself(gateway):
    it = gateway()
    with connected(it.port, version_2(client="198.51.100.8")) as session:
        assert recipient_reply(session).code == 250


@pytest.mark.parametrize("size", [1, 5, 16])
def test_a_header_may_come_in_pieces_and_with_what_the_client_says(gateway, size):
    it = gateway()
    octets = version_2(told=told(4, b"x" * 50))
    with Session(it.port, greeting=False, source=BALANCER) as session:
        for at in range(0, len(octets), size):
            session.send(octets[at:at + size])
        session.reply()
        assert "not from there" in recipient_reply(session).text


@pytest.mark.parametrize("octets", [b"EHLO client.example\r\n", b"PROXY TCP4 x y 1 2\r\n", SIGNATURE + b"\x21\x11\0\1x", b"GET / HTTP/1.1\r\n\r\n",
                                    b"PROXY " + b"x" * 200, version_2(told=told(3, b"abcd"))],
                         ids=["SMTP", "not an address", "too short", "HTTP", "no end", "a wrong sum"])
def test_a_balancer_that_names_nobody_is_hung_up_on_and_counted(gateway, octets):
    it = gateway()
    assert ends(it.port, octets)
    assert wait_until(lambda: "no PROXY header, connection closed" in it.log())
    assert count(it, "not_introduced") == 1


def test_a_balancer_that_is_silent_is_hung_up_on(gateway):
    it = gateway(changes={"timeouts": {"handshake": "1s"}})
    assert ends(it.port, version_2()[:20])
    assert wait_until(lambda: "it does not come in time" in it.log())


def test_a_header_in_small_pieces_gets_no_more_time(gateway):
    it = gateway(changes={"timeouts": {"handshake": "1s"}})
    header = b"PROXY UNKNOWN\r\n"
    with Session(it.port, greeting=False, source=BALANCER) as session:
        for at in range(0, len(header), 2):
            try:
                session.send(header[at:at + 2])
            except OSError:
                break
            time.sleep(0.25)
        assert session.rest() == b""
    assert wait_until(lambda: "it does not come in time" in it.log())


@pytest.mark.parametrize("octets", [version_2(client="198.51.100.8"), b"PROXY TCP4 198.51.100.8 192.0.2.25 4321 25\r\n"], ids=["version 2", "version 1"])
def test_nobody_else_says_who_he_is(gateway, octets):
    it = gateway(rules='rule "all" when client.ip == "198.51.100.8" then reject 550 5.7.1 "believed"\n')
    with Session(it.port, source=OTHER) as session:
        session.send(octets + b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<user@example.com>\r\nQUIT\r\n")
        assert b"believed" not in session.rest()
    assert "198.51.100.8" not in str(it.decisions())


def test_a_balancer_that_looks_whether_we_live_is_answered_and_not_counted(gateway):
    it = gateway(changes={"limits": {"sessions_per_client": "1"}})
    before = count(it, "connections")
    with connected(it.port, b"PROXY UNKNOWN\r\n") as one, connected(it.port, version_2(command=0x20)) as other:
        one.ehlo()
        other.ehlo()
        assert "a load balancer sends no mail" in other.command("MAIL FROM:<a@client.example>").text
    assert count(it, "connections") == before


LOGINS = [("pop3", b"USER a\r\n", b"-ERR"), ("pop3", b"AUTH PLAIN\r\n", b"-ERR"), ("imap", b"1 LOGIN a b\r\n", b"1 NO [CONTACTADMIN]"),
          ("imap", b"1 AUTHENTICATE PLAIN\r\n", b"1 NO [CONTACTADMIN]"), ("submission", b"EHLO x.example\r\nAUTH PLAIN\r\n", b"550 5.7.1")]


@pytest.mark.parametrize("protocol, said, reply", LOGINS, ids=[" ".join((row[0], row[1].decode().split()[1])) for row in LOGINS])
def test_a_balancer_that_would_log_in_hears_that_it_is_nobody(gateway, protocol, said, reply):
    port, behind = free_port(), free_port()
    it = gateway(rules='backend own { imap "127.0.0.1:%d"  pop3 "127.0.0.1:%d"  submission "127.0.0.1:%d"  recipient_check off  probe off }\n' % (behind, behind, behind)
                 + 'listen %s "users" on "127.0.0.1:%d" { %s  backend own  %s }\n'
                 % (protocol, port, "allow_cleartext" if protocol == "submission" else "", LISTEN))
    with socket.create_connection(("127.0.0.1", port), source_address=(BALANCER, 0), timeout=20) as balancer:
        balancer.sendall(b"PROXY UNKNOWN\r\n" + said)
        heard = b""
        while b"load balancer" not in heard and b"STARTTLS first" not in heard and (more := balancer.recv(4096)):
            heard += more
    assert reply in heard and b"the PROXY header named no client" in heard


TOLD_TLS = told(2, b"mail.example.com") + told(0x20, b"\1\0\0\0\0" + told(0x21, b"TLSv1.3") + told(0x23, b"TLS_AES_128_GCM_SHA256"))


def test_what_a_balancer_tells_of_tls_is_believed(gateway):
    it = gateway("require_tls  " + LISTEN)
    with connected(it.port, version_2(client="198.51.100.8", told=TOLD_TLS)) as session:
        session.ehlo()
        assert "STARTTLS" not in session.extensions
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250
    assert b"X-Encrypted: TLS_AES_128_GCM_SHA256" in it.behind.messages[0].content
    with connected(it.port, version_2(client="198.51.100.8")) as session:
        session.ehlo()
        assert session.command("MAIL FROM:<a@client.example>").code == 530


def test_tls_of_the_clients_own_begins_behind_the_header(gateway):
    it = gateway()
    with connected(it.port, version_2()) as session:
        session.ehlo()
        session.starttls()
        assert "not from there" in recipient_reply(session).text


def test_limits_are_the_clients_not_the_balancers(gateway):
    it = gateway(changes={"limits": {"sessions_per_client": "1", "unshared": '{ "127.0.0.0/8" }'}})
    with connected(it.port, version_2(client="198.51.100.8")) as one, connected(it.port, version_2(client="198.51.100.9")) as other, \
            connected(it.port, version_2(client="198.51.100.8")) as again:
        assert (one.greeting.code, other.greeting.code, again.greeting.code) == (220, 220, 421)


HAPROXY = """
global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend in
    bind 127.0.0.1:%(port)d
    default_backend gateway
frontend secure
    bind 127.0.0.1:%(secure)d ssl crt %(pem)s
    default_backend gateway
backend gateway
    source %(balancer)s
    server one 127.0.0.1:%(gateway)d %(how)s check inter 100ms
"""


@pytest.fixture
def haproxy(own_dir, authority):
    if not shutil.which("haproxy"):
        pytest.skip("HAProxy is not here")
    made = []

    def go(gateway, how):
        pair = authority.certificate("mail.example.com")
        pem = own_dir / "both.pem"
        pem.write_bytes(b"".join(open(path, "rb").read() for path in (pair.chain, pair.key)))
        it = Process("haproxy", ["haproxy", "-db", "-f", own_dir / "haproxy.cfg"], own_dir)
        it.port, it.secure = free_port(), free_port()
        (own_dir / "haproxy.cfg").write_text(HAPROXY % {"port": it.port, "secure": it.secure, "pem": pem, "balancer": BALANCER,
                                                        "gateway": gateway.port, "how": how})
        made.append(it)
        it.start().wait_port(it.port)
        return it
    yield go
    for it in made:
        it.stop()


@pytest.mark.parametrize("how", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn proxy-v2-options crc32c,authority"])
def test_behind_haproxy_clients_are_who_they_are(gateway, haproxy, how):
    it = gateway(rules='rule "ours" when client.ip == "127.0.9.44" then reject 550 5.7.1 "that is you"\n')
    balancer = haproxy(it, how)
    with Session(balancer.port, source="127.0.9.44") as session:
        assert "that is you" in recipient_reply(session).text
    with Session(balancer.port, source="127.0.9.45") as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250


def test_tls_that_ends_at_haproxy_counts(gateway, haproxy, authority):
    it = gateway("require_tls  " + LISTEN)
    balancer = haproxy(it, "send-proxy-v2-ssl-cn proxy-v2-options crc32c,authority,ssl-cipher")
    with Session(balancer.secure, source="127.0.9.45", tls=client_context(authority.ca), server_name="mail.example.com") as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250
    assert b"X-Encrypted: TLS_" in it.behind.messages[0].content


def test_a_reload_does_not_lose_whom_a_balancer_is_about_to_name(gateway):
    it = gateway()
    before = set(it.pids("gatepost-proxy"))
    with Session(it.port, greeting=False, source=BALANCER) as session:
        session.send(version_2()[:10])
        it.reload()
        assert wait_until(lambda: it.log().count("serving ") == 2), it.log()
        session.send(version_2()[10:])
        assert session.reply().code == 220
        assert "not from there" in recipient_reply(session).text
    assert wait_until(lambda: not before & set(it.pids("gatepost-proxy")))


def test_who_stops_waits_for_nobody_whom_a_balancer_has_not_named(gateway):
    it = gateway()
    with Session(it.port, greeting=False, source=BALANCER) as session:
        session.send(version_2()[:10])
        it.reload()
        assert wait_until(lambda: it.log().count("serving ") == 2), it.log()
        began = time.monotonic()
        assert it.stop() == 0
        assert time.monotonic() - began < 5
