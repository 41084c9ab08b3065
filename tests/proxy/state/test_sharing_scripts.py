# SPDX-License-Identifier: ISC
"""What runs inside a Redis in which gateways share what is learnt (common/sharing_scripts.c), in a real one, as a user who may do no more."""
import ast
import re
import subprocess

import pytest

from lab import needs
from lab.redis import Redis, rights

KEYS = ["gatepost:learn:" + name for name in ("labels", "epoch", "lease", "model", "model-octets", "model-new:me")]
LABELS, EPOCH, LEASE, HEAD, OCTETS_OF_MODEL = KEYS[:5]
WEEK, MOST, OCTETS = "604800", "1000", "1000000"


def scripts():
    """{name: text}, as the preprocessor puts them together."""
    text = subprocess.run(["cc", "-E", "-P", "-I", needs.ROOT, needs.ROOT / "common" / "sharing_scripts.c"], capture_output=True, text=True, check=True).stdout
    return {name: "".join(ast.literal_eval(line) for line in re.findall(r'"(?:[^"\\]|\\.)*"', body))
            for name, body in re.findall(r'sharing_script_(\w+)\[\] *=((?:\s*"(?:[^"\\]|\\.)*")+)', text)}


def sharing_rights():
    text = (needs.ROOT / "common" / "sharing_scripts.h").read_text().split("define SHARING_SCRIPT_RIGHTS")[1].split("\n\n")[0]
    return " ".join(re.findall(r'"([^"]*)"', text)).split()


@pytest.fixture
def run(own_dir):
    server = Redis(own_dir).start()
    server.cli("ACL", "SETUSER", "default", "resetkeys", "-@all", "+eval", *rights(), *sharing_rights(), "~gatepost:*", "+ttl", "+pttl")
    texts = scripts()

    def call(name, *args):
        return server.cli("EVAL", texts[name], len(KEYS), *KEYS, *args).split("\n")
    call.cli = server.cli
    yield call
    server.stop()


def tell(run, *entries, cursor="0-0", epoch="", most=MOST, octets=OCTETS, oldest="0", gone=()):
    return run("tell", cursor, epoch, "e1", WEEK, most, octets, oldest, len(gone), *gone, *entries)[0]


def look(run, cursor="0-0", most="64", octets="100000"):
    word, *said = run("look", cursor, most, octets, WEEK)
    assert word == "read"
    said += [""] * (4 - len(said))  # redis-cli leaves out empty ones at the end
    return said[:4], list(zip(said[4::2], said[5::2]))


def test_who_tells_has_read_all_before(run):
    assert tell(run, "one", "two") == "told"
    (epoch, last, head, holder), read = look(run)
    assert (epoch, head, holder) == ("e1", "", "") and [entry for _, entry in read] == ["one", "two"] and last == read[-1][0]
    assert tell(run, "three", epoch="e1", cursor=read[0][0]) == "behind"
    assert tell(run, "three", epoch="e0", cursor=last) == "other"
    assert tell(run, "three", epoch="e1", cursor=last) == "told"
    assert [entry for _, entry in look(run, cursor=last)[1]] == ["three"]


def test_a_stream_without_its_name_begins_anew(run):
    tell(run, "old")
    run.cli("DEL", EPOCH)
    assert look(run)[0][0] == "" and tell(run, "new") == "told"
    assert [entry for _, entry in look(run)[1]] == ["new"]


def test_what_is_taken_out_too_old_or_too_much_goes_and_all_expires(run):
    tell(run, "one", "two")
    first = look(run)[1][0][0]
    last = look(run)[0][1]
    assert tell(run, epoch="e1", cursor=last, gone=[first]) == "told"
    assert [entry for _, entry in look(run)[1]] == ["two"]
    assert tell(run, epoch="e1", cursor=last, oldest=str(int(last.split("-")[0]) + 1)) == "told"
    assert not look(run)[1] and look(run)[0][0] == "e1", "an empty stream is still that one"
    for _ in range(10):
        tell(run, *["x" * 1000] * 50, epoch="e1", cursor=newest(run), octets="100000")
    assert len(look(run, most="1000", octets="10000000")[1]) < 400
    assert all(0 < int(run.cli("TTL", key)) <= int(WEEK) for key in (LABELS, EPOCH))


