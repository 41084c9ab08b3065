# SPDX-License-Identifier: ISC
"""One DNS told in two ways: by a name server, and as the `dns` of a batch line. It knows hosts, senders, lists and keys, and what
is below broken.example fails, what is below silent.example is never answered.

Clients come from a /24 that is this machine's for a while (.N below), from 127.0.0.1 and from two IPv6 addresses:
    .10 .11 good.example (names confirmed)    .20 a name that leads elsewhere   .40 no name    .50 host.bad.example
    .66 listed   .67 listed a little   .68 listed, and in an allowlist   .70 its name fails   .71 is not told   .72 two names
    .73 bl.example fails for it   .74 is silent   .75 wl.example fails for it, and light.example lists it
    ::10 good6.good.example   ::66 listed"""
import ipaddress
import random
import subprocess

from lab.dns_responder import Responder, never, rcode
from lab.internet import Network, reverse

SERVFAIL = 2

WORLD = """
client.example A 127.0.0.1
client.example TXT v=spf1 ip4:127.0.0.1 -all
1.0.0.127.in-addr.arpa PTR localhost.
localhost A 127.0.0.1
good.example A {net}.10
good.example MX 10 mail.good.example.
good.example TXT v=spf1 ip4:127.0.0.1 ip4:{net}.10 ip6:{net6}10 -all
_dmarc.good.example TXT v=DMARC1; p=reject; rua=mailto:d@good.example; ruf=mailto:f@good.example
mail.good.example A {net}.10
mail.good.example TXT v=spf1 a -all
good6.good.example AAAA {net6}10
other.good.example A {net}.11
bank.example TXT v=spf1 ip4:{net}.20 -all
_dmarc.bank.example TXT v=DMARC1; p=reject; sp=quarantine; pct=100
sub.bank.example A {net}.20
shop.example TXT v=spf1 ip4:{net}.20 ~all
_dmarc.shop.example TXT v=DMARC1; p=quarantine; pct=0
news.example TXT v=spf1 ?all
_dmarc.news.example TXT v=DMARC1; p=none; sp=reject; np=quarantine; pct=100; adkim=s; aspf=s
sub.news.example TXT v=spf1 +all
pool.example TXT v=spf1 ip4:127.0.0.0/8 -all
test.example TXT v=spf1 -all
_dmarc.test.example TXT v=DMARC1; p=reject; t=y
odd.example TXT v=spf1 +all
_dmarc.odd.example TXT v=DMARC1; p=whatever
_dmarc.odd.example TXT v=DMARC1; p=reject
plain.example A {net}.20
plain.example TXT v=spf1 ip4:{net}.20 exp=why.plain.example -all
why.plain.example TXT %{{i}} is not one of ours, %{{s}}
null.example TXT v=spf1 -all
soft.example TXT v=spf1 ~all
macro.example TXT v=spf1 exists:%{{ir}}.%{{l1r-}}._spf.%{{d}} -all
{rev10}.user._spf.macro.example A 127.0.0.2
chain.example TXT v=spf1 include:good.example redirect=soft.example
loop.example TXT v=spf1 include:loop.example -all
wrong.example TXT v=spf1 ipv4:1.2.3.4 -all
twice.example TXT v=spf1 -all
twice.example TXT v=spf1 +all
void.example TXT v=spf1 a:n1.void.example a:n2.void.example a:n3.void.example a:n4.void.example -all
depends.example TXT v=spf1 include:spf.broken.example -all
waits.example TXT v=spf1 include:spf.silent.example -all
_dmarc.depends.example TXT v=DMARC1; p=reject
alias.example CNAME good.example.
xn--bcher-kva.example A {net}.10
xn--bcher-kva.example TXT v=spf1 ip4:{net}.10 -all
bad.example A 127.0.0.1
bad.example TXT v=spf1 +all
grey.example TXT v=spf1 +all
lists.example A {net}.11
lists.example TXT v=spf1 ip4:{net}.11 -all
evil.example TXT v=spf1 ip4:{net}.11 -all
host.bad.example A {net}.50
one.two.example A {net}.1
two.two.example A {net}.72
{rev10}.in-addr.arpa PTR mail.good.example.
{rev11}.in-addr.arpa PTR other.good.example.
{rev20}.in-addr.arpa PTR nobody.knows.example.
{rev50}.in-addr.arpa PTR host.bad.example.
{rev72}.in-addr.arpa PTR one.two.example.
{rev72}.in-addr.arpa PTR two.two.example.
{six10}.ip6.arpa PTR good6.good.example.
2.0.0.127.bl.example A 127.0.0.2
{rev66}.bl.example A 127.0.0.2
{rev75}.light.example A 127.0.0.2
{six66}.bl.example A 127.0.0.2
2.0.0.127.light.example A 127.0.0.2
{rev66}.light.example A 127.0.0.4
{rev67}.light.example A 127.0.0.2
{rev68}.light.example A 127.0.0.4
{six66}.light.example A 127.0.0.2
2.0.0.127.wl.example A 127.0.0.2
{rev68}.wl.example A 127.0.0.2
test.dbl.example A 127.0.1.2
bad.example.dbl.example A 127.0.1.2
test.grey.test A 127.0.1.2
grey.example.grey.test A 127.0.1.2
bad.example.grey.test A 127.0.1.4
"""

