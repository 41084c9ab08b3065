# SPDX-License-Identifier: ISC
"""Networks of the lab's own: network namespaces for clients, a gateway between, and servers.

A namespace has no name: it lives as long as the descriptor by which we hold it, so that nothing of it is left, however we end.

    Routed      clients  --198.51.100.0/24--  gateway  --192.0.2.0/24--  servers, whose ways to everywhere lead through the gateway
    Bridged     clients, gateway and servers are all in 192.0.2.0/24; the gateway is a bridge between the other two"""
import contextlib
import ctypes
import os
import shutil
import subprocess
import threading

import pytest

from lab import needs

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def to_have_them():
    """For a fixture: a network of its own, and rules in it."""
    needs.to_be_root("networks of its own")
    if not shutil.which("nft"):
        pytest.skip("no nft (nftables)")
    try:
        with contextlib.closing(Namespace()) as one:
            one.nft("table inet probe { chain c { type filter hook prerouting priority mangle; meta l4proto tcp socket transparent 1 accept; }; }")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip("needs network namespaces, and nft's rules for transparent sockets in them: %s" % error)


def _checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _own_network():
    """The descriptor of the network that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """What is started within entered() runs in it. `around` are words before a command that do the same. close() lets it go, and all that
    is in it with it, as soon as no process runs there."""

    def __init__(self):
        self._failed = None
        thread = threading.Thread(target=self._make)
        thread.start()
        thread.join()
        if self._failed:
            raise self._failed
        self.path = "/proc/%d/fd/%d" % (os.getpid(), self._held)
        self.around = ["nsenter", "--net=" + self.path]
        # Otherwise the first second of each device goes by in asking whether its address is somebody else's.
        self.sysctl(net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0)
        self.ip("link", "set", "lo", "up")

    def _make(self):
        """A thread can leave the network of the others."""
        try:
            _checked(LIBC.unshare(CLONE_NEWNET))
            self._held = _own_network()
        except OSError as error:
            self._failed = error

    @contextlib.contextmanager
    def entered(self):
        """Sockets, threads and processes that this thread makes within are in this network, and stay there."""
        before = _own_network()
        try:
            _checked(LIBC.setns(self._held, CLONE_NEWNET))
            try:
                yield self
            finally:
                _checked(LIBC.setns(before, CLONE_NEWNET))
        finally:
            os.close(before)

    def run(self, *words, **how):
        how = {"check": True, "capture_output": True, "text": True, "timeout": 60, **how}
        return subprocess.run([*self.around, *map(str, words)], **how)

    def run_as_host(self, *words, **how):
        """With what /sys tells of its devices."""
        return self.run("unshare", "-m", "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh", *words, **how)

    def ip(self, *words):
        return self.run("ip", *words).stdout

    def nft(self, rules):
        """Rules as `nft -f` reads them."""
        self.run("nft", "-f", "-", input=rules)

    def sysctl(self, **settings):
        """net__ipv4__ip_forward=1"""
        with self.entered():
            for name, value in settings.items():
                with open("/proc/sys/" + name.replace("__", "/"), "w") as f:
                    f.write(str(value))

    def close(self):
        os.close(self._held)


# The gateway's rules. What clients send to these ports comes to listeners at them + SHIFT, whoever it is meant for; what belongs to
# a connection that has come so, or that has gone out in a client's name, comes to us as well.
SHIFT = 10000

ROUTED = """
table inet gatepost
delete table inet gatepost
table inet gatepost {{
  chain prerouting {{
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto tcp socket transparent 1 meta mark set 1 accept
{tproxy}  }}
}}
"""

TPROXY = """    iifname "{device}" tcp dport {port} tproxy ip to :{listener} meta mark set 1 accept
    iifname "{device}" tcp dport {port} tproxy ip6 to :{listener} meta mark set 1 accept