def newest(run):
    return look(run)[0][1]


def test_of_what_is_read_no_more_comes_than_is_asked_for(run):
    tell(run, "a" * 100, "b" * 100, "c" * 300, "d")
    assert [entry[:1] for _, entry in look(run, octets="250")[1]] == ["a", "b", "", "d"], "one that is too large is empty"
    assert len(look(run, octets="150")[1]) == 1 and len(look(run, most="2")[1]) == 2


def test_one_has_the_lease_and_who_takes_it_knows_the_newest(run):
    tell(run, "one")
    last = newest(run)
    assert run("lease", "take", "me", 30000, "", "0-0") == ["behind"]
    assert run("lease", "take", "me", 30000, "another", last) == ["model"]
    assert run("lease", "take", "me", 30000, "", last) == ["taken"]
    assert run("lease", "take", "you", 30000, "", last) == ["held", "me"]
    assert run("lease", "keep", "you", 30000, "", last) == ["held", "me"]
    assert run("lease", "end", "you", 30000, "", last) == ["taken"] and look(run)[0][3] == "me"
    assert 0 < int(run.cli("PTTL", LEASE)) <= 30000
    run.cli("DEL", LEASE)
    assert run("lease", "keep", "me", 30000, "", last)[0] == "held", "what has ended is not kept"


def test_a_model_is_told_whole_and_by_who_knows_the_one_before(run):
    assert run("put", 0, "abc", 600) == ["put"] and run("put", 3, "def", 600) == ["put"]
    assert run("publish", "other", "head", 6, WEEK) == ["model"]
    assert run("publish", "", "head", 7, WEEK) == ["cut"]
    assert run("publish", "", "head", 6, WEEK) == ["told"]
    assert run("fetch", "head", 2, 3) == ["octets", "cde"]
    assert run("fetch", "head", 6, 3) == ["octets"], "redis-cli leaves out the empty one"
    assert run("fetch", "", 0, 3) == ["model"]


def test_the_manual_tells_these_rights_too():
    lines = (needs.ROOT / "man" / "gatepost.conf.5").read_text().split("user gatepost on", 1)[1].split(".Ed")[0]
    assert set(sharing_rights()) < set(lines.split())


def test_what_is_longer_than_anything_of_ours_counts_as_nothing(run):
    tell(run, "old")
    run("put", 0, "abc", 600)
    run("publish", "", "head", 3, WEEK)
    for key, octets in ((EPOCH, 33), (LEASE, 289), (HEAD, 2049)):
        run.cli("SET", key, "x" * octets)
    assert look(run)[0] == ["", newest(run), "", ""]
    assert tell(run, "one", epoch="x" * 33) == "other" and tell(run, "new") == "told"
    assert [entry for _, entry in look(run)[1]] == ["new"], "the stream begins anew"
    assert run("lease", "take", "me", 30000, "x" * 2049, newest(run)) == ["model"]
    assert run("lease", "take", "me", 30000, "", newest(run)) == ["taken"]
    assert run("fetch", "x" * 2049, 0, 3) == ["model"]
    run("put", 0, "abc", 600)
    assert run("publish", "", "head", 3, WEEK) == ["told"]
    assert look(run)[0][2:] == ["head", "me"]


def test_a_model_whose_octets_are_lost_is_lost(run):
    run("put", 0, "abc", 600)
    run("publish", "", "head", 3, WEEK)
    run.cli("DEL", OCTETS_OF_MODEL)
    assert look(run)[0][2] == "" and run("lease", "take", "me", 30000, "", "0-0") == ["taken"]
    run("put", 0, "abc", 600)
    assert run("publish", "", "head", 3, WEEK) == ["told"] and look(run)[0][2] == "head"
