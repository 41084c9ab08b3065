# SPDX-License-Identifier: ISC
"""The corpora of SPF, DKIM, ARC and DMARC through gatepostctl check, offline: every case, or a reason for it in
sender_exceptions.txt."""
import base64
import ipaddress
import json

import pytest

from lab import judge, needs
from lab.sign import Key

NOW = 1763770000  # after every signature of the suites

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")


def load(*parts):
    return json.loads(needs.corpus(*parts).read_text())


# ---- SPF


def spf_cases(suite):
    for scenario in load("spf", suite + ".json")["scenarios"]:
        for name, test in scenario["tests"].items():
            yield name, test, {"ip": test["host"], "helo": test.get("helo") or "", "from": test.get("mailfrom") or "",
                               "dns": scenario["zonedata"], "time": NOW}


@pytest.mark.parametrize("suite", ["rfc7208", "pyspf-adhoc", "jspf-tests", "mailzone-tests"])
def test_spf(suite, tmp_path):
    """The zones as they stand in the suites; what a domain says of a failure is compared as well."""
    cases = list(spf_cases(suite))
    facts = judge.facts(tmp_path, {name: members for name, _, members in cases})
    judge.settle("spf/" + suite, {n: facts[n]["spf.result"] for n, _, _ in cases}, {n: t["result"] for n, t, _ in cases})
    for name, test, _ in cases:
        wanted, said = test.get("explanation"), facts[name]
        if wanted and said["spf.result"] == "fail":
            assert said["spf.explanation"] == (None if wanted == "DEFAULT" else wanted), name
        assert said["spf.identity"] == ("mailfrom" if test.get("mailfrom") else "helo"), name


def mail_auth_zone(records):
    zone = {"_dns_error.org": [{"type": "TIMEOUT"}]}

    def add(name, kind, *values):
        zone.setdefault(name.rstrip("."), []).extend({"type": kind, "value": value} for value in values)

    for record in records:
        kind, name, value = record["type"], record["name"], record["value"]
        values = [v.strip() for v in value.split(",")]
        if kind in ("spf", "exp"):
            add(name, "TXT", value)
        elif kind == "ptr":
            add(ipaddress.ip_address(name).reverse_pointer, "PTR", *values)
        elif kind == "mx":  # each "exchange" is an address: give it a name
            for i, ip in enumerate(values):
                host = "mx%d.%s" % (i, name)
                add(name, "MX", [10, host])
                add(host, "AAAA" if ":" in ip else "A", ip)
        else:
            add(name, kind.upper(), *values)
    return zone


def test_spf_of_mail_auth(tmp_path):
    """The HELO identity first, and MAIL FROM when that passed or has no record."""
    cases, wanted = {}, {}
    for case in load("spf", "mail-auth-spf.json")["cases"]:
        for number, test in enumerate(case["tests"], 1):
            name = "%s %d" % (case["name"], number)
            usual = {"ip": test["ip"], "helo": test["domain"], "dns": mail_auth_zone(case["records"])}
            cases["helo", name] = dict(usual, **{"from": ""})
            cases["mailfrom", name] = dict(usual, **{"from": test["sender"]})
            wanted[name] = [test["expect"]]
    facts = judge.facts(tmp_path, {"/".join(key): members for key, members in cases.items()})
    said = {}
    for name in wanted:
        helo, sender = facts["helo/" + name], facts["mailfrom/" + name]
        assert sender["spf.helo"] == helo["spf.result"]
        first = sender if helo["spf.result"] in ("pass", "none") else helo
        said[name] = " ".join(filter(None, [first["spf.result"], first["spf.explanation"]]))
    judge.settle("spf/mail-auth", said, wanted)


# ---- DKIM, ARC


def test_dkim(tmp_path):
    suite = load("dkim", "cases.json")["cases"]
    facts = judge.facts(tmp_path, {case["id"]: {"message": str(needs.CORPORA / "dkim" / case["file"]), "time": NOW,
                                                "dns": judge.txt(case["dns"])} for case in suite})
    wanted = {c["id"]: [{"invalid": "permerror"}.get(word, word) for word in c["expected"].split("|")] for c in suite}
    for case, fact in facts.items():
        results = [signature["result"] for signature in fact["dkim"]]
        assert fact["dkim.result"] in results or (fact["dkim.result"], results) == ("none", []), case
        for signature in fact["dkim"]:
            if signature["result"] == "pass":
                assert signature["algorithm"].lower() in ("rsa-sha256", "ed25519-sha256"), case
                assert signature["bits"] >= (256 if "ed25519" in signature["algorithm"] else 1024), case
    judge.settle("dkim", {case: fact["dkim.result"] for case, fact in facts.items()}, wanted)


