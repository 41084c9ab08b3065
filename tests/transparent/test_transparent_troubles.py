# SPDX-License-Identifier: ISC
"""Servers that are not there, ways that lead elsewhere, processes that are killed: a client hears it in time, and nothing is lost or left."""
import contextlib
import json
import socket

import pytest

from lab import imap_client, pop3_client, samples, smtp_client
from lab.gatepost import domains, running
from lab.load import MARK, Load
from lab.namespaces import Network, cable, give
from lab.process import asleep, descriptors, kill, wait_until
from lab.transparent import IMAP, POP3, SMTP, Server, Transparent

USER = "user@example.com"
BODY = "backend behind { smtp original  pop3 original  imap original  source client  recipient_check off }\n" + domains("behind", "example.com")
OPTIONS = {"smtp": "", "pop3": "backend behind", "imap": "backend behind"}
SHORT = {"timeouts": {"connect": "1s", "backend": "1s"}, "process": {"proxies": 2}}


def place(number):
    return {4: "192.0.2.%d" % number, 6: "2001:db8:2::%d" % number}


# Nobody listens; no such machine; nobody says anything; what it answers goes past the gateway.
TROUBLES = {"down": place(2), "away": place(5), "silent": place(6), "elsewhere": place(7)}


def listen_silently(namespace, addresses):
    """Whoever connects hears nothing."""
    with namespace.entered():
        for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            for port in (SMTP, POP3, IMAP):
                yield socket.create_server((addresses[family], port), family=kind)


def lead_past_the_gateway(network, addresses):
    """What comes from there to clients takes a cable of its own."""
    cable(network.servers, "past", network.clients, "past")
    for family, address in addresses.items():
        own = network.client_address[family]
        network.servers.ip("-%d" % family, "rule", "add", "from", address, "lookup", 7)
        network.servers.ip("-%d" % family, "route", "add", own, "dev", "past", "table", 7)
    network.clients.nft(SEEN)
    hardware = network.clients.ip("-o", "link", "show", "past").split("link/ether ")[1].split()[0]
    for own in network.client_address.values():
        network.servers.ip("neighbour", "add", own, "lladdr", hardware, "dev", "past", "nud", "permanent")


SEEN = """
table inet seen {
  counter past { }
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname "past" meta l4proto tcp counter name past
  }
}
"""


def came_past(network):
    """How many packets servers sent to clients past the gateway."""
    listed = json.loads(network.clients.run("nft", "-j", "list", "counter", "inet", "seen", "past").stdout)
    return next(row["counter"]["packets"] for row in listed["nftables"] if "counter" in row)


@pytest.fixture(scope="module")
def site(networks, run_dir):
    folder = run_dir / "transparent-troubles"
    folder.mkdir(mode=0o755)
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(contextlib.closing(Network()))
        for trouble in ("silent", "elsewhere"):
            give(network.servers, "eth0", TROUBLES[trouble])
            for listener in listen_silently(network.servers, TROUBLES[trouble]):
                stack.callback(listener.close)
        lead_past_the_gateway(network, TROUBLES["elsewhere"])
        yield stack.enter_context(running(Transparent(folder, network, BODY, OPTIONS, SHORT)))


def told_over_smtp(at):
    """What the first refusal is."""
    return smtp_client.send(SMTP, samples.clean(), USER, host=at).code // 100 == 4


def told_over_pop3(at):
    with pop3_client.Session(POP3, host=at) as session:
        session.command("USER " + USER)
        return session.command("PASS secret").startswith(b"-ERR")


def told_over_imap(at):
    with imap_client.Session(IMAP, host=at) as session:
        session.expect("LOGIN %s secret" % USER, status="NO")
        return True


def held(gateway):
    """Descriptors of each process that has to do with clients."""
    return {pid: descriptors(pid) for name in ("gatepost-proxy", "gatepost-source") for pid in gateway.pids(name)}


