# SPDX-License-Identifier: ISC
"""ARC over the ValiMail suite, and over chains that dkimpy seals here."""

import json
import subprocess

import pytest

from lab.needs import BUILD, CORPORA

ARC = CORPORA / "arc"
DUMP = BUILD / "tests/auth_dump"
NOW = 1763770000

pytestmark = pytest.mark.skipif(not DUMP.exists() or not ARC.exists(), reason="no ARC corpus, or not built")

UNSAID = "the suite expects no value; a chain that says cv=fail is fail (RFC 8617 5.2)"
NO_FROM = ("the AMS means what a DKIM-Signature means (RFC 8617 4.1.2), and one whose h= does not name From must be ignored "
           "(RFC 6376 6.1.1): anybody could be made the author of a message that it covers")
REASONS = {
    "cv_fail_i1_as_cv_fail": ("fail", UNSAID),
    "cv_fail_i2_as2_fail": ("fail", UNSAID),
    "cv_fail_i2_as1_fail": ("fail", UNSAID),
    "ams_fields_h_empty": ("fail", NO_FROM),
}


def text_of(path):
    return path.read_bytes().decode("latin-1")


def run(jobs, *arguments):
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run([DUMP, *arguments], input=lines.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert all(a["facts"]["arc.result"] == a["arc"]["result"] for a in answers if not a["arc"]["temporary"])
    return [a["arc"] | {"dmarc": a["facts"]["arc.dmarc"]} for a in answers]


def suite():
    suites = json.loads((ARC / "validation.json").read_text())["suites"]
    return [(name, test, s["txt-records"]) for s in suites for name, test in s["tests"].items()]


@pytest.mark.parametrize("arguments", [(), ("--jail",)])
def test_the_suite_of_valimail(arguments):
    cases = suite()
    jobs = [{"message": text_of(ARC / test["message_file"]), "now": NOW, "dns": dns} for _, test, dns in cases]
    same, reasons, different = 0, [], []
    for (name, test, _), answer in zip(cases, run(jobs, *arguments), strict=True):
        wanted, reason = REASONS.get(name, (test["cv"], None))
        if answer["result"] != wanted:
            different.append((name, wanted, answer))
        elif reason:
            reasons.append((name, reason))
        else:
            same += 1
    print(f"\nARC: {same} of {len(cases)} as expected, {len(reasons)} different for a reason:")
    for name, reason in reasons:
        print(f"  {name}: {reason}")
    assert not different, different[:5]


def test_real_chains():
    cases = json.loads((ARC / "extra.json").read_text())
    answers = run([{"message": text_of(ARC / c["file"]), "now": NOW, "dns": c["dns"]} for c in cases])
    assert [a["result"] for a in answers] == [c["cv"] for c in cases]
    assert all(a["sealers"] for a in answers)


def chain():
    """A chain of five that passes, with the DNS it needs."""
    return next((ARC / t["message_file"], dns) for name, t, dns in suite() if name == "cv_pass_i5_1")


def examine(message, dns, now=NOW):
    return run([{"message": message.decode("latin-1"), "now": now, "dns": dns}])[0]


def test_a_chain_names_its_sealers_and_its_oldest_pass():
    path, dns = chain()
    answer = examine(path.read_bytes(), dns)
    assert answer["result"] == "pass" and len(answer["sealers"]) == 5
    assert 0 <= answer["oldest_pass"] <= 5 and answer["rounds"] == 2


def test_what_the_first_sealer_wrote_is_told_while_the_chain_holds():
    path, dns = chain()
    message = path.read_bytes()
    assert examine(message, dns)["dmarc"] == "pass"
    broken = examine(message.replace(b"dmarc=pass", b"dmarc=fail"), dns)
    assert broken["result"] == "fail" and broken["dmarc"] is None


def test_any_change_breaks_a_chain():
    path, dns = chain()
    message = path.read_bytes()
    for old, new in ((b"Subject: ", b"Subject: re "), (b"Hey gang", b"Hey you"), (b"spf=pass", b"spf=fail"), (b"cv=none", b"cv=pass")):
        assert old in message
        assert examine(message.replace(old, new, 1), dns)["result"] == "fail", old


def test_dns_trouble_is_told():
    path, dns = chain()
    answer = examine(path.read_bytes(), {name: {"error": "TIMEOUT"} for name in dns})
    assert answer["result"] == "fail" and answer["temporary"]


def test_a_broken_chain_fails_for_good_though_one_of_its_keys_cannot_be_had():
    path, dns = chain()
    message = path.read_bytes().replace(b"spf=pass", b"spf=fail", 1)
    for name in dns:
        answer = examine(message, dns | {name: {"error": "TIMEOUT"}})
        assert answer["result"] == "fail" and (len(dns) == 1 or not answer["temporary"]), answer


def test_fifty_one_instances_are_too_many():
    head = b"".join(b"ARC-Seal: i=%d; cv=none\r\n" % i for i in range(1, 52))
    assert examine(head + b"\r\n", {})["result"] == "fail"
