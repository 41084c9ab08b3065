# SPDX-License-Identifier: ISC
"""gatepostctl check with the DNS: from a file, and asked live from real name servers, recorded and replayed."""
import json
import signal
import socket
import subprocess
import time

import pytest

from lab import check, needs, process
from lab.dns import Nsd, signed, zonedata_text
from lab.sign import Key

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

TIME = int(time.time()) + 3600
ENVELOPE = ["--ip", "192.0.2.9", "--helo", "mail.shop.test", "--from", "news@shop.test", "--rcpt", "user@example.com",
            "--time", str(TIME)]
LISTS = """
antivirus { enabled off }
blocklist "bl.test" { "127.0.0.2" weight 3  "127.0.0.4" weight 1 }
blocklist "dead.test" { "127.0.0.2" weight 7 }
blocklist domain "dbl.test" { "127.0.1.2" weight 2 }
rule "listed" when dnsbl.score >= 2 and dnsbl.listed("bl.test") then score 2 as "listed"
rule "forged" when dmarc.result == fail and dmarc.policy == reject then reject 550 5.7.1 "unauthenticated"
"""


@pytest.fixture(scope="module")
def key():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Key()


@pytest.fixture(scope="module")
def zone(key):
    return {
        "shop.test": [{"type": "TXT", "value": "v=spf1 include:_spf.shop.test -all"}, {"type": "MX", "value": [10, "mx.shop.test"]}],
        "_spf.shop.test": [{"type": "TXT", "value": ["v=spf1 a:mail.", "shop.test -all"]}],
        "mail.shop.test": [{"type": "A", "value": "192.0.2.9"}],
        "mx.shop.test": [{"type": "A", "value": "192.0.2.10"}],
        "9.2.0.192.in-addr.arpa": [{"type": "PTR", "value": "mail.shop.test"}],
        "k._domainkey.shop.test": [{"type": "CNAME", "value": "k.keys.test"}],
        "k.keys.test": [{"type": "TXT", "value": key.record}],
        "_dmarc.shop.test": [{"type": "TXT", "value": "v=DMARC1; p=reject; rua=mailto:d@shop.test"}],
        "9.2.0.192.bl.test": [{"type": "A", "value": "127.0.0.2"}],
        "bad.test.dbl.test": [{"type": "A", "value": "127.0.1.2"}],
    }


@pytest.fixture(scope="module")
def name_server(run_dir, zone):
    server = Nsd(run_dir, {".": zonedata_text(zone)}, name="nsd-check")
    yield server.start()
    server.stop()


@pytest.fixture
def mails(tmp_path, key):
    """A message that its author's domain signed, and one that somebody changed."""
    message = b"From: Shop <news@shop.test>\r\nTo: user@example.com\r\nSubject: news\r\n\r\nsee http://www.bad.test/x\r\n"
    good, forged = tmp_path / "good.eml", tmp_path / "forged.eml"
    good.write_bytes(key.sign(message, "shop.test", "k"))
    forged.write_bytes(key.sign(message, "shop.test", "k").replace(b"see", b"buy"))
    return good, forged


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "lists.conf"
    path.write_text(LISTS)
    return path


def run(*words, **how):
    done = check.gatepostctl("check", *words, **how)
    assert done.returncode != 1, done.stderr
    return done.stdout


def facts_of(text):
    return [json.loads(line)["facts"] for line in text.splitlines()]


# ---- from a file


def test_a_file_answers_for_names_lists_and_authentication(tmp_path, zone, mails, config):
    path = tmp_path / "dns.json"
    path.write_text(json.dumps(zone))
    good, forged = facts_of(run("-c", config, "--dns", path, *ENVELOPE, "--json", *mails))
    assert (good["client.ptr"], good["client.fcrdns"], good["helo.fits_client"]) == ("mail.shop.test", True, True)
    assert (good["spf.result"], good["spf.identity"], good["spf.domain"]) == ("pass", "mailfrom", "shop.test")
    assert [s["result"] for s in good["dkim"]] == ["pass"] and good["dkim"][0]["aligned"]
    assert (good["dmarc.result"], good["dmarc.policy"], good["dmarc.domain"]) == ("pass", "reject", "shop.test")
    assert (good["dnsbl.score"], good["dnsbl.lists"], good['dnsbl.listed("bl.test")']) == (3, ["bl.test"], True)
    assert (good["domains.score"], good["domains.found"]) == (2, ["bad.test"])
    assert forged["dkim.result"] == "fail" and forged["dmarc.result"] == "pass", "by SPF"


def test_an_envelope_alone_is_judged_as_far_as_it_goes(tmp_path, zone, config):
    listing = tmp_path / "batch.jsonl"
    listing.write_text(json.dumps({"ip": "192.0.2.9", "helo": "mail.shop.test", "from": "<a@shop.test>", "dns": zone}) + "\n")
    [fact] = facts_of(run("-c", config, "--batch", listing))
    assert fact["spf.result"] == "pass" and fact["sender"] == "a@shop.test"
    assert fact["dnsbl.score"] == 3 and fact["client.fcrdns"] is True
    assert "dkim" not in fact and "dmarc.result" not in fact


