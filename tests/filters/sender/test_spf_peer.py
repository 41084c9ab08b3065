# SPDX-License-Identifier: ISC
"""SPF beside others on the same zones: libspf2 (in a child with limits, no network) and pyspf. Where they judge otherwise
than Gatepost is listed in spf_differences.txt, so that a new difference is noticed, and one that has gone as well."""
import ipaddress
import json
import pathlib
import subprocess

import pytest

from lab import judge, needs
from test_sender_corpora import spf_cases

PEER = needs.BUILD / "tests" / "spf_peer_dump"
DIFFERENCES = pathlib.Path(__file__).with_name("spf_differences.txt")
SUITES = ["rfc7208", "pyspf-adhoc", "jspf-tests", "mailzone-tests"]

pytestmark = [
    pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
    pytest.mark.skipif(not (needs.CORPORA / "spf").exists(), reason="no SPF corpus"),
]


@pytest.fixture(scope="module")
def cases():
    return {suite + "/" + name: members for suite in SUITES for name, _, members in spf_cases(suite)}


@pytest.fixture(scope="module")
def ours(cases, tmp_path_factory):
    facts = judge.facts(tmp_path_factory.mktemp("spf"), cases)
    return {name: fact["spf.result"] for name, fact in facts.items()}


@pytest.mark.skipif(not PEER.exists(), reason="spf_peer_dump is not built")
def test_libspf2(cases, ours):
    lines = "".join(json.dumps(members) + "\n" for members in cases.values())
    done = subprocess.run([PEER], input=lines, capture_output=True, text=True, timeout=280, check=True)
    said = dict(zip(cases, (json.loads(line)["result"] for line in done.stdout.splitlines()), strict=True))
    compare("libspf2", said, ours)


def compare(peer, said, ours):
    known = {case: result for case, (result, _) in judge.exceptions(DIFFERENCES).items() if case.startswith(peer + "/")}
    different = {"%s/%s" % (peer, case): result for case, result in said.items() if result != ours[case]}
    print("\n%s: %d of %d alike" % (peer, len(said) - len(different), len(said)))
    listed = "\n".join("%s %s (Gatepost %s)" % (case, result, ours[case[len(peer) + 1:]]) for case, result in
                       sorted(different.items() - known.items()))
    assert not listed, listed
    gone = sorted(known.items() - different.items())
    assert not gone, gone


# ---- pyspf


def pyspf_lookup(zone):
    """In place of spf.DNSLookup: answers from a zone, as its own tests do it."""
    spf = pytest.importorskip("spf", reason="no python3-spf")
    folded = {name.lower().rstrip("."): records for name, records in zone.items()}

    def look_up(name, kind, strict=True, timeout=None):
        records = folded.get(name.lower().rstrip("."), [])
        own = any(r["type"] == "TXT" for r in records)
        found = []
        for record in records:
            its, value = record["type"], record.get("value")
            if its == "SPF" and not own:
                its = "TXT"
            if its == "TIMEOUT" and not found:
                raise spf.TempError("DNS timeout")
            if its == "CNAME" or its == kind and value != "NONE":
                found.append(((name, its), as_pyspf(its, value)))
        return [((name, kind), value) if k[1] == kind else (k, value) for k, value in found]

    return look_up


def as_pyspf(kind, value):
    if kind == "TXT":
        return tuple(part.encode("latin-1") for part in (value if isinstance(value, list) else [value]))
    if kind == "AAAA":
        return ipaddress.ip_address(value).packed
    return tuple(value) if kind == "MX" else value


def test_pyspf(cases, ours, monkeypatch):
    spf = pytest.importorskip("spf", reason="no python3-spf")
    said = {}
    for name, case in cases.items():
        monkeypatch.setattr(spf, "DNSLookup", pyspf_lookup(case["dns"]))
        query = spf.query(i=case["ip"], s=case["from"], h=case["helo"], strict=True)
        query.set_default_explanation("DEFAULT")
        said[name] = query.check()[0]
    compare("pyspf", said, ours)
