# SPDX-License-Identifier: ISC
"""A client, this gateway, and a server behind: what the rules that gatepostctl prints do to a connection, while Gatepost runs and
while it does not, on a router and on a bridge."""
import contextlib

import pytest

from lab import needs
from lab.backend import Backend
from lab.bare_host import bare_hosts
from lab.gatepost import Gatepost
from lab.smtp_client import Session
from lab.wire import Closed

CLIENT = {4: "10.77.1.2", 6: "2001:db8:1::2"}
SERVER = {"routed": {4: "10.77.2.5", 6: "2001:db8:2::5"}, "bridged": {4: "10.77.1.5", 6: "2001:db8:1::5"}}
MESSAGE = b"Subject: one\r\n\r\ntext\r\n"


class TransparentGatepost(Gatepost):
    """Its only listeners are transparent, so it greets nobody who asks for itself."""

    def configure(self, body, changes=None):
        super().configure(body, changes)
        with open(self.file) as f:
            lines = [line for line in f if not line.startswith("listen smtp on \"127.0.0.1")]
        with open(self.file, "w") as f:
            f.writelines(lines)

    def answers(self):
        return True


class Site:
    """client -- gateway -- server; the gateway routes, or is a bridge."""

    def __init__(self, kind, hosts, folder, anywhere=False):
        self.anywhere = anywhere
        self.kind, (self.client, self.gateway, self.server) = kind, hosts
        self.options = {"routed": [], "bridged": ["--bridge", "br0"]}[kind]
        getattr(self, "_join_" + kind)()
        self.behind = []
        self.asked_from = []
        for address in SERVER[kind].values():
            with self.server.within():
                self.behind.append(Backend({"CONNECT": self._greet}, port=25, host=address).start())
        with self.gateway.within():
            self.gatepost = TransparentGatepost(folder, self._configuration())

    def _greet(self, session, line):
        self.asked_from.append(session.socket.getpeername()[0])

    def _join_routed(self):
        self.gateway.joined("lan0", self.client, "eth0")
        self.gateway.joined("lan1", self.server, "eth0")
        self.gateway.has("lan0", "10.77.1.1/24", "2001:db8:1::1/64")
        self.gateway.has("lan1", "10.77.2.1/24", "2001:db8:2::1/64")
        self.client.has("eth0", CLIENT[4] + "/24", CLIENT[6] + "/64")
        self.server.has("eth0", SERVER["routed"][4] + "/24", SERVER["routed"][6] + "/64")
        for host, number in ((self.client, 1), (self.server, 2)):
            host.must("ip", "route", "add", "default", "via", "10.77.%d.1" % number)
            host.must("ip", "-6", "route", "add", "default", "via", "2001:db8:%d::1" % number)
        self.gateway.must("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def _join_bridged(self):
        self.gateway.must("ip", "link", "add", "br0", "type", "bridge")
        self.gateway.must("ip", "link", "set", "br0", "up")
        for port, host in (("port0", self.client), ("port1", self.server)):
            self.gateway.joined(port, host, "eth0")
            self.gateway.must("ip", "link", "set", port, "master", "br0")
        self.gateway.has("br0", "10.77.1.1/24", "2001:db8:1::1/64")
        self.client.has("eth0", CLIENT[4] + "/24", CLIENT[6] + "/64")
        self.server.has("eth0", SERVER["bridged"][4] + "/24", SERVER["bridged"][6] + "/64")

    def _configuration(self):
        server = SERVER[self.kind]
        servers = "smtp original" if self.anywhere else 'smtp "%s:25"  smtp "[%s]:25"' % (server[4], server[6])
        return """
listen smtp "mx" on "0.0.0.0:10025" { transparent }
listen smtp "mx6" on "[::]:10025" { transparent }
backend behind { %s  recipient_check off  probe off  source client }
domain "example.com" { backend behind }
""" % servers

    def rules(self, *options):
        words = [needs.BUILD / "gatepostctl", "transparent", "rules", "-c", self.gatepost.file, *self.options, *options]
        self.gateway.must("sh", said=self.gateway.must(*words))
        assert self.gateway.must(*words, "--check") == "nothing is missing\n"

    def start(self):
        with self.gateway.within():
            self.gatepost.start()

    def session(self, family=4, port=25):
        with self.client.within():
            return Session(port, host=SERVER[self.kind][family])

    def greeting(self, family=4):
        with self.session(family) as session:
            return session.greeting.text

    def reached(self, family=4):
        """Who answers: "gateway", "server", or nobody, at once."""
        try:
            return {"mx.example.com ESMTP": "gateway", "behind.example.com ESMTP": "server"}[self.greeting(family)]
        except ConnectionRefusedError:
            return "nobody"

    def send(self, family):
        """The reply code of the final dot."""
        with self.session(family) as session:
            session.ehlo()
            session.envelope("user@example.com")
            return session.data(MESSAGE).code

    def stop_gatepost(self):
        status = self.gatepost.stop()
        assert status in (0, None), self.gatepost.log()[-4000:]

    def stop(self):
        if self.gatepost.process.running():
            self.stop_gatepost()
        for server in self.behind:
            server.stop()


@contextlib.contextmanager
def site(kind, folder, anywhere=False):
    with bare_hosts(3) as hosts:
        place = Site(kind, hosts, folder, anywhere)
        try:
            yield place
        finally:
            place.stop()


KINDS = pytest.mark.parametrize("kind", ["routed", "bridged"])


@KINDS
def test_what_was_on_its_way_to_the_server_comes_to_gatepost_and_from_its_client_to_the_server(kind, own_dir):
    with site(kind, own_dir) as place:
        assert place.reached(4) == place.reached(6) == "server"
        place.rules()
        place.start()
        for family in (4, 6):
            assert place.reached(family) == "gateway"
            place.asked_from.clear()
            assert place.send(family) == 250
            assert CLIENT[family] in place.asked_from
        assert sum(len(server.messages) for server in place.behind) == 2


@KINDS
def test_while_gatepost_is_down_nothing_goes_around_it(kind, own_dir):
    with site(kind, own_dir) as place:
        place.rules()
        assert place.reached(4) == place.reached(6) == "nobody"
        place.start()
        assert place.reached(4) == place.reached(6) == "gateway"
        place.stop_gatepost()
        assert place.reached(4) == place.reached(6) == "nobody"


@KINDS
def test_with_pass_it_goes_to_the_server_while_gatepost_is_down(kind, own_dir):
    with site(kind, own_dir) as place:
        place.rules("--pass")
        assert place.reached(4) == place.reached(6) == "server"
        place.start()
        assert place.reached(4) == place.reached(6) == "gateway"
        place.stop_gatepost()
        assert place.reached(4) == place.reached(6) == "server"


def test_who_went_by_while_it_was_down_has_to_come_anew_once_it_listens(own_dir):
    with site("routed", own_dir) as place:
        place.rules("--pass")
        with place.session() as session:
            assert session.command("NOOP").code == 250
            place.start()
            with pytest.raises((ConnectionResetError, BrokenPipeError, Closed)):
                session.command("NOOP")
        assert place.reached() == "gateway"


@contextlib.contextmanager
def serving(host, address, port):
    with host.within():
        server = Backend(port=port, host=address).start()
    try:
        yield
    finally:
        server.stop()


def test_the_gateways_own_port_and_a_listeners_port_at_another_host_stay_theirs(own_dir):
    with site("routed", own_dir, anywhere=True) as place:
        place.rules()
        with serving(place.gateway, "10.77.1.1", 25), serving(place.server, SERVER["routed"][4], 10025):
            place.start()
            assert place.reached(4) == place.reached(6) == "gateway"
            for address, port in (("10.77.1.1", 25), (SERVER["routed"][4], 10025)):
                with place.client.within(), Session(port, host=address) as session:
                    assert session.greeting.text == "behind.example.com ESMTP"


def test_a_firewall_that_lets_in_what_is_marked_is_enough(own_dir):
    with site("routed", own_dir) as place:
        place.rules()
        place.gateway.must("nft", "-f", "-", said="table inet filter { chain input { type filter hook input priority 0; policy drop; meta mark 0x1 accept; }; }")
        place.start()
        place.asked_from.clear()
        assert place.send(4) == 250 and CLIENT[4] in place.asked_from


def test_reverse_path_filters_do_no_harm_where_routes_are_symmetric(own_dir):
    with site("routed", own_dir) as place:
        place.rules()
        place.start()
        for value in (0, 1, 2):
            place.gateway.must("sysctl", "-qw", *("net.ipv4.conf.%s.rp_filter=%d" % (name, value) for name in ("all", "lan0", "lan1")))
            place.asked_from.clear()
            assert place.send(4) == 250
            assert CLIENT[4] in place.asked_from


def test_an_answer_that_goes_another_way_is_told_as_no_answer(own_dir):
    with site("routed", own_dir) as place:
        place.client.joined("eth1", place.server, "eth1")
        place.client.has("eth1", "10.77.3.2/24")
        place.server.has("eth1", "10.77.3.5/24")
        place.server.must("ip", "route", "add", "10.77.1.0/24", "via", "10.77.3.2")
        place.rules()
        place.start()
        assert place.send(4) == 451
        assert "10.77.2.5:25 (behind) down" in place.gatepost.control("status") and "no answer in time" in place.gatepost.control("status")


def test_what_is_sent_elsewhere_by_the_server_is_not_taken(own_dir):
    with site("routed", own_dir) as place:
        place.rules()
        place.start()
        with place.client.within():
            outside = Backend(port=25, host=CLIENT[4]).start()
        try:
            with place.server.within():
                with Session(25, host=CLIENT[4]) as session:
                    assert session.greeting.text == "behind.example.com ESMTP"
        finally:
            outside.stop()
