# SPDX-License-Identifier: ISC
"""A small Internet: name servers for those who send, addresses for them to send from, keys to sign with.

    good.example      sends from 127.0.0.1 and .10, as its SPF, its PTR and its DKIM keys say; p=reject
    bank.example      sends from .20 alone; p=reject             shop.example    the same; p=quarantine
    plain.example     sends from .20 alone; no DMARC             null.example    sends nothing (-all)
    bad.example       stands in the list of domains; .50 is its host
    pool.example      sends from all of 127/8; no DMARC          wide.example  from half of the Internet
    lists.example     a mailing list at .30 that seals with ARC  evil.example    seals too

.N is an address of `network`, a /24 of those that RFC 2544 sets aside, local to this machine as long as the network is: lists
are not asked about 127/8. bl.example lists .66, light.example .67 and .68, wl.example (an allowlist) .68, dbl.example domains."""
import base64
import contextlib
import os
import random
import subprocess

import dkim
import dns.resolver
from nacl.signing import SigningKey

from lab.dns import Nsd

WORLD = """
client.example. A 127.0.0.1
client.example. TXT "v=spf1 ip4:127.0.0.1 -all"
good.example. A 127.0.0.1
good.example. TXT "v=spf1 ip4:127.0.0.1 ip4:{net}.10 -all"
_dmarc.good.example. TXT "v=DMARC1; p=reject"
rsa._domainkey.good.example. TXT {rsa}
ed._domainkey.good.example. TXT {ed}
mail.good.example. A {net}.10
mail.good.example. TXT "v=spf1 a -all"
bank.example. TXT "v=spf1 ip4:{net}.20 -all"
_dmarc.bank.example. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example"
shop.example. TXT "v=spf1 ip4:{net}.20 -all"
_dmarc.shop.example. TXT "v=DMARC1; p=quarantine"
plain.example. A {net}.20
plain.example. TXT "v=spf1 ip4:{net}.20 exp=why.plain.example -all"
why.plain.example. TXT "%{{i}} is not one of ours"
null.example. A {net}.20
null.example. TXT "v=spf1 -all"
lists.example. A {net}.30
lists.example. TXT "v=spf1 ip4:127.0.0.1 ip4:{net}.30 -all"
arc._domainkey.lists.example. TXT {rsa}
rsa._domainkey.lists.example. TXT {rsa}
evil.example. TXT "v=spf1 ip4:127.0.0.1 ip4:{net}.30 -all"
arc._domainkey.evil.example. TXT {rsa}
rsa._domainkey.evil.example. TXT {rsa}
pool.example. TXT "v=spf1 ip4:127.0.0.0/8 -all"
wide.example. TXT "v=spf1 ip4:64.0.0.0/1 -all"
bad.example. A 127.0.0.1
bad.example. TXT "v=spf1 +all"
{ptr_loopback} PTR client.example.
{ptr10} PTR mail.good.example.
{ptr20} PTR nobody.knows.example.
{ptr30} PTR lists.example.
{ptr50} PTR host.bad.example.
host.bad.example. A {net}.50
2.0.0.127.bl.example. A 127.0.0.2
{rev66}.bl.example. A 127.0.0.2
2.0.0.127.light.example. A 127.0.0.2
{rev67}.light.example. A 127.0.0.2
{rev68}.light.example. A 127.0.0.4
2.0.0.127.wl.example. A 127.0.0.2
{rev68}.wl.example. A 127.0.0.2
test.dbl.example. A 127.0.1.2
bad.example.dbl.example. A 127.0.1.2
"""

LISTS = """
blocklist "bl.example" { "127.0.0.2" weight 5 }
blocklist "light.example" { "127.0.0.2" weight 2  "127.0.0.4" weight 6 }
allowlist "wl.example" { "127.0.0.2" weight 10 }
blocklist domain "dbl.example" { "127.0.1.2" weight 6 }
"""


def _ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


def reverse(address):
    """192.0.2.1 as it stands below in-addr.arpa and in lists."""
    return ".".join(reversed(address.split(".")))


