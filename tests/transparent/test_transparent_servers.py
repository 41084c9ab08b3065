# SPDX-License-Identifier: ISC
"""Which server a client comes to: the one that he wanted, or the one that his destination is given to; and mail that leaves."""
import contextlib

import pytest

from lab import samples
from lab.gatepost import domains, running
from lab.namespaces import give, lent
from lab.pop3_client import logged_in
from lab.process import wait_until
from lab.smtp_client import Session, send
from lab.transparent import POP3, SMTP, Server, Transparent

USER = "user@example.com"
FIRST = {4: "192.0.2.2", 6: "2001:db8:2::2"}
SECOND = {4: "192.0.2.3", 6: "2001:db8:2::3"}
THIRD = {4: "192.0.2.4", 6: "2001:db8:2::4"}  # where there is a machine, and no server
ORIGINAL = "backend behind { smtp original  pop3 original  source client  recipient_check off }\n"
OPTIONS = {"smtp": "", "pop3": "backend behind"}


@pytest.fixture(scope="module")
def servers(network, run_dir):
    """Two, at two addresses, with mailboxes of their own; they do not know each other."""
    folder = run_dir / ("two-" + type(network).__name__)
    folder.mkdir(mode=0o755)
    for addresses in (SECOND, THIRD):
        give(network.servers, "eth0", addresses)
    both = [Server(folder / name, network.servers, addresses) for name, addresses in (("first", FIRST), ("second", SECOND))]
    try:
        yield [server.start() for server in both]
    finally:
        for server in both:
            server.stop()


@pytest.fixture
def gateway(network, own_dir):
    """gateway(body, options, ...): between, until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda *words: stack.enter_context(running(Transparent(own_dir, network, *words)))


@pytest.mark.parametrize("family", [4, 6])
def test_each_server_gets_what_was_meant_for_it(network, servers, gateway, family):
    gateway(ORIGINAL + domains("behind", "example.com"), OPTIONS)
    with network.clients.entered():
        for name, server in zip(("one", "two"), servers):
            assert send(SMTP, samples.clean("for %s %d" % (name, family)), USER, host=server.addresses[family]).code == 250
        for name, other, server in zip(("one", "two"), ("two", "one"), servers):
            assert server.postfix.wait_for_message(USER, b"Subject: for %s %d\n" % (name.encode(), family))
            assert not [m for m in server.postfix.messages(USER) if b"Subject: for %s" % other.encode() in m]
            with logged_in(POP3, USER, host=server.addresses[family]) as pop3:
                assert b"Subject: for %s" % name.encode() in pop3.message(1)
    for server in servers:
        assert wait_until(lambda: network.client_address[family] in [address for address, _ in server.logins("pop3")])


@pytest.mark.parametrize("family", [4, 6])
def test_a_destination_leads_to_the_backend_that_it_is_given(network, servers, gateway, family):
    """Its clients know an address where no server is."""
    second = 'backend second { smtp "%s:25"  source client  recipient_check off }\n' % (SECOND[4] if family == 4 else "[%s]" % SECOND[6])
    gateway(ORIGINAL + second + domains("behind", "example.com"),
            {"smtp": 'destination { "%s" } backend second' % THIRD[family], "pop3": OPTIONS["pop3"]})
    seen = len(servers[1].smtp_clients())
    with network.clients.entered(), Session(SMTP, host=THIRD[family]) as session:
        session.ehlo()
        session.envelope(USER)
        assert session.data(samples.clean("given away %d" % family)).code == 250
        assert wait_until(lambda: servers[1].smtp_clients()[seen:]) == [(network.client_address[family], session.socket.getsockname()[1])]
    assert servers[1].postfix.wait_for_message(USER, b"Subject: given away %d\n" % family)


def test_mail_that_leaves_reaches_the_foreign_server_from_its_client_and_is_looked_at(network, servers, gateway):
    """Clients of ours in front of a server that is somebody else's."""
    gateway("backend anywhere { smtp original  source client  recipient_check off }\n"
            'rule "a word" when message.subject contains "secret" then reject 550 5.7.1 "not outside"\n'
            'rule "marked" when direction == outbound then header add "X-Left" "{client.ip}"\n',
            {"smtp": 'outbound from { "%s"  "%s" }  relay anywhere' % tuple(network.client_address.values())})
    with network.clients.entered():
        for family, own in network.client_address.items():
            at = servers[0].addresses[family]
            assert send(SMTP, samples.clean("leaves %d" % family), USER, host=at).code == 250
            assert send(SMTP, samples.clean("leaves secret %d" % family), USER, host=at).code == 550
            arrived = servers[0].postfix.wait_for_message(USER, b"Subject: leaves %d\n" % family)
            assert b"\nX-Left: %s\n" % own.encode() in arrived
            assert wait_until(lambda: servers[0].smtp_clients()[-1][0] == own)
    assert not [m for m in servers[0].postfix.messages(USER) if b"leaves secret" in m]


def test_a_rule_that_names_a_client_holds_for_him_alone(network, servers, gateway):
    other = {4: network.client_address[4][:-1] + "9", 6: network.client_address[6][:-1] + "9"}
    with lent(network.clients, "eth0", other):
        gateway(ORIGINAL + domains("behind", "example.com")
                + 'rule "blocked" when client.ip in blocked then reject 550 5.7.1 "not from {client.ip}"\ntable blocked { "%s" "%s" }\n' % tuple(other.values()), OPTIONS)
        for family in (4, 6):
            at, own = FIRST[family], network.client_address[family]
            with network.clients.entered():
                assert send(SMTP, samples.clean("may"), USER, host=at, source=own).code == 250
                refused = send(SMTP, samples.clean("may not"), USER, host=at, source=other[family])
            assert refused.code == 550 and "not from " + other[family] in refused.text


