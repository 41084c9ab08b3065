# SPDX-License-Identifier: ISC
"""From, as readers of others see it: who is shown is who is judged, by the shipped policy and DMARC."""
import json
import shutil
from collections import Counter

import pytest

from lab import check, from_spellings, needs

VICTIM, OWN = "bank.com", "evil.example"
CLIENT = "192.0.2.1"
ZONE = {
    VICTIM: [{"type": "TXT", "value": "v=spf1 -all"}],
    "_dmarc." + VICTIM: [{"type": "TXT", "value": "v=DMARC1; p=reject"}],
    OWN: [{"type": "TXT", "value": "v=spf1 ip4:%s -all" % CLIENT}],
    "_dmarc." + OWN: [{"type": "TXT", "value": "v=DMARC1; p=none"}],
}
GOOD = "good.example"
GOOD_ZONE = {
    GOOD: [{"type": "TXT", "value": "v=spf1 ip4:%s -all" % CLIENT}],
    "_dmarc." + GOOD: [{"type": "TXT", "value": "v=DMARC1; p=reject"}],
}

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")


def judge(folder, messages, domain, zone):
    """What becomes of messages that the owner of a domain sends: [(verdict, dmarc.result, facts)]."""
    config, listing, dns = check.configuration(folder), folder / "from.jsonl", folder / "dns.json"
    dns.write_text(json.dumps(zone))
    with open(listing, "w") as lines:
        for number, message in enumerate(messages):
            path = folder / ("%d.eml" % number)
            path.write_bytes(message)
            lines.write(json.dumps({"ip": CLIENT, "helo": "mail." + domain, "from": "x@" + domain, "rcpt": ["user@example.com"],
                                    "message": str(path)}) + "\n")
    done = check.gatepostctl("check", "--config", config, "--dns", dns, "--json", "--batch", listing)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(messages), done.stderr[-3000:]
    return [(r["verdict"], r["facts"]["dmarc.result"], r["facts"]) for r in results]


def written(value):
    return b"From: %s\r\nTo: user@example.com\r\nSubject: pay\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n" % value.encode()


def escaped(cases):
    """Those that got through, in the order of their length."""
    return "\n".join("%r %s" % case for case in sorted(cases, key=lambda case: len(case[0]))[:40])


needs_perl = pytest.mark.skipif(not shutil.which("perl"), reason="no perl")


@needs_perl
def test_whom_any_reader_shows_must_have_sent_it(tmp_path):
    values = from_spellings.spellings(VICTIM, OWN)
    readers = from_spellings.readers_of(values, VICTIM)
    results = judge(tmp_path, [written(value) for value in values], OWN, ZONE)
    shown = [(value, who, verdict, dmarc) for value, who, (verdict, dmarc, _) in zip(values, readers, results) if who]
    passed = [(value, who) for value, who, _, dmarc in shown if dmarc == "pass"]
    accepted = [(value, who) for value, who, verdict, _ in shown if verdict not in check.STOPPED]
    print("\n%d spellings; %d show %s to a reader (%s); of those %d are accepted, %d pass DMARC" % (
        len(values), len(shown), VICTIM, dict(Counter(name for _, who, *_ in shown for name in who)), len(accepted), len(passed)))
    assert len(values) >= 2000 and len(shown) >= 1500
    assert all(any(name in who for _, who, *_ in shown) for name in from_spellings.READERS)
    assert not passed, "%d\n%s" % (len(passed), escaped(passed))
    assert not accepted, "%d\n%s" % (len(accepted), escaped(accepted))


def test_ones_own_address_passes_however_it_is_spelt(tmp_path):
    values = from_spellings.own_spellings(GOOD)
    results = judge(tmp_path, [written(value) for value in values], GOOD, GOOD_ZONE)
    refused = [(value, (verdict, dmarc)) for value, (verdict, dmarc, _) in zip(values, results) if (verdict, dmarc) != ("accept", "pass")]
    print("\n%d of %d spellings of one's own address are accepted and pass" % (len(values) - len(refused), len(values)))
    assert len(values) >= 200
    assert not refused, escaped(refused)


def test_the_cases_that_once_got_through_are_refused(tmp_path):
    manifest = needs.CORPORA.parent / "cases" / "from" / "cases.json"
    if not manifest.exists():
        pytest.skip("no cases")
    cases = json.loads(manifest.read_text())
    messages = [(manifest.parent / name).read_bytes() for name in cases["refused"]]
    results = judge(tmp_path, messages, OWN, cases["dns"])
    got_through = [(name, result[:2]) for name, result in zip(cases["refused"], results)
                   if result[0] not in check.STOPPED or result[1] == "pass"]
    assert not got_through


LOOKS_LIKE_IT = ["ceo@bank.com" + end for end in "\x01 \x7f \x0b \x1b / = ? # #x ' [ %00 @ \\ \u202e \u00a0 \uff20evil.example".split(" ")] + [
    "ceo@bank..com", "ceo@\x1bbank.com", "ceo@*.bank.com", "ceo@.bank.com", "ceo@%s.bank.com" % ("a" * 64), "ceo@[bank.com]", "ceo\uff20bank.com",
    "ceo@bank\uff0ecom", "ceo@bank\u3002com", "ceo@ba\u00adnk.com", '"ceo@bank.com"', "=?utf-8?q?ceo=40bank.com?=", "ceo@=?utf-8?q?bank.com?=",
    "<ceo@bank.com:x@evil.example>", "ceo@bank.com@evil.example", "ceo@bank.com\fx@evil.example", "x@<bank.com,x@evil.example>",
    "\u202emoc.knab@oec.evil.example", ",".join(["x@evil.example"] * 70 + ["ceo@bank.com"])]


def test_what_looks_like_an_address_to_people_is_refused(tmp_path):
    """Whether or not a program takes it for one."""
    results = judge(tmp_path, [written(value) for value in LOOKS_LIKE_IT], OWN, ZONE)
    got_through = [(value, verdict, dmarc) for value, (verdict, dmarc, _) in zip(LOOKS_LIKE_IT, results)
                   if verdict not in check.STOPPED or dmarc == "pass"]
    assert not got_through


# ---- a From that is none


BODY = b"To: user@example.com\r\nSubject: pay\r\n\r\nhello\r\n"


@pytest.mark.parametrize("header", [
    b"", b"Sender: ceo@bank.com\r\n", b"From:\r\n", b"From: \r\n", b"From: <>\r\n", b"From: nobody\r\n", b"From: (ceo@bank.com)\r\n",
    b"From: undisclosed:;\r\n", b"From\r\n : ceo@bank.com\r\n", b"From\xc2\xa0: ceo@bank.com\r\n", b"From: ceo@\r\n",
    b"From: x@evil.example\r\nFrom: ceo@bank.com\r\n", b"From: x@evil.example\r\nFrom\r\n : ceo@bank.com\r\n",
    b"From: x@evil.example\r\nFrom\x0b: ceo@bank.com\r\n"])
def test_a_message_without_an_author_is_refused(tmp_path, header):
    [(verdict, dmarc, _)] = judge(tmp_path, [header + BODY], OWN, ZONE)
    assert verdict in check.STOPPED and dmarc != "pass"
