# SPDX-License-Identifier: ISC
"""The resolver, in the proxy's jail, on real name servers and on one that misbehaves (resolver_dump.c)."""
import ipaddress
import json
import subprocess
import time

import pytest

from lab import dns_responder as responder
from lab import needs
from lab.dns import Nsd, Unbound, signed, zonedata_text

DUMP = needs.BUILD / "tests" / "resolver_dump"

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="not built: make units")

ZONE = r"""
@        MX 20 mx2
@        MX 10 mx1
@        MX 0 .
mx1      A 192.0.2.1
mx1      A 192.0.2.2
mx1      AAAA 2001:db8::1
Mixed    CNAME Alias.Example.TEST.
alias    CNAME mx1
dangling CNAME nowhere
outside  CNAME www.other.test.
long     TXT "v=DKIM1; " "p=" "abc" ""
two      TXT "first"
two      TXT "second"
odd      TXT "\000\200\255\"\\"
odd\.dot A 192.0.2.3
strange  PTR a\.b\\\000\255.example.test.
*.wild   TXT "matched"
under_score._domainkey TXT "k"
big      TXT ""
deep.ent A 192.0.2.4
""" + "".join('big TXT "%03d%s"\n' % (i, "x" * 100) for i in range(60)) \
    + "".join("many A 192.0.2.%d\n" % i for i in range(100)) \
    + "".join("toomany A 10.0.%d.%d\n" % (i // 250, i % 250) for i in range(129)) \
    + "".join("chain%d CNAME chain%d\n" % (i, i + 1) for i in range(8)) + "chain8 A 192.0.2.8\n" \
    + "loop1 CNAME loop2\nloop2 CNAME loop1\n"

OTHER = "www A 192.0.2.77\n"
REVERSE = "1 PTR mx1.example.test.\n1 PTR other.example.test.\n"


@pytest.fixture(scope="module")
def nsd(run_dir):
    server = Nsd(run_dir, {"example.test": ZONE, "other.test": OTHER, "2.0.192.in-addr.arpa": REVERSE,
                           "168.192.in-addr.arpa": "1.1 PTR inside.example.test.\n"}, name="nsd-resolver").start()
    yield server
    server.stop()


@pytest.fixture
def bad():
    server = responder.Responder().start()
    yield server
    server.stop()


class Resolver:
    """resolver_dump with a configuration; tell() sends lines, end() gives what it said, by inquiry."""

    def __init__(self, folder, block):
        path = folder / "resolver.conf"
        path.write_text("resolver {\n%s\n}\n" % block)
        empty = folder / "empty"
        empty.mkdir(exist_ok=True)
        root = [empty] if needs.IS_ROOT and not needs.SANITIZED else []
        self.process = subprocess.Popen([DUMP, path, *root], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def tell(self, *lines):
        for line in lines:
            self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return json.loads(line)

    def end(self):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, (self.process.returncode, err[-4000:])
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def resolve(tmp_path):
    """resolve(block, line, ...): what resolver_dump says to these lines."""
    def run(block, *lines):
        resolver = Resolver(tmp_path, block)
        resolver.tell(*lines)
        return resolver.end()
    return run


def ask(*pairs, **more):
    return dict(ask=[pair.rsplit(" ", 1) for pair in pairs], **more)


def forward(server, more=""):
    return 'forward "%s"\n%s' % (server.address, more)


def answers(resolve, block, *pairs):
    said = resolve(block, ask(*pairs))
    assert len(said) == 1
    return {pair: (a["status"], a["records"]) for pair, a in said[0]["answers"].items()}


# ---- what a real server says


def test_every_type_is_found(nsd, resolve):
    assert answers(resolve, forward(nsd), "example.test MX", "mx1.example.test A", "mx1.example.test AAAA",
                   "two.example.test TXT", "1.2.0.192.in-addr.arpa PTR", "mixed.example.test CNAME") == {
        "example.test MX": ("found", [[20, "mx2.example.test"], [10, "mx1.example.test"], [0, ""]]),
        "mx1.example.test A": ("found", ["192.0.2.1", "192.0.2.2"]),
        "mx1.example.test AAAA": ("found", ["2001:db8::1"]),
        "two.example.test TXT": ("found", ["first", "second"]),
        "1.2.0.192.in-addr.arpa PTR": ("found", ["mx1.example.test", "other.example.test"]),
        "mixed.example.test CNAME": ("found", ["alias.example.test"]),
    }


def test_no_data_and_no_name_are_different(nsd, resolve):
    assert answers(resolve, forward(nsd), "mx1.example.test TXT", "none.example.test A", "ent.example.test A",
                   "dangling.example.test A", "alias.example.test MX") == {
        "mx1.example.test TXT": ("no data", []),
        "none.example.test A": ("no name", []),
        "ent.example.test A": ("no data", []),
        "dangling.example.test A": ("no name", []),
        "alias.example.test MX": ("no data", []),
    }


def test_cnames_are_followed(nsd, resolve):
    assert answers(resolve, forward(nsd), "MIXED.example.test A", "outside.example.test A", "chain0.example.test A",
                   "loop1.example.test A") == {
        "MIXED.example.test A": ("found", ["192.0.2.1", "192.0.2.2"]),
        "outside.example.test A": ("found", ["192.0.2.77"]),
        "chain0.example.test A": ("found", ["192.0.2.8"]),
        "loop1.example.test A": ("failed", []),
    }


def test_strings_of_a_txt_record_are_joined_octet_by_octet(nsd, resolve):
    got = answers(resolve, forward(nsd), "long.example.test TXT", "odd.example.test TXT", "a.wild.example.test TXT",
                  "under_score._domainkey.example.test TXT")
    assert got["long.example.test TXT"] == ("found", ["v=DKIM1; p=abc"])
    assert got["odd.example.test TXT"] == ("found", ["\0\u00c8\u00ff\"\\"])
    assert got["a.wild.example.test TXT"] == ("found", ["matched"])
    assert got["under_score._domainkey.example.test TXT"] == ("found", ["k"])


def test_a_large_answer_comes_over_tcp(nsd, resolve):
    got = answers(resolve, forward(nsd), "big.example.test TXT", "many.example.test A")
    assert got["big.example.test TXT"][0] == "found" and len(got["big.example.test TXT"][1]) == 61
    assert got["many.example.test A"] == ("found", ["192.0.2.%d" % i for i in range(100)])


def test_an_answer_past_the_cap_is_none(nsd, resolve):
    assert answers(resolve, forward(nsd), "toomany.example.test A") == {"toomany.example.test A": ("failed", [])}


def test_odd_octets_of_names_are_escaped(nsd, resolve):
    got = answers(resolve, forward(nsd), "strange.example.test PTR", "odd.dot.example.test A", "odd\\.dot.example.test A",
                  "\u00ff\u0001 .example.test A")
    assert got["strange.example.test PTR"] == ("found", ["a\\046b\\092\\000\\255.example.test"])
    assert got["odd.dot.example.test A"] == ("no name", [])
    assert got["odd\\.dot.example.test A"] == ("no name", [])
    assert got["\u00ff\u0001 .example.test A"] == ("no name", [])


def test_names_that_cannot_exist_are_not_asked(nsd, resolve):
    said = resolve(forward(nsd), ask("a..b A", "%s.test A" % ("x" * 64), "%s A" % ("a." * 130 + "test"), " A", ". A"))
    assert said[0]["at_once"] and said[0]["queries"] == 0 and said[0]["answers"] == {}


def test_special_names_need_no_server(bad, resolve):
    assert answers(resolve, forward(bad), "localhost A", "1.0.0.127.in-addr.arpa PTR", "a.invalid A", "a.onion A") == {
        "localhost A": ("found", ["127.0.0.1"]),
        "1.0.0.127.in-addr.arpa PTR": ("found", ["localhost"]),
        "a.invalid A": ("no name", []),
        "a.onion A": ("no name", []),
    }
    assert bad.queries == []


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers are on: there is no jail")
def test_it_is_in_the_jail_all_the_time(bad, tmp_path):
    bad.add("cut.test", "TXT", '"whole"', behaviour=responder.truncated)
    resolver = Resolver(tmp_path, forward(bad))
    resolver.tell(ask("cut.test TXT"), {"wait": True})
    assert resolver.hear()["answers"]["cut.test TXT"]["status"] == "found"
    with open("/proc/%d/status" % resolver.process.pid) as f:
        assert "Seccomp:\t2\n" in f.read()
    resolver.end()


# ---- where it asks


def test_private_zones_are_asked_like_others(nsd, resolve):
    assert answers(resolve, forward(nsd), "1.1.168.192.in-addr.arpa PTR")["1.1.168.192.in-addr.arpa PTR"] == \
        ("found", ["inside.example.test"])


def test_a_stub_is_asked_for_its_zone_and_no_more(nsd, bad, resolve):
    bad.add("www.other.test", "A", "198.51.100.1")
    got = answers(resolve, forward(bad, 'stub "Example.TEST." "%s"' % nsd.address), "mx1.example.test A",
                  "www.other.test A", "outside.example.test A")
    assert got["mx1.example.test A"] == ("found", ["192.0.2.1", "192.0.2.2"])
    assert got["www.other.test A"] == got["outside.example.test A"] == ("found", ["198.51.100.1"])
    assert bad.count("mx1.example.test") == 0


def test_a_stub_below_a_reserved_name_is_asked(bad, resolve):
    bad.add("host.corp.invalid", "A", "10.1.2.3")
    assert answers(resolve, forward(bad, 'stub "corp.invalid" "%s"' % bad.address), "host.corp.invalid A") == {
        "host.corp.invalid A": ("found", ["10.1.2.3"])}


def test_over_ipv6(nsd, resolve):
    assert answers(resolve, 'forward "[::1]:%d"' % nsd.port, "mx1.example.test A")["mx1.example.test A"][0] == "found"


def test_the_second_server_answers_when_the_first_is_dead(nsd, resolve):
    dead = responder.Responder()  # never started: its port is free
    got = answers(resolve, 'forward "%s" "%s" timeout 20s' % (dead.address, nsd.address), "mx1.example.test A",
                  "two.example.test TXT")
    assert [status for status, _ in got.values()] == ["found", "found"]


def test_through_a_caching_forwarder(nsd, run_dir, resolve):
    unbound = Unbound(run_dir, nsd.address).start()
    try:
        assert answers(resolve, forward(unbound), "outside.example.test A")["outside.example.test A"] == \
            ("found", ["192.0.2.77"])
    finally:
        unbound.stop()


def refusal(tmp_path, block):
    resolver = Resolver(tmp_path, block)
    err = resolver.process.communicate()[1]
    assert resolver.process.returncode == 1
    return err.strip()


def test_without_servers_the_reason_names_the_file(tmp_path):
    assert refusal(tmp_path, 'resolv_conf "gone.conf"') == "%s/gone.conf: No such file or directory" % tmp_path


def test_without_its_trust_anchor_it_does_not_start(tmp_path):
    assert refusal(tmp_path, 'forward "127.0.0.1" dnssec on root_key "gone.key"') == \
        "%s/gone.key: No such file or directory" % tmp_path
    (tmp_path / "empty.key").write_text("nonsense\n")
    assert refusal(tmp_path, 'forward "127.0.0.1" dnssec on root_key "empty.key"')


# ---- caching and sharing


def test_cached_answers_are_there_at_once(bad, resolve):
    bad.add("a.test", "A", "192.0.2.1").add("b.test", "A", "192.0.2.2")
    said = resolve(forward(bad), ask("a.test A", "none.test A"), {"wait": True}, ask("A.test A", "none.test A"),
                   ask("a.test A", "b.test A"))
    assert [s["at_once"] for s in said] == [False, True, False]
    assert said[1]["answers"]["A.test A"]["records"] == ["192.0.2.1"]
    assert said[1]["answers"]["none.test A"]["status"] == "no name"
    assert said[1]["ms"] == 0 and said[1]["queries"] == 2
    assert (bad.count("a.test"), bad.count("none.test"), bad.count("b.test")) == (1, 1, 1)


def test_one_question_is_asked_once_whoever_waits(bad, resolve):
    bad.add("slow.test", "TXT", '"x"', behaviour=responder.late(0.3))
    said = resolve(forward(bad), *[ask("slow.test TXT", "SLOW.test. TXT") for _ in range(50)], {"wait": True},
                   {"counts": True})
    assert len(said) == 51
    assert all(s["answers"]["slow.test TXT"]["records"] == ["x"] and s["queries"] == 1 for s in said[:50])
    assert said[50] == {"asked": 1, "failed": 0, "timed_out": 0, "pending": 0}
    assert bad.count("slow.test") == 1


def test_a_thousand_at_once(bad, resolve):
    for i in range(1000):
        bad.add("host%d.test" % i, "A", "10.0.%d.%d" % (i // 256, i % 256), behaviour=responder.late(0.5))
    began = time.monotonic()
    said = resolve(forward(bad), *[ask("host%d.test A" % i) for i in range(1000)], {"wait": True}, {"counts": True})
    assert time.monotonic() - began < (20 if needs.SANITIZED else 5)
    assert {s["answers"]["host%d.test A" % (s["id"] - 1)]["status"] for s in said[:1000]} == {"found"}
    assert said[1000]["asked"] == 1000


# ---- servers that misbehave


def test_what_is_slow_stops_nobody(bad, resolve):
    bad.behaviours["*.never.test"] = responder.never
    for i in range(300):
        bad.add("a%d.test" % i, "A", "192.0.2.1")
    said = resolve(forward(bad, "timeout 2s"), *[ask("n%d.never.test A" % i) for i in range(300)],
                   *[ask("a%d.test A" % i) for i in range(300)], {"wait": True}, {"counts": True})
    quick = [s for s in said[:600] if s["id"] > 300]
    stuck = [s for s in said[:600] if s["id"] <= 300]
    assert {next(iter(s["answers"].values()))["status"] for s in quick} == {"found"}
    assert {next(iter(s["answers"].values()))["status"] for s in stuck} == {"timed out"}
    assert max(s["ms"] for s in quick) < (1900 if needs.SANITIZED else 1000)
    assert all(2000 <= s["ms"] < 4000 for s in stuck)
    assert said[600]["timed_out"] == 300 and said[600]["pending"] == 0


def test_each_waits_its_own_time(bad, resolve):
    bad.behaviours["never.test"] = responder.never
    said = resolve(forward(bad, "timeout 1s"), ask("never.test A"), {"pause": 700}, ask("never.test A"), {"wait": True},
                   {"counts": True})
    assert all(1000 <= s["ms"] < 1600 for s in said[:2])
    assert said[2]["asked"] == 1 and said[2]["timed_out"] == 1


def test_an_answer_that_comes_too_late_is_cached(bad, resolve):
    bad.add("late.test", "A", "192.0.2.9", behaviour=responder.lost(1))
    said = resolve(forward(bad, "timeout 1s"), ask("late.test A"))
    assert said[0]["answers"]["late.test A"]["status"] == "found"  # the packet is sent again
    bad.behaviours["later.test"] = responder.lost(3)
    bad.add("later.test", "A", "192.0.2.9")
    said = resolve(forward(bad, "timeout 600ms"), ask("later.test A"), {"wait": True}, {"pause": 3000},
                   ask("later.test A"))
    assert [s["answers"]["later.test A"]["status"] for s in said] == ["timed out", "found"]
    assert said[1]["at_once"]


def test_failures_are_told_apart_from_absence(bad, resolve):
    for code, name in ((2, "servfail"), (5, "refused"), (1, "formerr"), (4, "notimp")):
        bad.behaviours[name + ".test"] = responder.rcode(code)
    got = answers(resolve, forward(bad), "servfail.test A", "refused.test A", "formerr.test A", "notimp.test A")
    assert {status for status, _ in got.values()} <= {"failed", "timed out"}
    assert len(got) == 4


GARBAGE = {
    "empty": b"",
    "header": bytes.fromhex("8180000100010000"),
    "zeros": b"\x00" * 40,
    "ones": b"\xff" * 400,
    "compression": bytes.fromhex("81800001000100000000c00cc00c0001"),
    "counts": bytes.fromhex("8180ffffffffffffffff") + b"\x01a\x00\x00\x01\x00\x01" * 9,
    "short-rdata": bytes.fromhex("81800001000100000000") + b"\x07garbage\x04test\x00\x00\x01\x00\x01"
                   + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\xff\xff\x7f\x00",
    "wrong-size": bytes.fromhex("81800001000100000000") + b"\x07garbage\x04test\x00\x00\x01\x00\x01"
                  + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x05\x7f\x00\x00\x01\x02",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_no_answer(bad, resolve, kind):
    bad.behaviours["garbage.test"] = responder.octets(GARBAGE[kind])
    bad.add("fine.test", "A", "192.0.2.1")
    got = answers(resolve, forward(bad, "timeout 1s"), "garbage.test A", "fine.test A")
    assert got["garbage.test A"][0] in ("failed", "timed out")
    assert got["fine.test A"] == ("found", ["192.0.2.1"])


@pytest.mark.parametrize("behaviour", [responder.wrong_id, responder.wrong_question], ids=["id", "question"])
def test_an_answer_to_another_question_is_none(bad, resolve, behaviour):
    bad.add("victim.test", "A", "192.0.2.66", behaviour=behaviour)
    assert answers(resolve, forward(bad, "timeout 1s"), "victim.test A")["victim.test A"][0] in ("failed", "timed out")


def test_a_truncated_answer_is_asked_for_over_tcp(bad, resolve):
    bad.add("cut.test", "TXT", '"whole"', behaviour=responder.truncated)
    assert answers(resolve, forward(bad), "cut.test TXT") == {"cut.test TXT": ("found", ["whole"])}
    assert ("cut.test", "TXT", "tcp") in bad.queries


def test_a_dead_server_times_out_and_is_asked_again_when_it_lives(bad, tmp_path):
    bad.add("a.test", "A", "192.0.2.1")
    bad.behaviours.update({"*.test": responder.never, "a.test": responder.never})
    resolver = Resolver(tmp_path, forward(bad, "timeout 1s"))
    for i in range(4):
        resolver.tell(ask("dead%d.test A" % i), {"wait": True})
        assert resolver.hear()["answers"]["dead%d.test A" % i]["status"] in ("timed out", "failed")
    bad.behaviours.clear()
    deadline = time.monotonic() + 10
    found = False
    while not found and time.monotonic() < deadline:
        resolver.tell(ask("a.test A"), {"wait": True})
        found = resolver.hear()["answers"]["a.test A"]["status"] == "found"
    assert found
    resolver.end()


# ---- bounds


def test_the_budget_of_an_inquiry(bad, resolve):
    said = resolve(forward(bad, "queries 10"), ask(*["n%d.test A" % i for i in range(30)]))
    statuses = [a["status"] for a in said[0]["answers"].values()]
    assert said[0]["queries"] == 10
    assert (statuses.count("no name"), statuses.count("unasked")) == (10, 20)
    assert len(bad.queries) == 10


def test_past_the_bound_questions_queue_and_past_the_queue_they_are_not_asked(bad, resolve):
    for i in range(40):
        bad.add("q%d.test" % i, "A", "192.0.2.1", behaviour=responder.late(0.2))
    said = resolve(forward(bad, "pending 10"), *[ask("q%d.test A" % i) for i in range(40)])
    statuses = [next(iter(s["answers"].values()))["status"] for s in said]
    assert (statuses.count("found"), statuses.count("unasked")) == (20, 20)


def test_what_is_given_up_stays_bounded(bad, resolve):
    bad.behaviours["*.never.test"] = responder.never
    lines = []
    for round_ in range(6):
        lines += [ask("n%d-%d.never.test A" % (round_, i)) for i in range(10)] + [{"wait": True}]
    said = resolve(forward(bad, "pending 10 timeout 500ms"), *lines, {"counts": True})
    assert {next(iter(s["answers"].values()))["status"] for s in said[:60]} == {"timed out", "unasked"}
    assert len({name for name, _, _ in bad.queries}) < 60
    assert said[60]["pending"] == 0


def test_what_is_given_up_does_not_keep_its_place_for_long(bad, resolve):
    """Names that never answer take all places; others are answered again soon after those were given up."""
    bad.behaviours["*.never.test"] = responder.never
    bad.add("good.test", "A", "192.0.2.1")
    lines = [ask("n%d.never.test A" % i) for i in range(20)] + [{"wait": True}, {"pause": 2000}, ask("good.test A")]
    said = resolve(forward(bad, "pending 20 timeout 1s"), *lines)
    assert said[-1]["answers"]["good.test A"]["status"] == "found"


# ---- giving up


def test_a_cancelled_inquiry_hears_no_more(bad, resolve):
    bad.add("slow.test", "A", "192.0.2.1", behaviour=responder.late(0.3))
    said = resolve(forward(bad), ask("slow.test A"), ask("slow.test A"), ask("other.test A", "slow.test A"), {"cancel": 1},
                   {"cancel": 3}, {"wait": True})
    assert said[0] == {"id": 1, "cancelled": 1, "pending": 0}
    assert said[1] == {"id": 3, "cancelled": 1, "pending": 0}
    assert said[2]["id"] == 2 and said[2]["answers"]["slow.test A"]["status"] == "found"
    assert len(said) == 3 and bad.count("slow.test") == 1


def test_inquiries_may_be_cancelled_while_answers_are_told(bad, resolve):
    bad.add("one.test", "A", "192.0.2.1", behaviour=responder.late(0.2))
    said = resolve(forward(bad), *[ask("one.test A", cancels=[n for n in range(1, 21) if n != i])
                                   for i in range(1, 21)])
    assert [s["id"] for s in said if "answers" in s] == [said[0]["id"]]
    assert sum("cancelled" in s for s in said) == 19


def test_it_can_end_with_questions_on_their_way(bad, resolve):
    bad.behaviours["*.never.test"] = responder.never
    said = resolve(forward(bad), *[ask("n%d.never.test A" % i) for i in range(20)],
                   *[{"cancel": i + 1} for i in range(20)])
    assert len(said) == 20


# ---- DNSSEC


@pytest.fixture(scope="module")
def secure(run_dir):
    folder = run_dir / "dnssec"
    good, anchor = signed(folder / "good", "signed.test", "www A 192.0.2.1\n@ TXT \"x\"\nalias CNAME www\n")
    bogus, _ = signed(folder / "bogus", "bogus.test", "www A 192.0.2.1\n")
    _, other = signed(folder / "other", "bogus.test", "www A 192.0.2.1\n")
    (folder / "anchors").write_text(anchor + other)
    server = Nsd(run_dir, {"signed.test": good, "bogus.test": bogus, "plain.test": "www A 192.0.2.1\n"},
                 name="nsd-dnssec").start()
    yield forward(server, 'dnssec on root_key "%s"' % (folder / "anchors"))
    server.stop()


def test_validated_answers_are_authenticated(secure, resolve):
    said = resolve(secure, ask("www.signed.test A", "alias.signed.test A", "none.signed.test A", "www.signed.test TXT",
                               "www.plain.test A", "www.bogus.test A"))[0]["answers"]
    got = {name: (a["status"], a["authenticated"]) for name, a in said.items()}
    assert got == {
        "www.signed.test A": ("found", True),
        "alias.signed.test A": ("found", True),
        "none.signed.test A": ("no name", True),
        "www.signed.test TXT": ("no data", True),
        "www.plain.test A": ("found", False),
        "www.bogus.test A": ("failed", False),
    }


def test_without_dnssec_nothing_is(secure, resolve):
    block = secure.partition("dnssec on")[0]
    said = resolve(block, ask("www.signed.test A", "www.bogus.test A"))[0]["answers"]
    assert {(a["status"], a["authenticated"]) for a in said.values()} == {("found", False)}


# ---- the zones of the suites, served by a real server


def wanted_of(zonedata):
    """{"name type": records} as the resolver should tell them."""
    wanted = {}
    for name, entries in zonedata.items():
        for entry in entries:
            kind, value = entry["type"], entry.get("value")
            if kind == "TXT":
                value = value if isinstance(value, str) else "".join(value)
            elif kind == "MX":
                value = [value[0], value[1].rstrip(".").lower()]
            elif kind == "PTR":
                value = value.rstrip(".").lower()
            elif kind == "AAAA":
                value = str(ipaddress.ip_address(value))
            elif kind != "A":
                continue
            wanted.setdefault("%s %s" % (name, kind), [])
            if value not in wanted["%s %s" % (name, kind)]:
                wanted["%s %s" % (name, kind)].append(value)
    return wanted


@pytest.mark.parametrize("suite", ["rfc7208", "pyspf-adhoc"])
def test_zones_of_a_suite(run_dir, resolve, suite):
    for number, scenario in enumerate(json.loads(needs.corpus("spf", suite + ".json").read_text())["scenarios"]):
        wanted = wanted_of(scenario["zonedata"])
        if not wanted:
            continue
        server = Nsd(run_dir, {".": zonedata_text(scenario["zonedata"])}, name="nsd-%s-%d" % (suite, number)).start()
        try:
            got = answers(resolve, forward(server), *wanted)
        finally:
            server.stop()
        for pair, records in wanted.items():
            status, said = got[pair]
            assert (status, sorted(said)) == ("found", sorted(records)), pair