def test_arc(tmp_path):
    suites = load("arc", "validation.json")["suites"]
    cases = {name: (test, s["txt-records"]) for s in suites for name, test in s["tests"].items()}
    cases.update({case["file"]: (dict(case, message_file=case["file"]), case["dns"]) for case in load("arc", "extra.json")})
    facts = judge.facts(tmp_path, {name: {"message": str(needs.CORPORA / "arc" / test["message_file"]), "time": NOW,
                                          "dns": judge.txt(dns)} for name, (test, dns) in cases.items()})
    assert all(fact["arc.sealers"] for fact in facts.values() if fact["arc.result"] == "pass")
    judge.settle("arc", {name: fact["arc.result"] for name, fact in facts.items()},
                 {name: [test["cv"]] for name, (test, _) in cases.items()})


# ---- DMARC


@pytest.fixture(scope="module")
def key():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Key()


@pytest.fixture(scope="module")
def other_key(key):
    return Key()


SPF_RECORDS = {"pass": "v=spf1 +all", "fail": "v=spf1 -all", "softfail": "v=spf1 ~all", "neutral": "v=spf1 ?all"}


def with_from(*fields):
    return ("".join("From: %s\r\n" % field for field in fields) + "Subject: x\r\n\r\nhello\r\n").encode()


def realise(case, folder, key, other_key):
    """A message, an envelope and a DNS for which SPF and DKIM give just what the case says."""
    zone = {name: [{"type": "TXT", "value": text} for text in texts] for name, texts in case["dns_txt"].items()}
    froms = [case["header_from"]] + (["b@evil.example"] if case["id"] == "two-from-headers" else [])
    message, sender = with_from(*froms), "somebody@nothing-known.example"
    for name in case["existing_names"]:
        zone.setdefault(name, []).append({"type": "A", "value": "192.0.2.80"})
    for result in case["spf"]:
        sender = "somebody@" + result["domain"]
        zone.setdefault(result["domain"], []).append({"type": "TXT", "value": SPF_RECORDS[result["result"]]})
    for i, result in enumerate(case["dkim"]):
        message = key.sign(message, result["domain"], "s%d" % i)
        published = key if result["result"] == "pass" else other_key
        zone["s%d._domainkey.%s" % (i, result["domain"])] = [{"type": "TXT", "value": published.record}]
    path = folder / (case["id"] + ".eml")
    path.write_bytes(message)
    return {"message": str(path), "from": sender, "dns": zone}


def told(fact):
    """result published/disposition, as the suite says them."""
    disposition = fact["dmarc.policy"] if fact["dmarc.result"] == "fail" else "none"
    return "%s:%s:%s" % (fact["dmarc.result"], fact["dmarc.published"], disposition)


def allowed(expected):
    return ["%s:%s:%s" % (result, expected["published_policy"], expected["disposition"] or "none")
            for result in expected["result"].split("|")]


def test_dmarc_evaluation(tmp_path, key, other_key):
    suite = load("dmarc", "evaluation.json")["cases"]
    facts = judge.facts(tmp_path, {case["id"]: realise(case, tmp_path, key, other_key) for case in suite})
    for case in suite:  # the message does say what the case supposes
        assert [s["result"] for s in facts[case["id"]]["dkim"]] == [s["result"] for s in case["dkim"]][::-1], case["id"]
    judge.settle("dmarc/evaluation", {name: told(fact) for name, fact in facts.items()},
                 {case["id"]: allowed(case["expect_rfc9989"] or case["expect"]) for case in suite})


def author(fact):
    """Whose message it is, as the suite says it."""
    if fact["message.from_several"]:
        return "several"
    return fact["dmarc.domain"] or ("invalid" if fact["message.from_invalid"] else "none")


def authors_wanted(domain):
    if domain == "ambiguous" or isinstance(domain, list) and len(domain) > 1:
        return ["several"]
    if domain is None:
        return ["none", "invalid"]
    return domain if isinstance(domain, list) else [domain]