def test_limits_count_by_clients_own_addresses(network, servers, gateway):
    more = {4: network.client_address[4][:-1] + "8", 6: network.client_address[6][:-1] + "8"}
    with lent(network.clients, "eth0", more):
        gateway(ORIGINAL + domains("behind", "example.com"), OPTIONS, {"limits": {"sessions_per_client": 2}, "process": {"proxies": 1}})
        with network.clients.entered():
            first = [Session(SMTP, host=FIRST[4], source=network.client_address[4]) for _ in range(2)]
            with Session(SMTP, host=FIRST[4], source=network.client_address[4], greeting=False) as third:
                assert third.reply().code == 421
            with Session(SMTP, host=FIRST[4], source=more[4]) as other:
                assert other.greeting.code == 220
        assert [session.greeting.code for session in first] == [220, 220]
        for session in first:
            session.close()


def test_a_client_who_comes_again_from_the_same_port_is_served(network, servers, gateway):
    """The gateway's kernel still remembers both connections that were there before."""
    gateway(ORIGINAL + domains("behind", "example.com"), OPTIONS)
    for family, own in network.client_address.items():
        port, before = 0, len(servers[0].smtp_clients())
        for _ in range(3):
            with network.clients.entered(), Session(SMTP, host=FIRST[family], source=own, source_port=port) as session:
                port = session.socket.getsockname()[1]
                session.ehlo()
                session.envelope(USER)
                assert session.data(samples.clean("again")).code == 250
                session.expect("QUIT", 221)
                assert session.rest() == b""
        assert wait_until(lambda: [address for address, _ in servers[0].smtp_clients()[before:]] == [own] * 3)


def test_a_session_outlives_a_reload_and_later_ones_are_led_as_it_says(network, servers, gateway):
    second = 'backend second { smtp "%s:25"  source client  recipient_check off }\n' % SECOND[4]
    it = gateway(ORIGINAL + domains("behind", "example.com"), OPTIONS)
    with network.clients.entered(), Session(SMTP, host=FIRST[4]) as session:
        session.ehlo()
        session.envelope(USER)
        it.options = {"smtp": 'destination { "%s" } backend second' % FIRST[4], "pop3": "backend behind"}
        it.configure(ORIGINAL + second + domains("behind", "example.com"))
        served = it.log().count(" serving generation=")
        it.reload()
        assert wait_until(lambda: it.log().count(" serving generation=") > served), it.log()[-3000:]
        assert session.data(samples.clean("before the reload")).code == 250
        assert wait_until(lambda: send(SMTP, samples.clean("behind the reload"), USER, host=FIRST[4]).code == 250
                          and servers[1].postfix.wait_for_message(USER, b"Subject: behind the reload\n", 1))
    assert servers[0].postfix.wait_for_message(USER, b"Subject: before the reload\n")


HELD = 'rule "held" when message.subject contains "held" then quarantine "spam"\n'


def release(it):
    waiting = wait_until(it.held, 20)
    it.control("quarantine", "release", str(waiting[0]["number"]))
    return waiting[0]


def test_what_was_held_leaves_to_the_server_that_its_client_wanted(network, servers, gateway):
    """Its client has gone: it comes from the gateway's own address."""
    it = gateway(ORIGINAL + domains("behind", "example.com") + HELD, OPTIONS)
    for name, server in zip(("one", "two"), servers):
        subject = "held for %s" % name
        seen = len(server.smtp_clients())
        with network.clients.entered():
            assert send(SMTP, samples.clean(subject), USER, host=server.addresses[4]).code == 250
        release(it)
        assert server.postfix.wait_for_message(USER, b"Subject: %s\n" % subject.encode())
        assert [address for address, _ in server.smtp_clients()[seen:]] != [network.client_address[4]]
        assert wait_until(lambda: not it.held())
    assert not [m for m in servers[0].postfix.messages(USER) if b"held for two" in m]


def test_what_was_held_on_its_way_out_leaves_to_the_foreign_server(network, servers, gateway):
    it = gateway("backend anywhere { smtp original  source client  recipient_check off }\n" + HELD,
                 {"smtp": 'outbound from { "%s"  "%s" }  relay anywhere' % tuple(network.client_address.values())})
    with network.clients.entered():
        assert send(SMTP, samples.clean("held going out"), USER, host=servers[1].addresses[6]).code == 250
    release(it)
    assert servers[1].postfix.wait_for_message(USER, b"Subject: held going out\n")


def test_what_was_held_leaves_to_the_backend_that_its_destination_is_given_to(network, servers, gateway):
    second = 'backend second { smtp "%s:25"  source client  recipient_check off }\n' % SECOND[4]
    it = gateway(ORIGINAL + second + domains("behind", "example.com") + HELD,
                 {"smtp": 'destination { "%s" } backend second' % THIRD[4], "pop3": OPTIONS["pop3"]})
    with network.clients.entered():
        assert send(SMTP, samples.clean("held and given away"), USER, host=THIRD[4]).code == 250
    release(it)
    assert servers[1].postfix.wait_for_message(USER, b"Subject: held and given away\n")
