# SPDX-License-Identifier: ISC
"""gatepostctl transparent rules: what it prints is what the kernel takes, and --check sees each thing that is not there."""
import json
import re
import subprocess

import pytest

from lab import needs
from lab.bare_host import bare_hosts

CTL = needs.BUILD / "gatepostctl"

CONFIG = """
listen smtp "mx" on "0.0.0.0:10025" { transparent }
listen smtp "mx6" on "[::]:10025" { transparent }
listen smtp "out" on "0.0.0.0:10026" { transparent  outbound from { "10.0.0.0/8" "192.168.7.0/25" "192.168.7.128/25" }  relay anywhere }
listen imap on "0.0.0.0:10143" { transparent  backend mailboxes }
backend exchange { smtp "192.0.2.5:25"  smtp "192.0.2.6:25"  smtp "192.0.2.7:25"  smtp "[2001:db8::5]:25"  source client }
backend anywhere { smtp original  source client }
backend mailboxes { imap original  source client }
domain "example.com" { backend exchange }
"""

KINDS = {"routed": [], "passing": ["--pass"], "other numbers": ["--mark", "0x20", "--table", "777"],
         "narrow": ["--servers", "192.0.2.0/24", "--servers", "2001:db8::/32"],
         "bridged": ["--bridge", "br0"], "bridged and passing": ["--bridge", "br0", "--pass"]}