"""

BRIDGED = """
table bridge gatepost
delete table bridge gatepost
table bridge gatepost {{
  chain prerouting {{
    type filter hook prerouting priority -300; policy accept;
    iifname "clients" tcp dport {{ {ports} }} ether daddr set {mac} meta pkttype set host
    iifname "servers" tcp sport {{ {ports} }} ether daddr set {mac} meta pkttype set host
  }}
}}
"""


class Network:
    """Clients, the gateway and servers."""

    client_address, server_address = {4: "198.51.100.2", 6: "2001:db8:1::2"}, {4: "192.0.2.2", 6: "2001:db8:2::2"}
    gateway_address = {4: "192.0.2.1", 6: "2001:db8:2::1"}
    near = {4: "198.51.100.1", 6: "2001:db8:1::1"}  # the gateway's, as clients see it
    device = "clients"  # the gateway's, by which clients come

    def __init__(self):
        self.clients, self.gateway, self.servers = self.all = Namespace(), Namespace(), Namespace()
        try:
            self._wire()
        except BaseException:
            self.close()
            raise

    def close(self):
        for namespace in self.all:
            namespace.close()

    def lead(self, *ports):
        """What goes to these ports on its way to a server comes to the gateway's listeners."""
        self.gateway.nft(ROUTED.format(tproxy="".join(TPROXY.format(device=self.device, port=port, listener=port + SHIFT) for port in ports)))

    def _wire(self):
        self._plug()
        give(self.gateway, "clients", self.near)
        give(self.gateway, "servers", self.gateway_address)
        _way_out(self.clients, self.near)
        _way_out(self.servers, self.gateway_address)
        self.gateway.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)

    def _plug(self):
        cable(self.clients, "eth0", self.gateway, "clients")
        cable(self.servers, "eth0", self.gateway, "servers")
        give(self.clients, "eth0", self.client_address)
        give(self.servers, "eth0", self.server_address)
        for family in ("-4", "-6"):
            self.gateway.ip(family, "rule", "add", "fwmark", 1, "lookup", 100)
            self.gateway.ip(family, "route", "add", "local", "default", "dev", "lo", "table", 100)


class Bridge(Network):
    client_address = {4: "192.0.2.7", 6: "2001:db8:2::7"}
    near = Network.gateway_address
    device = "br0"
    mac = "02:00:5e:00:53:01"

    def lead(self, *ports):
        super().lead(*ports)
        self.gateway.nft(BRIDGED.format(ports=", ".join(map(str, ports)), mac=self.mac))

    def _wire(self):
        self._plug()
        self.gateway.ip("link", "add", "br0", "address", self.mac, "type", "bridge", "forward_delay", 0)
        for port in ("clients", "servers"):
            self.gateway.ip("link", "set", port, "master", "br0")
        self.gateway.ip("link", "set", "br0", "up")
        give(self.gateway, "br0", self.gateway_address)
        if os.path.exists("/proc/sys/net/bridge"):
            # Otherwise frames are led through the rules for IP before they are lifted there, and find nobody.
            self.gateway.sysctl(**{"net__bridge__bridge-nf-call-iptables": 0, "net__bridge__bridge-nf-call-ip6tables": 0})


LENGTH = {4: 24, 6: 64}


def cable(one, name, other, other_name):
    one.ip("link", "add", name, "type", "veth", "peer", "name", other_name, "netns", other.path)
    one.ip("link", "set", name, "up")
    other.ip("link", "set", other_name, "up")


def give(namespace, device, addresses):
    for family, address in addresses.items():
        words = ["nodad"] if family == 6 else []
        namespace.ip("address", "add", "%s/%d" % (address, LENGTH[family]), "dev", device, *words)


@contextlib.contextmanager
def lent(namespace, device, addresses):
    """They are its own as long as that lasts."""
    give(namespace, device, addresses)
    try:
        yield
    finally:
        for family, address in addresses.items():
            namespace.ip("address", "del", "%s/%d" % (address, LENGTH[family]), "dev", device)


def _way_out(namespace, gateway):
    for family, address in gateway.items():
        namespace.ip("-%d" % family, "route", "add", "default", "via", address)