class Network:
    """A /24 whose addresses are this machine's. `prefix` is None when the kernel does not let us have one."""

    def __init__(self):
        self.prefix = self._add()

    def _add(self):
        for _ in range(20):
            prefix = "198.18.%d" % random.randrange(256)
            if _ip("route", "add", "local", prefix + ".0/24", "dev", "lo").returncode == 0:
                return prefix
        return None

    def remove(self):
        if self.prefix:
            _ip("route", "del", "local", self.prefix + ".0/24", "dev", "lo")


class Keys:
    def __init__(self):
        self.rsa = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=self.rsa, capture_output=True, check=True)
        self.rsa_record = "v=DKIM1; k=rsa; p=" + base64.b64encode(der.stdout).decode()
        key = SigningKey.generate()
        self.ed = base64.b64encode(bytes(key))
        self.ed_record = "v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(key.verify_key)).decode()


class Internet:
    """start(); `configuration` asks its name server; .N is address(N)."""

    def __init__(self, folder, more_zones=""):
        self.network, self.keys = Network(), Keys()
        self.nsd = Nsd(folder, {".": self._zone() + more_zones}, name="internet")

    def _zone(self):
        net = self.network.prefix or "127.0.9"
        words = {"rev%d" % n: reverse("%s.%d" % (net, n)) for n in (66, 67, 68)}
        words.update({"ptr%d" % n: reverse("%s.%d" % (net, n)) + ".in-addr.arpa." for n in (10, 20, 30, 50)})
        return WORLD.format(net=net, rsa=_strings(self.keys.rsa_record), ed=_strings(self.keys.ed_record),
                            ptr_loopback="1.0.0.127.in-addr.arpa.", **words)

    def start(self):
        self.nsd.start()
        return self

    def stop(self):
        self.nsd.stop()
        self.network.remove()

    @property
    def configuration(self):
        return 'resolver { forward "%s" }\n' % self.nsd.address

    def address(self, number):
        return "%s.%d" % (self.network.prefix or "127.0.9", number)

    def sign(self, message, domain="good.example", ed25519=False):
        """The message with a DKIM signature by dkimpy on top."""
        how = (self.keys.ed, b"ed", b"ed25519-sha256") if ed25519 else (self.keys.rsa, b"rsa", b"rsa-sha256")
        return dkim.sign(message, how[1], domain.encode(), how[0], signature_algorithm=how[2]) + message

    def seal(self, message, domain, authserv_id):
        """The message with a set of ARC fields by dkimpy on top, as a list adds that found what Authentication-Results of
        authserv_id say."""
        with self.asked():
            fields = dkim.arc_sign(message, b"arc", domain.encode(), self.keys.rsa, authserv_id.encode())
        return b"".join(fields) + message

    @contextlib.contextmanager
    def asked(self):
        """Python's libraries (dnspython, and with it dkimpy and pyspf) ask this Internet within."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.nsd.port
        before, dns.resolver.default_resolver = dns.resolver.default_resolver, resolver
        try:
            yield
        finally:
            dns.resolver.default_resolver = before


def _strings(text):
    return " ".join('"%s"' % text[i:i + 250] for i in range(0, len(text), 250))


def shipped(root, name):
    with open(os.path.join(str(root), "etc", name)) as f:
        return f.read()


def policy_with(folder, root, changes):
    """The shipped policy in a copy, with some of its texts replaced: the line that includes it."""
    text = shipped(root, "policy.conf").replace('include "dmarc.conf"\n', shipped(root, "dmarc.conf"))
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    for table in ("banned-extensions.txt", "banned-in-archives.txt", "brands.txt", "freemail.txt"):
        text = text.replace('"%s"' % table, '"%s"' % os.path.join(str(root), "etc", table))
    with open(os.path.join(str(folder), "policy.conf"), "w") as f:
        f.write(text)
    return 'include "%s"\n' % os.path.join(str(folder), "policy.conf")