@pytest.mark.parametrize("ask", [told_over_smtp, told_over_pop3, told_over_imap], ids=["SMTP", "POP3", "IMAP"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_client_hears_in_time_that_his_server_cannot_be_reached(site, trouble, family, ask):
    before, past = held(site), came_past(site.network)
    with site.network.clients.entered():
        assert ask(TROUBLES[trouble][family])
    assert wait_until(lambda: held(site) == before), "left open: %s, before %s" % (held(site), before)
    assert (came_past(site.network) > past) == (trouble == "elsewhere")


@pytest.mark.parametrize("ask", [told_over_smtp, told_over_pop3, told_over_imap], ids=["SMTP", "POP3", "IMAP"])
def test_a_client_hears_in_time_that_nobody_gives_his_address(site, ask):
    before = held(site)
    with asleep(site.pids("gatepost-source")), site.network.clients.entered():
        assert ask(TROUBLES["silent"][4])
    assert wait_until(lambda: held(site) == before), "left open: %s, before %s" % (held(site), before)


@pytest.mark.parametrize("ask", [told_over_smtp, told_over_pop3, told_over_imap], ids=["SMTP", "POP3", "IMAP"])
@pytest.mark.parametrize("family", [4, 6])
def test_who_wants_the_gateway_itself_is_not_led_in_a_circle(site, family, ask):
    before = held(site)
    with site.network.clients.entered():
        for address in (site.network.near[family], site.network.gateway_address[family]):
            assert ask(address)
    assert wait_until(lambda: held(site) == before), "left open: %s, before %s" % (held(site), before)
    assert not [line for line in site.log().splitlines() if " connect client=%s " % site.network.gateway_address[family] in line]


# ---- killed

@pytest.fixture
def busy(networks, own_dir):
    """A gateway in front of a real server."""
    with contextlib.closing(Network()) as network:
        server = Server(own_dir / "server", network.servers, network.server_address)
        gateway = Transparent(own_dir, network, BODY, OPTIONS, {"process": {"proxies": 2}})
        gateway.caused = ["SIGKILL"]
        gateway.server = server.start()
        with running(gateway, [server]):
            yield gateway


def marks(server):
    return {MARK.search(message)[1].decode() for message in server.postfix.messages(USER)}


@pytest.mark.parametrize("program", ["gatepost-proxy", "gatepost-source"])
def test_what_was_accepted_is_there_though_processes_are_killed(busy, program):
    before = len(busy.server.smtp_clients())
    with busy.network.clients.entered(), Load(SMTP, senders=4, messages=200, host=busy.network.server_address[4]) as load:
        for goal in (20, 60, 100):
            assert wait_until(lambda: len(load.told) >= goal, 60), (load.refusals[-3:], load.broken)
            serving = wait_until(lambda: busy.pids(program), 20)
            assert serving and kill(serving[0])
            assert wait_until(lambda: busy.log().count("SIGKILL") >= (20, 60, 100).index(goal) + 1), busy.log()[-2000:]
        load.join(60)
    assert len(load.told) >= 200 and not load.final
    assert all(reply.code // 100 == 4 for reply in load.refusals), load.refusals
    assert wait_until(lambda: load.told <= marks(busy.server), 30), load.told - marks(busy.server)
    assert {address for address, _ in busy.server.smtp_clients()[before:]} == {busy.network.client_address[4]}


def test_a_session_goes_on_when_the_one_who_gave_its_address_is_killed(busy):
    at = busy.network.server_address[4]
    with busy.network.clients.entered(), smtp_client.Session(SMTP, host=at) as session:
        session.ehlo()
        session.envelope(USER)
        first, = busy.pids("gatepost-source")
        assert kill(first)
        assert session.data(samples.clean("goes on")).code == 250
        assert wait_until(lambda: set(busy.pids("gatepost-source")) - {first} and busy.log().count("gatepost-source ready") == 2)
        assert smtp_client.send(SMTP, samples.clean("later"), USER, host=at).code == 250
    assert busy.server.postfix.wait_for_message(USER, b"Subject: goes on")


def test_a_client_who_leaves_takes_his_connection_with_him(busy):
    """Whatever he was in the middle of."""
    before = held(busy)
    for lines in ((), ("EHLO a.example",), ("EHLO a.example", "MAIL FROM:<a@client.example>", "RCPT TO:<%s>" % USER), ("EHLO a.example", "NOOP")):
        for _ in range(5):
            with busy.network.clients.entered(), smtp_client.Session(SMTP, host=busy.network.server_address[6]) as session:
                for line in lines:
                    session.expect(line, 250)
    assert wait_until(lambda: held(busy) == before), "left open: %s, before %s" % (held(busy), before)


@pytest.mark.parametrize("connect, port, protocol", [(pop3_client.logged_in, POP3, "pop3"), (imap_client.logged_in, IMAP, "imap")], ids=["POP3", "IMAP"])
def test_a_mailbox_session_ends_with_its_proxy_and_later_ones_work(busy, connect, port, protocol):
    at = busy.network.server_address[6]
    first = busy.pids("gatepost-proxy")
    with busy.network.clients.entered(), connect(port, USER, host=at) as session:
        for pid in first:
            assert kill(pid)
        session.rest()
        assert wait_until(lambda: len(set(busy.pids("gatepost-proxy")) - set(first)) == 2)
        with connect(port, USER, host=at) as later:
            own = (busy.network.client_address[6], later.socket.getsockname()[1])
            assert wait_until(lambda: own in busy.server.logins(protocol))
    assert wait_until(lambda: not busy.network.servers.run("ss", "-Htn", "state", "established", "sport = :%d" % port).stdout)