def test_from(tmp_path):
    suite, cases = load("dmarc", "from_domain.json"), {}
    for number, case in enumerate(suite, 1):
        path = tmp_path / ("%d.eml" % number)
        path.write_bytes(with_from(case["from"]))
        cases[str(number)] = {"message": str(path), "dns": {}}
    facts = judge.facts(tmp_path, cases)
    judge.settle("dmarc/from", {name: author(fact) for name, fact in facts.items()},
                 {str(number): authors_wanted(case["domain"]) for number, case in enumerate(suite, 1)})


def test_dmarc_records(tmp_path):
    suite = load("dmarc", "record_parse.json")
    path = tmp_path / "message.eml"
    path.write_bytes(with_from("a@example.org"))
    facts = judge.facts(tmp_path, {str(number): {"message": str(path), "dns": judge.txt({"_dmarc.example.org": c["record"]})}
                                   for number, c in enumerate(suite, 1)})
    judge.settle("dmarc/records", {name: "usable" if fact["dmarc.record_domain"] else "none" for name, fact in facts.items()},
                 {str(number): ["usable" if case["valid"] else "none"] for number, case in enumerate(suite, 1)})


def rspamd_zone(dns):
    zone = {}
    for name, answers in dns.items():
        for answer in answers:
            if answer["rcode"] == "timeout":
                zone.setdefault(name, []).append({"type": "TIMEOUT", "value": answer["type"].upper()})
            elif answer["rcode"] != "nxdomain" and answer["type"] in ("a", "txt"):
                zone.setdefault(name, []).extend({"type": answer["type"].upper(), "value": v} for v in answer["replies"])
    return zone


def rspamd_said(fact):
    return fact["dmarc.result"] + ("/" + fact["dmarc.policy"] if fact["dmarc.result"] == "fail" else "")


def test_dmarc_of_rspamd(tmp_path):
    suite = load("dmarc", "rspamd_cases.json")
    zone = rspamd_zone(suite["dns"])
    facts = judge.facts(tmp_path, {case["name"]: {"message": str(needs.CORPORA / "dmarc" / case["file"]), "time": NOW,
                                                  "ip": case["client_ip"], "from": case["mail_from"] or "", "dns": zone}
                                   for case in suite["cases"]})
    judge.settle("dmarc/rspamd", {name: rspamd_said(fact) for name, fact in facts.items()},
                 {case["name"]: case["expect"] for case in suite["cases"]})


# ---- espoofer


ATTACKER = "192.0.2.66"


def espoofer_zone(case, key):
    """The attacker owns every domain that anyone could read in what he says, but for his victim's."""
    sender = case["mail_from"].strip("<>")
    readings = {sender.rpartition("@")[2], sender.partition("@")[2], "attack.com", case["helo"]}
    for mark in "('\"\0":
        readings |= {reading.rpartition(mark)[2].lstrip(".@") for reading in set(readings)}
    signers = {"attack.com", (case["dkim"] or {}).get("d", "attack.com")}
    zone = {"legitimate.com": [{"type": "TXT", "value": "v=spf1 -all"}],
            "_dmarc.legitimate.com": [{"type": "TXT", "value": "v=DMARC1; p=reject"}]}
    for name in readings - {"legitimate.com", "", "example.com"}:
        zone[name] = [{"type": "TXT", "value": "v=spf1 ip4:%s -all" % ATTACKER}]
    zone.update({"selector._domainkey." + d: [{"type": "TXT", "value": key.record}] for d in signers})
    return zone


def test_no_espoofer_case_passes_for_the_victim(tmp_path, key):
    suite = [case for case in load("smtp", "espoofer.json")["cases"] if case["id"].startswith("server")]
    cases = {}
    for case in suite:
        message = base64.b64decode(case["message_b64"])
        for domain in sorted({"attack.com", (case["dkim"] or {}).get("d", "attack.com")}):
            message = key.sign_if_it_can(message, domain, "selector")
        path = tmp_path / (case["id"] + ".eml")
        path.write_bytes(message)
        cases[case["id"]] = {"message": str(path), "ip": ATTACKER, "helo": case["helo"], "from": case["mail_from"],
                             "rcpt": [case["rcpt_to"]], "dns": espoofer_zone(case, key)}
    facts = judge.facts(tmp_path, cases)
    passed = [name for name, fact in facts.items() if fact["dmarc.result"] == "pass"]
    print("\nespoofer: %d of %d do not pass" % (len(cases) - len(passed), len(cases)))
    assert not passed
