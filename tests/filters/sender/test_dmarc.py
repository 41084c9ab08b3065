# SPDX-License-Identifier: ISC
"""DMARC against the suites of others: records, public suffixes, alignment, From, whole evaluations. Every case that is
judged otherwise than its suite does is named here, with the reason."""
import base64
import json
import re
import subprocess

import pytest

from lab.needs import BUILD, CORPORA

DMARC = CORPORA / "dmarc"
DUMP = BUILD / "tests/dmarc_dump"

pytestmark = [
    pytest.mark.skipif(not DUMP.exists(), reason="dmarc_dump is not built"),
    pytest.mark.skipif(not DMARC.exists(), reason="no corpus"),
]

DISCARDED = "RFC 9989 4.7: a syntax error besides p and sp is discarded in favour of the default"
RECORD_EXCEPTIONS = {
    "v=DMARC1; p=none; rf=bob;": DISCARDED,
    "v=DMARC1; p=none; ri=bob;": DISCARDED,
    "v=DMARC1; p=none; rf=000000000000000000000000000000000": DISCARDED,
}
EVALUATION_EXCEPTIONS = {
    "multiple-records-no-org-fallback": "RFC 9989 4.10: several records at a name are discarded, and the walk goes on",
}
FROM_EXCEPTIONS = {
    "=?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?=,<second@attack.com>":
    "programs that decode first show admin@legitimate.com: the author is invalid",
}
SUFFIX_EXCEPTIONS = {}
ALIGNMENT_EXCEPTIONS = {}


def ask(what, questions):
    lines = "".join(json.dumps(dict(q, ask=what)) + "\n" for q in questions)
    out = subprocess.run([DUMP], input=lines.encode(), capture_output=True, check=True, timeout=60).stdout
    answers = [json.loads(line) for line in out.decode().splitlines()]
    assert len(answers) == len(questions)
    return answers


def settle(suite, differences, exceptions, total):
    """Prints n of m; what differs must be exactly what is excepted."""
    print("%s: %d of %d" % (suite, total - len(differences), total))
    for name in differences:
        print("  %s: %s" % (name, exceptions.get(name, differences[name])))
    assert differences.keys() == exceptions.keys(), differences


def load(name):
    return json.loads((DMARC / name).read_text())


def test_records():
    cases = load("record_parse.json")
    answers = ask("record", cases)
    differences = {c["record"]: a for c, a in zip(cases, answers) if c["valid"] != (a["parsed"] == "usable")}
    settle("records", differences, RECORD_EXCEPTIONS, len(cases))
    assert all(a == {"parsed": "usable", "p": "none"} for a in differences.values())


def a_labels(domain):
    return domain and domain.encode("idna").decode()


def test_public_suffixes():
    text = (DMARC / "psl/test_psl.txt").read_text()
    found = re.findall(r"^checkPublicSuffix\((null|'[^']*'), (null|'[^']*')\);", text, re.M)
    cases = [tuple(None if x == "null" else x.strip("'") for x in pair) for pair in found]
    answers = ask("org", [{"domain": domain or ""} for domain, _ in cases])
    differences = {c[0]: a for c, a in zip(cases, answers) if a["org"] != a_labels(c[1])}
    settle("public suffixes", differences, SUFFIX_EXCEPTIONS, len(cases))


def test_alignment():
    """With a record at the two last labels of the author, which there are the organisation."""
    cases = load("alignment.json")["cases"]
    answers = ask("evaluate", [{
        "header": header("a@" + c["from_domain"]), "dkim": [{"domain": c["identifier"], "result": "pass"}],
        "dns_txt": {"_dmarc." + ".".join(c["from_domain"].split(".")[-2:]): ["v=DMARC1; p=none; adkim=" + c["mode"][0]]},
    } for c in cases])
    differences = {c["identifier"]: a for c, a in zip(cases, answers) if a["dkim"] != c["aligned"]}
    settle("alignment", differences, ALIGNMENT_EXCEPTIONS, len(cases))