def test_without_dns_what_needs_it_is_unknown(mails, config):
    [fact] = facts_of(run("-c", config, *ENVELOPE, "--json", mails[0]))
    unknown = {name for name, value in fact.items() if value == "unknown"}
    assert {"spf.result", "dkim", "dkim.result", "dmarc.result", "arc.result", "dnsbl.score", "client.ptr", "helo.resolves",
            "domains.score", "greylist.known", 'dnsbl.listed("bl.test")'} <= unknown
    assert fact["message.domains"] == ["bad.test"] and fact["helo.valid"] is True
    assert "no DNS given" in run("-c", config, mails[0])


def test_the_line_of_a_batch_has_its_own_dns(tmp_path, zone, mails, config):
    path, listing = tmp_path / "dns.json", tmp_path / "batch.jsonl"
    path.write_text(json.dumps(zone))
    usual = {"ip": "192.0.2.9", "from": "a@shop.test", "helo": "x.test"}
    listing.write_text("".join(json.dumps(dict(usual, **more)) + "\n" for more in (
        {}, {"dns": {}}, {"dns": {"shop.test": [{"type": "TIMEOUT"}]}}, {"dns": {"shop.test": 1}}, {"time": -1}, {"dns": None})))
    done = check.gatepostctl("check", "-c", config, "--dns", path, "--batch", listing)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    said = [answer.get("facts", {}).get("spf.result") for answer in answers]
    assert said == ["pass", "none", "temperror", None, None, "pass"]
    assert "shop.test" in answers[3]["error"] and "time" in answers[4]["error"]


def test_a_file_larger_than_a_job_says_the_same(tmp_path, zone, mails, config):
    """The scanner is told piece by piece what it asks for."""
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    small.write_text(json.dumps(zone))
    filler = {"n%d.filler.test" % i: [{"type": "TXT", "value": "x" * 200}] for i in range(3000)}
    large.write_text(json.dumps(dict(filler, **zone)))
    assert len(large.read_bytes()) > 600000
    said = [run("-c", config, "--dns", path, *ENVELOPE, "--json", *mails) for path in (small, large)]
    assert said[0] == said[1]


def test_octets_above_127_and_nul_come_through(tmp_path, config):
    listing = tmp_path / "batch.jsonl"
    zone = {"x.test": [{"type": "TXT", "value": "v=spf1 -all exp=e.x.test"}],
            "e.x.test": [{"type": "TXT", "value": "caf\xe9 \x00"}]}
    listing.write_text(json.dumps({"from": "a\x00b@x.test", "helo": "\xe9", "dns": zone}) + "\n")
    [fact] = facts_of(run("-c", config, "--batch", listing))
    assert fact["spf.result"] == "fail" and fact["spf.explanation"] is None, "it is not ASCII"


@pytest.mark.parametrize("words, why", [
    (["--dns", "missing.json"], "missing.json"),
    (["--dns", "/dev/null"], "/dev/null"),
    (["--dns", "x", "--live"], "--live"),
    (["--dns", "x", "--record-dns", "y"], "--live"),
    (["--resolver", "127.0.0.1"], "--live"),
    (["--live", "--resolver", "localhost"], "localhost"),
    (["--live", "--resolver", "127.0.0.1:0"], "127.0.0.1:0"),
    (["--live", "--resolver", "[::1"], "[::1"),
    (["--time", "soon"], "soon"),
])
def test_what_makes_no_sense_is_told(mails, words, why):
    done = check.gatepostctl("check", *words, mails[0])
    assert done.returncode == 1 and why in done.stderr and not done.stdout


# ---- live


def live(server, *words):
    return ["--live", "--resolver", server.address, *words]


def test_a_live_run_is_reproduced_from_its_record(tmp_path, name_server, mails, config):
    record = tmp_path / "record.json"
    asked = run("-c", config, *live(name_server, "--record-dns", record), *ENVELOPE, "--json", *mails)
    assert asked == run("-c", config, "--dns", record, *ENVELOPE, "--json", *mails)
    good, _ = facts_of(asked)
    assert good["dmarc.result"] == "pass" and good["dkim.result"] == "pass" and good["spf.result"] == "pass"
    assert good["dnsbl.lists"] == ["bl.test"] and good["domains.found"] == ["bad.test"] and good["client.fcrdns"] is True
    heard = json.loads(record.read_text())
    assert heard["k._domainkey.shop.test"][0]["value"].startswith("v=DKIM1"), "the alias was followed"
    assert "9.2.0.192.dead.test" not in heard, "what does not exist is left out"


def test_live_says_what_the_file_says(tmp_path, zone, name_server, mails, config):
    path = tmp_path / "dns.json"
    path.write_text(json.dumps(zone))
    assert run("-c", config, *live(name_server), *ENVELOPE, "--json", *mails) == \
        run("-c", config, "--dns", path, *ENVELOPE, "--json", *mails)