LISTS = """
blocklist "bl.example" { "127.0.0.2" weight 5 }
blocklist "light.example" { "127.0.0.2" weight 2  "127.0.0.4" weight 6 }
allowlist "wl.example" { "127.0.0.2" weight 10 }
blocklist domain "dbl.example" { "127.0.1.2" weight 6 }
blocklist domain "grey.test" { "127.0.1.2" weight 2  "127.0.1.4" weight 3 }
"""
BROKEN, SILENT = "broken.example", "silent.example"


class Addresses:
    """A /24 and two addresses of IPv6 that are this machine's until remove(). `net` is None when the kernel does not let us."""

    def __init__(self):
        self.network = Network()
        self.net, self.net6 = self.network.prefix, "2001:db8:%x::" % random.randrange(1, 65536)
        self.six = [n for n in ("10", "66") if self._ip6("add", n)]

    def _ip6(self, what, n):
        words = ["ip", "-6", "addr", what, "%s%s/128" % (self.net6, n), "dev", "lo"]
        return subprocess.run(words, capture_output=True).returncode == 0

    def of(self, place):
        """Where a client comes from: 10 is .10, "::66" of IPv6, any other text itself."""
        if isinstance(place, str):
            return self.net6 + place[2:] if place.startswith("::") else place
        return "%s.%d" % (self.net, place)

    def remove(self):
        self.network.remove()
        for n in self.six:
            self._ip6("del", n)


class World:
    """`more`: {name: TXT} beside what is above. start(); `configuration` asks its name servers; `map` is the same as JSON."""

    def __init__(self, addresses, more=None):
        self.records = self._records(addresses, more or {})
        at = {n: reverse(addresses.of(n)) for n in (70, 71, 73, 74, 75)}
        self.failing = [at[70] + ".in-addr.arpa", at[73] + ".bl.example", at[75] + ".wl.example", "fails.example.dbl.example"]
        self.untold = [at[71] + ".in-addr.arpa", at[74] + ".bl.example", "unsaid.example.grey.test"]
        self.server, self.silence = Responder(), Responder()
        for (name, kind), values in self.records.items():
            self.server.add(name, kind, *[_as_text(kind, value) for value in values])
        for name in [BROKEN] + self.failing:
            self.server.behaviours[name] = self.server.behaviours["*." + name] = rcode(SERVFAIL)
        for name in ["*." + SILENT, SILENT] + self.untold:
            self.silence.behaviours[name] = never

    @staticmethod
    def _records(addresses, more):
        words = {"rev%d" % n: reverse(addresses.of(n)) for n in (10, 11, 20, 50, 66, 67, 68, 72, 75)}
        words.update({"six%s" % n: _nibbles(addresses.net6 + n) for n in ("10", "66")})
        found = {}
        for line in WORLD.format(net=addresses.net, net6=addresses.net6, **words).split("\n"):
            if line:
                name, kind, value = line.split(" ", 2)
                found.setdefault((name, kind), []).append(value)
        for name, text in more.items():
            found[name, "TXT"] = [text]
        return found

    def configuration(self, timeout="5s", patience="10s"):
        stubs = "".join('  stub "%s" "%s"\n' % (name, self.silence.address) for name in [SILENT] + self.untold)
        return 'resolver {\n  forward "%s"\n  timeout %s\n  patience %s\n%s}\n' % (self.server.address, timeout, patience, stubs)

    @property
    def map(self):
        told = {}
        for (name, kind), values in self.records.items():
            told.setdefault(name, []).extend({"type": kind, "value": _as_json(kind, value)} for value in values)
        for name in self.failing + [b + BROKEN for b in BELOW]:
            told[name] = [{"type": "SERVFAIL"}]
        for name in self.untold + [b + SILENT for b in BELOW]:
            told[name] = [{"type": "TIMEOUT"}]
        return told

    def start(self):
        self.server.start()
        self.silence.start()
        return self

    def stop(self):
        self.server.stop()
        self.silence.stop()


# Each name below broken.example and silent.example that a message or an envelope leads to.
BELOW = ["", "spf.", "_dmarc.", "key._domainkey.", "arc._domainkey.", "mx.", "host.", "_dmarc.host."]


def _nibbles(address):
    return ".".join(reversed(ipaddress.ip_address(address).exploded.replace(":", "")))


def _as_text(kind, value):
    if kind != "TXT":
        return value
    return " ".join('"%s"' % value[i:i + 250] for i in range(0, len(value), 250))


def _as_json(kind, value):
    if kind == "MX":
        preference, name = value.split()
        return [int(preference), name.rstrip(".")]
    return value.rstrip(".") if kind in ("PTR", "CNAME") else value