def header(*froms):
    return "".join("From: %s\r\n" % f for f in froms) + "Subject: x\r\n"


def read_as(domain, author):
    """What the suite means by a domain, several, none or "ambiguous"."""
    if domain == "ambiguous":
        return author["kind"] == "several"
    if domain is None:
        return author == {"kind": "none", "domains": []}
    if isinstance(domain, str) and domain.startswith("["):
        return author == {"kind": "none", "domains": [domain]}
    domains = [domain] if isinstance(domain, str) else domain
    return author == {"kind": "one" if len(domains) == 1 else "several", "domains": domains}


def test_from_extraction():
    cases = load("from_domain.json")
    answers = ask("author", [{"header": header(c["from"])} for c in cases])
    differences = {c["from"]: a for c, a in zip(cases, answers) if not read_as(c["domain"], a)}
    settle("From", differences, FROM_EXCEPTIONS, len(cases))


def question(case, **more):
    froms = [case["header_from"]]
    if case["id"] == "two-from-headers":
        froms.append("b@evil.example")
    return dict(case, header=header(*froms), **more)


def agrees(expected, answer):
    return (
        answer["result"] in expected["result"].split("|")
        and answer["published_policy"] == expected["published_policy"]
        and answer["disposition"] == (expected["disposition"] or "none")
    )


def test_evaluation():
    cases = load("evaluation.json")["cases"]
    answers = ask("evaluate", [question(c) for c in cases])
    differences = {c["id"]: a for c, a in zip(cases, answers) if not agrees(c["expect_rfc9989"] or c["expect"], a)}
    settle("evaluation", differences, EVALUATION_EXCEPTIONS, len(cases))


LEGITIMATE = {"_dmarc.legitimate.com": ["v=DMARC1; p=reject"], "_dmarc.example.com": ["v=DMARC1; p=reject"]}


def domains_anyone_could_read(case):
    """Of MAIL FROM, by the last and the first '@', and cut where a careless reader would stop."""
    sender = case["mail_from"].strip("<>")
    found = {sender.rpartition("@")[2], sender.partition("@")[2]}
    return found | {re.split(r"[('\"\0]", f)[-1].lstrip(".@") for f in found}


def test_no_espoofer_case_passes_for_the_victim():
    """Whatever of the attacker's own domains passed SPF and DKIM."""
    path = CORPORA / "smtp/espoofer.json"
    if not path.exists():
        pytest.skip("no corpus")
    cases = [c for c in json.loads(path.read_text())["cases"] if c["id"].startswith("server")]
    questions, owners = [], []
    for case in cases:
        message = base64.b64decode(case["message_b64"]).decode("latin-1")
        signers = [{"domain": d, "result": "pass"} for d in ("attack.com", (case["dkim"] or {}).get("d")) if d]
        for domain in domains_anyone_could_read(case) - {"legitimate.com"}:
            spf = [{"domain": domain, "result": "pass"}]
            questions.append({"header": message, "spf": spf, "dkim": signers, "dns_txt": LEGITIMATE})
            owners.append(case["id"])
    answers = ask("evaluate", questions)
    passed = [i for i, a in zip(owners, answers) if a["result"] == "pass"]
    print("espoofer: %d of %d" % (len(cases) - len(set(passed)), len(cases)))
    assert not passed


def test_the_zones_of_the_spf_suites_are_read_and_written():
    """What a DNS file says after it was read and written is what it says when that is read and written again."""
    suites = sorted((CORPORA / "spf").glob("*.json"))
    scenarios = [s for f in suites for s in json.loads(f.read_text()).get("scenarios", [])]
    zones = [{"zonedata": s["zonedata"]} for s in scenarios]
    if not zones:
        pytest.skip("no corpus")
    once = ask("zone", zones)
    twice = ask("zone", [{"zonedata": a["written"]} for a in once])
    assert once == twice
    kept = [set(n.lower().rstrip(".") for n in z["zonedata"]) == set(a["written"]) for z, a in zip(zones, once)]
    print("zones: %d of %d" % (sum(kept), len(kept)))
    assert all(kept)