def test_a_batch_asks_for_many_messages_at_once(tmp_path, name_server, mails, config):
    record, listing = tmp_path / "record.json", tmp_path / "batch.jsonl"
    lines = [{"id": i, "ip": "192.0.2.%d" % (i % 20), "helo": "mail.shop.test", "from": "a@%d.shop.test" % i, "time": TIME,
              **({"message": str(mails[i % 2])} if i % 3 else {})} for i in range(120)]
    listing.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = run("-c", config, *live(name_server, "--record-dns", record), "--batch", listing)
    assert len(asked.splitlines()) == 120
    assert asked == run("-c", config, "--dns", record, "--batch", listing)


def test_a_name_server_that_is_not_there_fails_nothing_but_facts(tmp_path, mails, config):
    dead = Nsd(tmp_path)  # never started
    config.write_text("resolver { timeout 500ms }\n" + config.read_text())
    record = tmp_path / "record.json"
    asked = run("-c", config, *live(dead, "--record-dns", record), *ENVELOPE, "--json", *mails, timeout=60)
    assert asked == run("-c", config, "--dns", record, *ENVELOPE, "--json", *mails)
    for fact in facts_of(asked):
        assert (fact["spf.result"], fact["dkim.result"], fact["dmarc.result"]) == ("temperror",) * 3
        assert fact["client.ptr"] == "unknown"


def test_what_was_validated_stays_so_in_the_record(run_dir, tmp_path, config):
    text, anchor = signed(tmp_path / "keys", "safe.test", '@ TXT "v=spf1 -all"')
    key = tmp_path / "root.key"
    key.write_text(anchor)
    record = tmp_path / "record.json"
    server = Nsd(tmp_path, {"safe.test": text}, name="nsd-signed").start()
    try:
        config.write_text('resolver { dnssec on root_key "%s" stub "safe.test" "%s" }\nantivirus { enabled off }\n'
                          % (key, server.address))
        listing = tmp_path / "batch.jsonl"
        listing.write_text(json.dumps({"from": "a@safe.test", "helo": "safe.test"}) + "\n")
        asked = run("-c", config, "--record-dns", record, "--batch", listing, timeout=60)
    finally:
        server.stop()
    assert asked == run("-c", config, "--dns", record, "--batch", listing)
    assert facts_of(asked)[0]["spf.dnssec"] is True
    assert json.loads(record.read_text())["safe.test"][0]["dnssec"] is True


def test_the_report_tells_of_the_sender(name_server, mails, config):
    said = run("-c", config, *live(name_server), *ENVELOPE, mails[0])
    for words in ("SPF          pass for shop.test (mailfrom), by", "DKIM         pass for shop.test, selector k, rsa-sha256 1024 bits",
                  "DMARC        pass for shop.test, asks for reject", "ARC          none",
                  "client       mail.shop.test, confirmed; HELO resolves, fits", "lists        score 3: bl.test",
                  "domain lists score 2: dbl.test", "questions)"):
        assert words in said, said


def test_lines_from_a_pipe_are_answered_while_it_is_open(name_server, config):
    words = [str(w) for w in ["check", "-c", config, *live(name_server), "--batch", "-"]]
    line = json.dumps({"ip": "192.0.2.9", "helo": "mail.shop.test", "from": "a@shop.test"}) + "\n"
    with subprocess.Popen([needs.BUILD / "gatepostctl", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run_:
        for _ in range(3):
            run_.stdin.write(line)
            run_.stdin.flush()
            assert json.loads(run_.stdout.readline())["facts"]["spf.result"] == "pass"
        run_.stdin.close()
    assert run_.returncode == 0


def test_an_interrupt_ends_it_while_it_waits_for_the_dns(tmp_path, mails, config):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    config.write_text("resolver { timeout 60s }\n" + config.read_text())
    words = ["check", "-c", config, "--live", "--resolver", "127.0.0.1:%d" % silent.getsockname()[1], mails[0]]
    run_ = process.Process("waiting", [needs.BUILD / "gatepostctl", *words], tmp_path).start()
    silent.settimeout(20)
    silent.recv(512)  # it has asked
    run_.signal(signal.SIGINT)
    assert run_.popen.wait(10) == -signal.SIGINT
    silent.close()


def test_patience_with_the_dns_has_an_end_and_a_record(tmp_path, mails, config):
    """What was not answered by then counts as timed out, now as in a run from the record."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    config.write_text("resolver { timeout 60s patience 700ms }\n" + config.read_text())
    record, server = tmp_path / "record.json", "127.0.0.1:%d" % silent.getsockname()[1]
    began = time.monotonic()
    asked = run("-c", config, "--record-dns", record, "--resolver", server, *ENVELOPE, "--json", *mails)
    assert time.monotonic() - began < 10
    silent.close()
    assert asked == run("-c", config, "--dns", record, *ENVELOPE, "--json", *mails)
    assert all(fact["spf.result"] == fact["dmarc.result"] == "temperror" for fact in facts_of(asked))