@pytest.fixture
def config(own_dir):
    path = own_dir / "gatepost.conf"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def host():
    with bare_hosts() as (host,):
        host.must("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "wan1")
        host.must("ip", "link", "add", "br0", "type", "bridge")
        yield host


class Transparent:
    """gatepostctl transparent rules with the same options again and again, in a host."""

    def __init__(self, host, config, options=()):
        self.host, self.words = host, [CTL, "transparent", "rules", "-c", config, *options]

    def script(self):
        return self.host.must(*self.words)

    def apply(self):
        self.host.must("sh", said=self.script())
        return self

    def check(self):
        return self.host.run(*self.words, "--check")

    def lines(self):
        done = self.check()
        assert done.stderr == "", done.stderr
        assert (done.returncode == 0) == (done.stdout == "nothing is missing\n"), done
        assert done.returncode in (0, 1)
        return [] if done.returncode == 0 else done.stdout.splitlines()

    def mended(self):
        """What --check says is to be done is done; whether something is missing then."""
        for line in self.lines():
            command = line.partition("; to mend it: ")[2].replace("gatepostctl", str(CTL))
            self.host.must("sh", "-c", command)
        return self.lines()


def rules_of(host, family):
    listed = json.loads(host.must("nft", "-j", "list", "chain", family, "gatepost", "prerouting"))["nftables"]
    return [item["rule"] for item in listed if "rule" in item]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_leaves_nothing_missing_however_often_it_is_run(host, config, kind):
    transparent = Transparent(host, config, KINDS[kind])
    assert len(transparent.lines()) > 3
    for _ in range(2):
        assert transparent.apply().lines() == []
    for family in ("-4", "-6"):
        assert len(host.must("ip", family, "rule", "list").splitlines()) == (4 if family == "-4" else 3)


@pytest.mark.parametrize("kind", ["routed", "bridged"])
def test_each_rule_that_is_taken_away_is_named_alone(host, config, kind):
    transparent = Transparent(host, config, KINDS[kind]).apply()
    families = {"routed": ["inet"], "bridged": ["inet", "bridge"]}[kind]
    named = set()
    for family in families:
        for index in range(len(rules_of(host, family))):
            host.must("nft", "delete", "rule", family, "gatepost", "prerouting", "handle", rules_of(host, family)[index]["handle"])
            line, = transparent.lines()
            assert line.startswith("missing: table %s gatepost has no rule" % family)
            named.add(line)
            assert transparent.mended() == []
    assert len(named) == sum(len(rules_of(host, family)) for family in families)


TAKEN_AWAY = {
    "ip -4 rule del fwmark 1 lookup 100": "IPv4: no rule leads what has the mark 0x1 to the table 100",
    "ip -6 rule del fwmark 1 lookup 100": "IPv6: no rule leads what has the mark 0x1 to the table 100",
    "ip -4 route flush table 100": "IPv4: the table 100 does not say that all is for this host",
    "ip -6 route flush table 100": "IPv6: the table 100 does not say that all is for this host",
    "sysctl -qw net.ipv4.ip_forward=0": "/proc/sys/net/ipv4/ip_forward is 0",
    "sysctl -qw net.ipv6.conf.all.forwarding=0": "/proc/sys/net/ipv6/conf/all/forwarding is 0",
    "sysctl -qw net.ipv4.conf.all.src_valid_mark=1": "/proc/sys/net/ipv4/conf/all/src_valid_mark is 1",
    "sysctl -qw net.ipv4.conf.wan0.src_valid_mark=1": "/proc/sys/net/ipv4/conf/wan0/src_valid_mark is 1",
    "nft delete table inet gatepost": "no chain prerouting in table inet gatepost as it should be",
    "nft insert rule inet gatepost prerouting tcp dport 25 accept": "has a rule that does not belong there",
}


@pytest.mark.parametrize("command", TAKEN_AWAY)
def test_each_single_thing_that_is_taken_away_is_named_with_what_mends_it(host, config, command):
    transparent = Transparent(host, config).apply()
    host.must("sh", "-c", command)
    line, = transparent.lines()
    assert TAKEN_AWAY[command] in line
    assert transparent.mended() == []


TAKEN_FROM_BRIDGE = {
    "nft delete table bridge gatepost": r"no chain prerouting in table bridge gatepost",
    "ip link set br0 address 02:00:00:00:00:99": r"table bridge gatepost has no rule .*ether daddr set 02:00:00:00:00:99",
    "sysctl -qw net.bridge.bridge-nf-call-iptables=1": r"bridge-nf-call-iptables is 1",
}


@pytest.mark.parametrize("command", TAKEN_FROM_BRIDGE)
def test_what_a_bridge_needs_is_named_when_it_is_taken_away(host, config, command):
    if "net.bridge" in command and host.run("test", "-e", "/proc/sys/net/bridge").returncode != 0:
        pytest.skip("this kernel has no br_netfilter")
    transparent = Transparent(host, config, ["--bridge", "br0"]).apply()
    host.must("sh", "-c", command)
    lines = transparent.lines()
    assert any(re.search(TAKEN_FROM_BRIDGE[command], line) for line in lines), lines
    assert transparent.mended() == [] or "address" in command
    assert transparent.mended() == []


CHANGED = {
    "another port": ("10.0.0.0/8, 192.168.7.0/24 } tcp dport 25", "10.0.0.0/8, 192.168.7.0/24 } tcp dport 26"),
    "another mark": ("meta mark set 0x00000001", "meta mark set 0x00000002"),
    "another listener": ("to :10026", "to :10027"),
    "one network less": ("{ 10.0.0.0/8, 192.168.7.0/24 } tcp dport 25 tproxy", "{ 10.0.0.0/8 } tcp dport 25 tproxy"),
    "one server more": ("{ 192.0.2.5, 192.0.2.6, 192.0.2.7 } tcp dport 25 tproxy", "{ 192.0.2.5, 192.0.2.6, 192.0.2.7, 192.0.2.8 } tcp dport 25 tproxy"),
    "another priority": ("priority mangle", "priority filter"),
    "another policy": ("policy accept", "policy drop"),
    "taken first, then refused": (r"(\n[^\n]*to :10026[^\n]*)(\n[^\n]*)", r"\2\1"),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_rule_that_was_changed_is_not_taken_for_ours(host, config, change):
    transparent = Transparent(host, config).apply()
    before = host.must("nft", "list", "table", "inet", "gatepost")
    pattern, new = CHANGED[change]
    after = re.sub(pattern if "(" in pattern else re.escape(pattern), new, before, count=1)
    assert after != before
    host.must("nft", "-f", "-", said="delete table inet gatepost\n" + after)
    assert transparent.lines()
    assert transparent.apply().lines() == []


def test_what_others_have_in_nftables_is_left_alone(host, config):
    host.must("nft", "-f", "-", said="table inet filter { chain input { type filter hook input priority 0; policy accept; tcp dport 22 accept; }; }")
    transparent = Transparent(host, config).apply()
    assert transparent.lines() == [] and "tcp dport 22 accept" in host.must("nft", "list", "table", "inet", "filter")


def test_a_narrower_rule_for_marked_packets_is_not_enough(host, config):
    transparent = Transparent(host, config).apply()
    host.must("ip", "rule", "del", "fwmark", "1", "lookup", "100")
    host.must("ip", "rule", "add", "fwmark", "1", "iif", "lo", "lookup", "100")
    line, = transparent.lines()
    assert "IPv4: no rule leads" in line


def test_without_root_it_says_that_it_cannot_see(config):
    needs.to_be_root("to become somebody else")
    done = subprocess.run([CTL, "transparent", "rules", "-c", config, "--check"], capture_output=True, text=True, user="nobody", timeout=60)
    assert done.returncode == 2 and done.stdout == "" and "only root can see" in done.stderr


def printed(own_dir, text, *options):
    path = own_dir / "other.conf"
    path.write_text(text)
    return subprocess.run([CTL, "transparent", "rules", "-c", path, *options], capture_output=True, text=True, timeout=60)


def test_a_configuration_without_transparent_listeners_has_no_rules(own_dir):
    done = printed(own_dir, CONFIG.replace("transparent", "").replace("original", '"192.0.2.9:25"').replace("source client", ""))
    assert done.returncode == 1 and done.stdout == "" and "no listener is transparent" in done.stderr


def test_a_listener_that_nothing_is_taken_for_is_told(own_dir):
    done = printed(own_dir, CONFIG.replace('smtp "[2001:db8::5]:25"', ""))
    assert done.returncode == 0 and re.search(r"^# Nothing is taken for mx6 \(.*:3\): it leads to no server with an address of its family\.$", done.stdout, re.M)


def test_two_listeners_that_would_take_the_same_are_an_error(own_dir):
    again = 'listen imap "again" on "0.0.0.0:11143" { transparent  backend mailboxes }\n'
    done = printed(own_dir, CONFIG + again)
    assert done.returncode == 1 and done.stdout == ""
    assert "nothing would come to this listener" in done.stderr and "goes to the one of line 5" in done.stderr


def test_what_a_file_is_called_stays_within_its_comment(own_dir):
    path = own_dir / "a\nEND\nreboot\x1b.conf"
    path.write_text(CONFIG)
    done = subprocess.run([CTL, "transparent", "rules", "-c", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert all(line.startswith("\t\t# ") for line in done.stdout.splitlines() if "reboot" in line)


@pytest.mark.parametrize("options", [["--bridge", "lo"], ["--bridge", "../lo"], ["--mark", "0"], ["--mark", "0x100000000"], ["--mark", "1x"], ["--mark", "-1"],
                                     ["--table", "0"], ["--table", "254"], ["--table", "x"], ["--servers", "10.0.0.0/33"], ["--servers", "mail"], ["more"]])
def test_wrong_options_are_refused(own_dir, options):
    done = printed(own_dir, CONFIG, *options)
    assert done.returncode == 1 and done.stdout == "" and "usage:" in done.stderr
