# SPDX-License-Identifier: ISC
"""Cases of the corpora through `gatepostctl check --batch`, each with a DNS of its own, and what may differ from what
their authors want: only what a file names, with the reason."""
import json

from lab import check, needs

EXCEPTIONS = needs.ROOT / "tests" / "filters" / "sender" / "sender_exceptions.txt"
CONFIGURATION = "antivirus { enabled off }\n"


def facts(folder, cases, more=""):
    """Checks {name: members of a batch line} in one run: {name: its facts}."""
    config, listing = folder / "judge.conf", folder / "judge.jsonl"
    config.write_text(CONFIGURATION + more)
    listing.write_text("".join(json.dumps(dict(members, id=name)) + "\n" for name, members in cases.items()))
    done = check.gatepostctl("check", "--config", config, "--batch", listing, timeout=280)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["id"] for result in results] == list(cases), done.stderr[-3000:]
    wrong = [result for result in results if "error" in result or "failed" in result]
    assert not wrong, wrong[:3]
    return {result["id"]: result["facts"] for result in results}


def txt(records):
    """{name: text}, as a DNS file says it; {"error": word} is what the DNS answers instead."""
    zone = {}
    for name, value in records.items():
        if not isinstance(value, dict):
            zone[name] = [{"type": "TXT", "value": value}]
        elif value["error"] != "NXDOMAIN":
            zone[name] = [{"type": value["error"]}]
    return zone


def exceptions(path=EXCEPTIONS):
    """{case: (what Gatepost says, why)} of a file: a line with a reason, below it, indented, the cases and results."""
    found, reason = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line[0].isspace():
            reason = line.strip()
        else:
            case, said = line.strip().rsplit(None, 1)
            assert reason and case not in found, line
            found[case] = said, reason
    return found


def settle(suite, said, wanted, path=EXCEPTIONS):
    """Prints n of m. `said` {case: result}, `wanted` {case: results allowed}. What differs must be what is excepted."""
    known = {case: why for case, why in exceptions(path).items() if case.startswith(suite + "/")}
    different = {"%s/%s" % (suite, case): result for case, result in said.items() if result not in wanted[case]}
    print("\n%s: %d of %d" % (suite, len(said) - len(different), len(said)))
    for reason in sorted({reason for _, reason in known.values()}):
        print("  %d: %s" % (sum(why == reason for _, why in known.values()), reason))
    news = {case: (result, wanted[case[len(suite) + 1:]]) for case, result in different.items() if case not in known}
    assert not news, news
    assert different == {case: result for case, (result, _) in known.items()}
