# SPDX-License-Identifier: ISC
"""DKIM over the suites of other verifiers, and over messages that dkimpy signs here."""

import base64
import json
import subprocess

import pytest

from lab.needs import BUILD, CORPORA

DKIM = CORPORA / "dkim"
DUMP = BUILD / "tests/auth_dump"
NOW = 1763770000  # after every signature of the suites

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="not built")


def text_of(path):
    return path.read_bytes().decode("latin-1")


def run(jobs, *arguments):
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run([DUMP, *arguments], input=lines.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return [json.loads(line)["dkim"] for line in done.stdout.decode().splitlines()]


# ---- the suites

SHA1 = "rsa-sha1 is permerror before anything else is looked at (RFC 8301 3.1)"
SHORT = "keys under 1024 bits are not accepted (RFC 8301 3.2): policy"
DRAFT = "no v=1: a signature of a draft is permerror before it is verified (RFC 6376 3.5)"
RECORD = "the key record cannot be read: permerror (RFC 6376 6.1.2); dkimpy says fail"
REASONS = {
    **dict.fromkeys(["mail-dkim_bad_1", *(f"mail-dkim_bad_ietf01_{n}" for n in (1, 2, 3))], DRAFT),
    **dict.fromkeys(["rspamd_dmarc_bad_dkim4", "rspamd_dmarc_dmarc_tmpfail", "rspamd_dmarc_pct_none"], RECORD),
    **dict.fromkeys([f"sa_pass{n:02}" for n in (2, 3, 5, 6, 7, 8)], SHORT),
    **dict.fromkeys(["mail-dkim_bad_1878954", "opendkim_test68"], SHA1),
}
ALLOWED = {SHA1: "permerror", SHORT: "policy", DRAFT: "permerror", RECORD: "permerror"}


def only_sha1(case):
    return all(a == "rsa-sha1" for a in case["algorithms"])


def expected(case):
    words = {{"invalid": "permerror"}.get(word, word) for word in case["expected"].split("|")}
    if case["expected"] != "fail" and only_sha1(case) and case["algorithms"]:
        return {"permerror"}, SHA1 if "pass" in words else None
    if case["id"] in REASONS:
        return {ALLOWED[REASONS[case["id"]]]}, REASONS[case["id"]]
    return words, None


def suite():
    return json.loads((DKIM / "cases.json").read_text())["cases"]


@pytest.mark.skipif(not DKIM.exists(), reason="no DKIM corpus")
@pytest.mark.parametrize("arguments", [(), ("--jail",)])
def test_the_suites_of_other_verifiers(arguments):
    cases = suite()
    answers = run([{"message": text_of(DKIM / c["file"]), "now": NOW, "dns": c["dns"]} for c in cases], *arguments)
    same, reasons, different = 0, {}, []
    for case, answer in zip(cases, answers, strict=True):
        words, reason = expected(case)
        if answer["result"] not in words:
            different.append((case["id"], words, answer))
        elif reason:
            reasons.setdefault(reason, []).append(case["id"])
        else:
            same += 1
    print(f"\nDKIM: {same} of {len(cases)} as expected, {sum(map(len, reasons.values()))} different for a reason:")
    for reason, ids in reasons.items():
        print(f"  {len(ids)}: {reason}")
    assert not different, different[:5]


@pytest.mark.skipif(not DKIM.exists(), reason="no DKIM corpus")
def test_obsolete_algorithms_and_short_keys_never_pass():
    cases = suite()
    for case, answer in zip(cases, run([{"message": text_of(DKIM / c["file"]), "now": NOW, "dns": c["dns"]} for c in cases])):
        for signature in answer["signatures"]:
            if signature["result"] == "pass":
                assert signature["algorithm"].lower() in ("rsa-sha256", "ed25519-sha256"), case["id"]
                assert signature["bits"] >= (256 if "ed25519" in signature["algorithm"] else 1024), case["id"]


@pytest.mark.skipif(not DKIM.exists(), reason="no DKIM corpus")
def test_names_are_asked_for_in_one_round():
    for answer in run([{"message": text_of(DKIM / c["file"]), "now": NOW, "dns": c["dns"]} for c in suite()]):
        assert answer["rounds"] <= 2


@pytest.mark.skipif(not DKIM.exists(), reason="no DKIM corpus")
def test_canonical_forms():
    vectors = json.loads((DKIM / "canonicalization.json").read_text())["vectors"]
    done = subprocess.run([DUMP], input="".join(json.dumps(v) + "\n" for v in vectors).encode(), capture_output=True)
    equal = 0
    for vector, line in zip(vectors, done.stdout.decode().splitlines(), strict=True):
        answer = json.loads(line)
        for form in ("simple", "relaxed"):
            for part in ("header", "body"):
                if f"{form}_{part}" in vector:
                    assert answer[form][part] == vector[f"{form}_{part}"], vector["name"]
                    equal += 1
    print(f"\ncanonical forms: {equal} of {equal} equal, in {len(vectors)} vectors")


# ---- messages signed here by dkimpy

dkim = pytest.importorskip("dkim", reason="no python3-dkim")

MESSAGE = b"From: a@example.org\r\nTo: b@example.net\r\nSubject:  some   words\r\n\r\nOne  line \r\n\r\n\r\n"
_keys = {}


def rsa_key(bits):
    if bits not in _keys:
        pem = subprocess.run(
            ["openssl", "genrsa", "-traditional", str(bits)], capture_output=True, check=True
        ).stdout
        der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=pem, capture_output=True, check=True).stdout
        _keys[bits] = pem, "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
    return _keys[bits]


