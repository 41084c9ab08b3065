# SPDX-License-Identifier: ISC
"""The SPF suites through tests/spf_dump: the results and explanations of RFC 7208, or a reason for each that differs."""

import ipaddress
import json
import subprocess

import pytest

from lab.needs import BUILD, CORPORA

SPF = CORPORA / "spf"
DUMP = BUILD / "tests/spf_dump"
RUNS_MAX = 30

pytestmark = pytest.mark.skipif(not SPF.exists() or not DUMP.exists(), reason="no SPF corpus, or not built")

# "suite/case": why RFC 7208 is not what the suite wants
DIFFERENT = {
    "pyspf-adhoc/default-modifier": "pyspf's own default=; for RFC 7208 an unknown modifier, which is ignored (section 6)",
    "mail-auth-spf/DNS Lookup Limits 1": "ten names that do not exist: more than two void look-ups (4.6.4)",
    "mail-auth-spf/Exists 2": "exists asks for A records alone (5.7); the name has only AAAA",
    "mail-auth-spf/Macro expansion 2 2": "exists asks for A records alone, also for an IPv6 client (5.7)",
    "mail-auth-spf/IPv6 match 4": "an ip6 network, v4-mapped or not, holds no IPv4 client (5, 5.6)",
}


def evaluate(tests):
    lines = "".join(json.dumps(t) + "\n" for t in tests)
    done = subprocess.run([DUMP], input=lines, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(tests)
    return answers


def judge(suite, names, answers, wrongs):
    """wrongs: what is wrong with each answer, or None."""
    different = {}
    for name, answer, wrong in zip(names, answers, wrongs):
        assert 0 < answer["runs"] <= RUNS_MAX, name
        if wrong:
            different[f"{suite}/{name}"] = f"{wrong} ({answer['mechanism']} {answer['problem']})"
    expected = {name for name in DIFFERENT if name.startswith(suite + "/")}
    runs = [a["runs"] for a in answers]
    print(f"\n{suite}: {len(names) - len(different)} of {len(names)}, {len(expected)} differ for a reason; "
          f"runs {sum(runs) / len(runs):.1f} on average, {max(runs)} at most")
    assert set(different) == expected, "\n".join(f"{n}: {w}" for n, w in different.items() if n not in expected)


# ---- suites in the format of pyspf


def is_txt(entries):
    return any(e["type"] == "TXT" for e in entries)


def as_dns(entries):
    """SPF records stand for TXT too unless the name has its own; TXT "NONE" is no record."""
    result = []
    for entry in entries:
        if entry["type"] == "SPF" and not is_txt(entries):
            result.append({"type": "TXT", "value": entry["value"]})
        elif entry["type"] != "SPF" and entry.get("value") != "NONE":
            result.append(entry)
    return result


def scenarios(file):
    for scenario in json.loads((SPF / file).read_text())["scenarios"]:
        zone = {name: as_dns(entries) for name, entries in scenario["zonedata"].items()}
        for name, test in scenario["tests"].items():
            yield name, test, {
                "zone": zone,
                "ip": test["host"],
                "helo": test.get("helo") or "",
                "from": test.get("mailfrom") or "",
                "receiver": test.get("receiver", ""),
            }


def what_is_wrong(test, answer):
    if answer["result"] not in test["result"]:
        return f"{answer['result']}, not {' or '.join(test['result'])}"
    wanted = test.get("explanation")
    if wanted and answer["result"] == "fail" and answer["explanation"] != ("" if wanted == "DEFAULT" else wanted):
        return f"explanation {answer['explanation']!r}, not {wanted!r}"
    return None


@pytest.mark.parametrize("suite", ["rfc7208", "pyspf-adhoc", "jspf-tests", "mailzone-tests"])
def test_suite(suite):
    cases = list(scenarios(f"{suite}.json"))
    answers = evaluate([case for _, _, case in cases])
    judge(suite, [name for name, _, _ in cases], answers, [what_is_wrong(t, a) for (_, t, _), a in zip(cases, answers)])


# ---- mail-auth: the HELO identity first, and MAIL FROM when that passed or has no record


def addresses(kind, value):
    return [{"type": kind, "value": ip.strip()} for ip in value.split(",")]


def mail_auth_zone(records):
    zone = {"_dns_error.org": [{"type": "TIMEOUT"}]}

    def add(name, entries):
        zone.setdefault(name.rstrip("."), []).extend(entries)

    for record in records:
        kind, name, value = record["type"], record["name"], record["value"]
        targets = [v.strip() for v in value.split(",")]
        if kind in ("spf", "exp"):
            add(name, [{"type": "TXT", "value": value}])
        elif kind == "ptr":
            add(ipaddress.ip_address(name).reverse_pointer, [{"type": "PTR", "value": t} for t in targets])
        elif kind == "mx":  # each "exchange" is an address: give it a name
            hosts = [f"mx{i}.{name}" for i in range(len(targets))]
            add(name, [{"type": "MX", "value": [10, host]} for host in hosts])
            for host, ip in zip(hosts, targets):
                add(host, [{"type": "AAAA" if ":" in ip else "A", "value": ip}])
        else:
            add(name, addresses(kind.upper(), value))
    return zone


def test_mail_auth():
    names, tests = [], []
    for case in json.loads((SPF / "mail-auth-spf.json").read_text())["cases"]:
        for number, test in enumerate(case["tests"]):
            names.append((f"{case['name']} {number + 1}", test["expect"]))
            tests.append({"zone": mail_auth_zone(case["records"]), "ip": test["ip"], "helo": test["domain"],
                          "from": test["sender"], "receiver": "receiver.example"})
    helo = evaluate([{**t, "identity": "helo"} for t in tests])
    sender = evaluate(tests)
    answers, wrongs = [], []
    for (_, wanted), first, second in zip(names, helo, sender):
        answer = second if first["result"] in ("pass", "none") else first
        result, _, explanation = wanted.partition(" ")
        wrong = f"{answer['result']} {answer['explanation']}, not {wanted}"
        right = answer["result"] == result and answer["explanation"] == explanation
        answers.append(answer)
        wrongs.append(None if right else wrong)
    judge("mail-auth-spf", [name for name, _ in names], answers, wrongs)
