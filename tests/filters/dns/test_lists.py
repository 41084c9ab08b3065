# SPDX-License-Identifier: ISC
"""Blocklists against the corpus' cases. Every case that is judged otherwise than it says is named here, with the
reason."""
import json
import subprocess

import pytest

from lab import needs
from lab.dns import Nsd

CASES = needs.CORPORA / "lists" / "dnsbl_cases.json"
DUMP = needs.BUILD / "tests/lists_dump"

WATCH = needs.BUILD / "tests/list_watch_dump"

pytestmark = pytest.mark.skipif(not DUMP.exists() or not WATCH.exists(), reason="not built: make units")

POLICY = "a list does not know who is authenticated: that is for a rule to ask"
NO_TEXT = "TXT is never asked: what a reply says is the policy's, not the list's"
EXCEPTIONS = {"pbl-only-authenticated": POLICY, "txt-reason": NO_TEXT}

ALL_CODES = '"127.0.0.2".."127.0.0.30" weight 1'
CODES = {
    "list.dnswl.org": '"127.0.2.1".."127.0.20.1" weight 1 "127.0.2.2".."127.0.20.3" weight 4',
    "c.example": '"127.0.0.1" weight 3',
}
ALLOW = {"list.dnswl.org", "c.example"}


def zone_of(case, zone, weight=1):
    codes = CODES.get(zone, ALL_CODES.replace("weight 1", "weight %s" % weight))
    if case.get("rule") == "only 127.0.0.2-7":
        codes = '"127.0.0.2".."127.0.0.7" weight 1'
    return '%s "%s" { %s }\n' % ("allowlist" if zone in ALLOW else "blocklist", zone, codes)


def question_of(case):
    """The configuration and the DNS that a case describes."""
    octets = ".".join(reversed(case["ip"].split(".")))
    config, dns = "", {}
    for name, answer in case.get("lists", {}).items():
        zone, _, weight = name.partition("*")
        config += zone_of(case, zone, abs(int(weight or 1)))
        dns[octets + "." + zone] = answer
    if "zone" in case:
        zone = "any.example" if case["zone"] == "any" else case["zone"]
        config += zone_of(case, zone)
        if case.get("query") and case.get("answer", "NXDOMAIN") != "NXDOMAIN":
            dns[case["query"].replace("<zone>", zone)] = case["answer"]
    return {"config": config, "client": case["ip"], "dns": dns}


def is_met(case, answer):
    """Whether the lists say what the case expects in words."""
    expected = case["expect"]
    listed = list(answer["listed"].values())
    if case.get("query") and "<zone>" not in case["query"] and answer["asked"] != [case["query"]]:
        return False
    if "self test" in expected:
        return answer["wrong"] is None
    if expected.startswith("no query"):
        return answer["asked"] == [] and listed == [False]
    if expected.startswith("no result") or "error" in expected or "ignored" in expected:
        return listed == ["unknown"]
    if expected.startswith("listed") or "reply splitting" in expected:
        return listed == [True]
    if expected.startswith("not ") or "no bonus" in expected:
        return listed == [False]
    return answer["score"] <= 0 and "unknown" not in listed  # white wins, and sums


@pytest.mark.skipif(not CASES.exists(), reason="no corpus")
def test_cases_of_lists():
    cases = json.loads(CASES.read_text())["cases"]
    lines = "".join(json.dumps(question_of(case)) + "\n" for case in cases)
    out = subprocess.run([DUMP], input=lines, capture_output=True, check=True, text=True, timeout=60).stdout
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == len(cases)
    differences = {c["id"]: a for c, a in zip(cases, answers) if c["id"] in EXCEPTIONS or not is_met(c, a)}
    print("lists: %d of %d" % (len(cases) - len(differences), len(cases)))
    for name in differences:
        print("  %s: %s" % (name, EXCEPTIONS.get(name, differences[name])))
    assert differences.keys() == EXCEPTIONS.keys(), differences


# The watch, on a real name server

WELL = "2.0.0.127 A 127.0.0.2\n"
ZONES = {
    "well.test": WELL + "1.2.0.192 A 127.0.0.2\n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n",
    "wild.test": WELL + "* A 127.0.0.2\n*.0.0.127 A 127.0.0.2\n*.2.0.192 A 127.0.0.2\n",
    "gone.test": "www A 192.0.2.80\n",
    "refusing.test": "* A 127.255.255.254\n",
    "domains.test": "test A 127.0.1.2\n",
    "sold.test": "* A 203.0.113.7\n",
}


def test_broken_lists_are_suspended_and_listings_of_ours_are_told(own_dir):
    nsd = Nsd(own_dir, ZONES).start()
    try:
        config = own_dir / "watch.conf"
        config.write_text('resolver { forward "%s" }\naddresses "192.0.2.1" "2001:db8::1"\n' % nsd.address + "".join(
            'blocklist %s"%s" { "127.0.0.2" "127.0.1.2" }\n' % ("domain " * (zone == "domains.test"), zone) for zone in ZONES))
        done = subprocess.run([WATCH, config], capture_output=True, text=True, timeout=60)
    finally:
        nsd.stop()
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["wild.test", "gone.test", "refusing.test", "sold.test"], done.stderr
    for zone, why in [("wild", "a wildcard"), ("gone", "not listed"), ("refusing", "public resolvers"), ("sold", "outside")]:
        assert [line for line in done.stderr.splitlines() if "suspended zone=%s.test" % zone in line and why in line], done.stderr
    listings = [line for line in done.stderr.splitlines() if "own address listed" in line]
    assert len(listings) == 2 and all("zone=well.test" in line for line in listings), done.stderr
