# SPDX-License-Identifier: ISC
"""What RFC 9989 asks of DMARC: the cases of dmarc_cases.jsonl, each of which names its section, and others that are read in
place. The former are judged by the evaluator alone, and again by all of Gatepost, which asks a real name server.

A case: whose mail it is (from), for which domain SPF passes (spf), whose signatures verify (dkim) or could not be verified
(unverified), what stands in the DNS (dns), which names exist without a record that is asked for (exists), and what goes wrong
(errors)."""
import json
import pathlib
import subprocess

import pytest

from lab import check, needs
from lab.dns import Nsd, zonedata_text
from lab.sign import Key

OTHERS = needs.CASES / "dmarc9989.jsonl"
OURS = pathlib.Path(__file__).with_name("dmarc_cases.jsonl")
DUMP = needs.BUILD / "tests/dmarc_dump"


def load(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def by_id(cases):
    return [pytest.param(case, id=case["id"]) for case in cases]


def only(case, said):
    """Of what was said what the case speaks of."""
    return {name: said[name] for name in case["expect"]}


# ---- the evaluator


def question(case):
    signatures = [{"domain": d, "result": "pass"} for d in case.get("dkim", [])]
    signatures += [{"domain": d, "result": "temperror"} for d in case.get("unverified", [])]
    return {"ask": "evaluate", "header": "From: a@%s\r\n" % case["from"], "dns_txt": case["dns"],
            "spf": [{"domain": case["spf"], "result": "pass"}] if "spf" in case else [], "dkim": signatures,
            "existing_names": case.get("exists", []), "errors": case.get("errors", {})}


@pytest.fixture(scope="module")
def evaluated():
    cases = load(OURS)
    asked = "".join(json.dumps(question(case)) + "\n" for case in cases)
    done = subprocess.run([DUMP], input=asked, capture_output=True, text=True, check=True, timeout=60)
    return dict(zip((case["id"] for case in cases), map(json.loads, done.stdout.splitlines())))


@pytest.mark.skipif(not DUMP.exists(), reason="dmarc_dump is not built")
@pytest.mark.parametrize("case", by_id(load(OURS)))
def test_case_as_it_is_evaluated(case, evaluated):
    said = evaluated[case["id"]]
    rounds = said["asked"]
    assert len(rounds) <= 3 and all(len(names) <= 8 for names in rounds)
    assert only(case, {"result": said["result"], "policy": said["asked_policy"], "published": said["published_policy"],
                       "record": said["record_domain"], "org": said["org_domain"], "reason": said["reason"],
                       "spf": said["spf"], "dkim": said["dkim"], "questions": len(rounds[0])}) == case["expect"]


# ---- with a real name server


@pytest.fixture(scope="module")
def key():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Key()


@pytest.fixture(scope="module")
def nsd(run_dir):
    if not pathlib.Path("/usr/sbin/nsd").exists():
        pytest.skip("no NSD")
    server = Nsd(run_dir, {".": ""}, name="dmarc-cases").start()
    yield server
    server.stop()


def zone_of(case, key):
    records = {name: [{"type": "TXT", "value": text} for text in texts] for name, texts in case["dns"].items()}
    for name in case.get("exists", []):
        if not any(other.endswith("." + name) for other in records):
            records[name] = [{"type": "A", "value": "192.0.2.80"}]
    if "spf" in case:
        records.setdefault(case["spf"], []).append({"type": "TXT", "value": "v=spf1 ip4:192.0.2.9 -all"})
    for domain in case.get("dkim", []):
        records["s._domainkey." + domain] = [{"type": "TXT", "value": key.record}]
    return zonedata_text(records)


def message_of(case, key):
    message = b"From: a@%s\r\nSubject: x\r\n\r\nhello\r\n" % case["from"].encode()
    for domain in reversed(case.get("dkim", [])):
        message = key.sign(message, domain, "s")
    return message


def told(facts):
    return {"result": facts["dmarc.result"], "policy": facts["dmarc.policy"], "published": facts["dmarc.published"],
            "record": facts["dmarc.record_domain"] or "", "org": facts["dmarc.org_domain"] or "",
            "reason": facts["dmarc.reason"] or "", "spf": facts["dmarc.spf_aligned"], "dkim": facts["dmarc.dkim_aligned"]}


def can_be_served(case):
    return "errors" not in case and "unverified" not in case


@pytest.mark.parametrize("case", by_id(filter(can_be_served, load(OURS))))
def test_case_with_a_name_server(case, key, nsd, tmp_path):
    nsd.change({".": zone_of(case, key)})
    config, message = tmp_path / "check.conf", tmp_path / "message.eml"
    config.write_text('antivirus { enabled off }\nresolver { forward "%s" }\n' % nsd.address)
    message.write_bytes(message_of(case, key))
    sender = "a@" + case.get("spf", "nothing.invalid")
    done = check.gatepostctl("check", "--config", config, "--live", "--json", "--ip", "192.0.2.9", "--helo", "h.invalid",
                             "--from", sender, message)
    expected = {name: value for name, value in case["expect"].items() if name != "questions"}
    assert {name: told(json.loads(done.stdout)["facts"])[name] for name in expected} == expected, done.stderr


# ---- cases of others


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    config = check.configuration(tmp_path_factory.mktemp("dmarc"))
    done = subprocess.run([needs.BUILD / "gatepostctl", "check", "--config", config, "--batch", OTHERS.name], cwd=OTHERS.parent,
                          capture_output=True, text=True, timeout=60)
    return {result["id"]: result["facts"] for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.skipif(not OTHERS.exists(), reason="the cases are not here")
@pytest.mark.parametrize("case", by_id(load(OTHERS)))
def test_case_of_others(case, judged):
    assert only(case, judged[case["id"]]) == case["expect"]
