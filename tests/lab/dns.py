# SPDX-License-Identifier: ISC
"""Real name servers on loopback: NSD with zones given as text, signed ones too, and Unbound in front of it."""
import os
import subprocess

from lab.ports import free_port
from lab.process import Process

APEX = """$ORIGIN {zone}.
$TTL 3600
@ SOA ns.invalid. hostmaster.invalid. 1 7200 3600 1209600 {negative_ttl}
@ NS ns.invalid.
"""

NSD = """
server:
  ip-address: 127.0.0.1@{port}
  ip-address: ::1@{port}
  username: ""
  zonesdir: "{dir}"
  database: ""
  pidfile: "{dir}/nsd.pid"
  zonelistfile: "{dir}/zone.list"
  xfrdfile: "{dir}/xfrd.state"
  logfile: "{dir}/nsd.messages"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""

NSD_ZONE = """
zone:
  name: "{zone}"
  zonefile: "{file}"
"""

UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  directory: "{dir}"
  chroot: ""
  username: ""
  pidfile: "{dir}/unbound.pid"
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  unblock-lan-zones: yes
  local-zone: "test." transparent
  qname-minimisation: no
  module-config: "{modules}"
{options}
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {forward}
"""


def zone_text(name, text, negative_ttl=60):
    """A zone file: `text`, below an SOA and an NS unless it has its own."""
    return (text if " SOA " in text else APEX.format(zone=name.rstrip("."), negative_ttl=negative_ttl) + text) + "\n"


def _quoted(text):
    """A character string of a TXT record; U+0080 to U+00FF stand for single octets."""
    octets = text.encode("latin-1")
    pieces = [octets[i:i + 255] for i in range(0, len(octets), 255)] or [b""]
    return " ".join('"%s"' % "".join("\\%03d" % c if c < 32 or c > 126 or c in b'"\\;' else chr(c) for c in piece)
                    for piece in pieces)


def _owner(name):
    """A name in a zone file, absolute, with its odd octets escaped."""
    return "".join(c if c.isalnum() and c < "\x7f" or c in "-_." else "\\%03d" % ord(c)
                   for c in name.rstrip(".")) + "."


def zonedata_text(zonedata):
    """The records of a corpus' zonedata ({name: [{"type", "value"}]}) as the text of the zone ".". What a zone cannot say
    (TIMEOUT, SERVFAIL, a record that is not one) is left out."""
    lines = []
    for name, entries in zonedata.items():
        for entry in entries:
            kind, value = entry["type"], entry.get("value")
            if kind in ("A", "AAAA"):
                lines.append("%s %s %s" % (_owner(name), kind, value))
            elif kind == "MX":
                lines.append("%s MX %d %s" % (_owner(name), value[0], _owner(value[1])))
            elif kind in ("PTR", "CNAME"):
                lines.append("%s %s %s" % (_owner(name), kind, _owner(value)))
            elif kind == "TXT":
                strings = value if isinstance(value, list) else [value]
                lines.append("%s TXT %s" % (_owner(name), " ".join(_quoted(s) for s in strings)))
    return "\n".join(dict.fromkeys(lines))


class Nsd:
    """Serves `zones` ({"example.com": "zone text"}) on 127.0.0.1 and ::1; `address` is what a configuration names."""

    def __init__(self, folder, zones=None, name="nsd"):
        self.dir = os.path.join(str(folder), name)
        self.zones = dict(zones or {})
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.process = None
        self.name = name

    def start(self):
        os.makedirs(self.dir, exist_ok=True)
        config = NSD.format(port=self.port, dir=self.dir)
        for number, (zone, text) in enumerate(self.zones.items()):
            file = os.path.join(self.dir, "zone-%d" % number)
            with open(file, "w") as f:
                f.write(zone_text(zone, text))
            config += NSD_ZONE.format(zone=zone, file=file)
        path = os.path.join(self.dir, "nsd.conf")
        with open(path, "w") as f:
            f.write(config)
        self._check(path)
        self.process = Process(self.name, ["/usr/sbin/nsd", "-d", "-c", path], self.dir).start()
        self.process.wait_port(self.port)
        return self

    def _check(self, path):
        """A record that NSD does not understand would otherwise be a name that is missing."""
        for number, zone in enumerate(self.zones):
            file = os.path.join(self.dir, "zone-%d" % number)
            done = subprocess.run(["/usr/sbin/nsd-checkzone", zone, file], capture_output=True, text=True)
            assert done.returncode == 0, "zone %s:\n%s%s" % (zone, done.stdout, done.stderr)

    def change(self, zones):
        """Serves these zones from now on, at the same address."""
        self.stop()
        self.zones = dict(zones)
        return self.start()

    def stop(self):
        if self.process:
            self.process.stop()


class Unbound:
    """A caching forwarder in front of a name server ("127.0.0.1:PORT")."""

    def __init__(self, folder, forward, anchors=None, options=""):
        self.dir = os.path.join(str(folder), "unbound")
        self.forward = forward.replace(":", "@")
        self.anchors = anchors
        self.options = options
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.process = None

    def start(self):
        os.makedirs(self.dir, exist_ok=True)
        options = "  " + self.options
        if self.anchors:
            options += '\n  trust-anchor-file: "%s"' % self.anchors
        path = os.path.join(self.dir, "unbound.conf")
        with open(path, "w") as f:
            f.write(UNBOUND.format(port=self.port, dir=self.dir, forward=self.forward, options=options,
                                   modules="validator iterator" if self.anchors else "iterator"))
        self.process = Process("unbound", ["/usr/sbin/unbound", "-d", "-c", path], self.dir).start()
        self.process.wait_port(self.port)
        return self

    def stop(self):
        if self.process:
            self.process.stop()


def signed(folder, zone, text):
    """A zone's text signed with a fresh key, and its trust anchor (a DNSKEY record)."""
    os.makedirs(folder, exist_ok=True)
    key = _ldns(folder, "ldns-keygen", "-k", "-a", "ECDSAP256SHA256", zone).strip()
    file = os.path.join(str(folder), zone)
    with open(file, "w") as f:
        f.write(zone_text(zone, text))
    _ldns(folder, "ldns-signzone", "-o", zone, "-f", file + ".signed", file, key)
    with open(file + ".signed") as f, open(os.path.join(str(folder), key + ".key")) as k:
        return f.read(), k.read()


def _ldns(folder, *words):
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