def sign(message, bits=2048, selector=b"s", **options):
    header = dkim.sign(message, selector, b"example.org", rsa_key(bits)[0], **options)
    return header + message


def verify(message, record, now=None, selector="s", **more):
    import time

    dns = {f"{selector}._domainkey.example.org": record, **more}
    return run([{"message": message.decode("latin-1"), "now": now or int(time.time()), "dns": dns}])[0]


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("text", [MESSAGE, MESSAGE[:-2], b"From: a@example.org\r\n\r\n", b"From: a@example.org\r\n\r\n \r\n\r\n"])
def test_what_dkimpy_signs_passes(header, body, text):
    answer = verify(sign(text, canonicalize=(header, body)), rsa_key(2048)[1])
    assert answer["result"] == "pass", answer
    assert answer["signatures"][0]["bits"] == 2048


@pytest.mark.parametrize("bits, result", [(512, "policy"), (1023, "policy"), (1024, "pass"), (4096, "pass")])
def test_key_sizes(bits, result):
    answer = verify(sign(MESSAGE, bits), rsa_key(bits)[1])
    assert answer["result"] == result
    assert answer["signatures"][0]["bits"] == bits


def test_a_short_key_does_not_hide_a_forgery():
    assert verify(sign(MESSAGE, 512).replace(b"One", b"Two"), rsa_key(512)[1])["result"] == "fail"


def test_a_long_record_is_read():
    record = rsa_key(4096)[1] + "; n=" + "x" * 3000
    assert verify(sign(MESSAGE, 4096), record)["result"] == "pass"


def test_text_after_a_signed_length_is_told():
    message = sign(MESSAGE, canonicalize=(b"relaxed", b"relaxed"), length=True)
    whole = verify(message, rsa_key(2048)[1])["signatures"][0]
    assert whole["result"] == "pass" and whole["whole_body"]
    for more in (b"x", b"Buy\r\n", b" \r\nx\r\n"):
        cut = verify(message + more, rsa_key(2048)[1])["signatures"][0]
        assert cut["result"] == "pass" and not cut["whole_body"], more
    blank = verify(message + b"\r\n \r\n", rsa_key(2048)[1])["signatures"][0]
    assert blank["result"] == "pass" and blank["whole_body"]


def test_a_key_may_ask_for_the_same_domain():
    message = sign(MESSAGE, identity=b"@sub.example.org")
    record = rsa_key(2048)[1]
    assert verify(message, record)["result"] == "pass"
    assert verify(message, record + "; t=s")["result"] == "permerror"


def test_many_signatures_are_judged_each_on_its_own():
    message = MESSAGE
    for i in range(12):
        message = sign(message, 1024, selector=b"s%d" % i)
    record = rsa_key(1024)[1]
    dns = {f"s{i}._domainkey.example.org": record for i in range(0, 12, 2)}
    answer = verify(message, {"error": "NXDOMAIN"}, **dns)
    assert [s["result"] for s in answer["signatures"]] == ["permerror", "pass"] * 5
    assert answer["ignored"] == 2 and answer["rounds"] == 2


def test_a_second_from_on_top_is_not_what_was_signed():
    message = sign(MESSAGE, include_headers=[b"from", b"from", b"to"])
    assert verify(message, rsa_key(2048)[1])["result"] == "pass"
    assert verify(b"From: evil@example.com\r\n" + message, rsa_key(2048)[1])["result"] == "fail"


def test_large_bodies_take_linear_time():
    import time

    body = b"words and  more \r\n" * 200_000
    message = sign(MESSAGE + body, canonicalize=(b"relaxed", b"relaxed"))
    began = time.monotonic()
    assert verify(message, rsa_key(2048)[1])["result"] == "pass"
    assert time.monotonic() - began < 10


def test_nothing_is_opened_in_the_jail():
    message = sign(MESSAGE)
    job = {"message": message.decode("latin-1"), "now": NOW + 10**8, "dns": {"s._domainkey.example.org": rsa_key(2048)[1]}}
    assert run([job], "--jail")[0]["result"] in ("pass", "permerror")
