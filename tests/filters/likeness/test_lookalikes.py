# SPDX-License-Identifier: ISC
"""What message.from_lookalike finds of what is made to deceive, and what it takes for that of what is not."""
import collections
import random
import re
import subprocess

import pytest

from lab import needs
from lookalikes import KINDS, lookalikes

DUMP = needs.BUILD / "tests/likeness_dump"
LISTS, MAIL = needs.CORPORA / "lists", needs.CORPORA / "spamcorpus"
NAME = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
OURS = ["northwind.com", "mueller.de", "acme-group.com"]

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="the units are not built")


def brands():
    lines = (needs.ROOT / "etc/brands.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def quoted(names):
    return " ".join('"%s"' % name for name in names)


def look(folder, names, ours=(), known=()):
    """({domain: [(by, of, known domain)]}, microseconds that one took)."""
    config = folder / "likeness.conf"
    config.write_text('listen smtp on "127.0.0.1:25"\nbackend b { smtp "127.0.0.1:26" }\n'
                      + "".join('domain "%s" { backend b }\n' % name for name in ours)
                      + "impersonation { brands { %s } }\n" % quoted(known))
    spelled = {name: name.encode("idna").decode() if not name.isascii() else name for name in names}
    done = subprocess.run([str(DUMP), str(config)], input="".join(name + "\n" for name in spelled.values()), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = collections.defaultdict(list)
    *lines, last = done.stdout.splitlines()
    for domain, *what in map(str.split, lines):
        found[domain].append(tuple(what))
    return {name: found[domain] for name, domain in spelled.items()}, float(last.split()[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_500_lookalikes_95_in_100_are_found(tmp_path, seed):
    known = brands()
    firsts = [name for name in known if len(name.partition(".")[0]) >= 3]
    made = lookalikes(seed, firsts, set(known), 500)
    found, _ = look(tmp_path, [domain for domain, _, _ in made], known=known)
    label = {name: name.partition(".")[0] for name in known}
    missed = collections.defaultdict(list)
    for domain, kind, of in made:
        if not any(label[name] == label[of] for _, _, name in found[domain]):
            missed[kind].append((domain, of))
    print({kind: "%d of %d" % (125 - len(missed[kind]), 125) for kind in KINDS}, dict(missed))
    assert sum(map(len, missed.values())) <= 25, dict(missed)


def well_known():
    """Of hosts that mail lists, greylists, rewriters of links and blocklists know, and that good mail of 2002 links to."""
    names = []
    for line in (LISTS / "spamassassin/25_uribl.cf").read_text().splitlines():
        names += line.split()[1:] if line.startswith("uridnsbl_skip_domain") else []
    for file in ("rspamd/maillist.inc", "postgrey/postgrey_whitelist_clients", "rspamd/redirectors.inc"):
        names += re.findall(NAME, (LISTS / file).read_text())
    for file in sorted(MAIL.glob("*_ham/*.txt")):
        names += re.findall(r"https?://(%s)" % NAME, file.read_text(errors="replace").lower())
    return list(dict.fromkeys(names))


@pytest.mark.skipif(not LISTS.exists() or not MAIL.exists(), reason="no corpora")
@pytest.mark.parametrize("whose", ["brands", "ours"])
def test_of_2000_well_known_domains_1_in_100_is_misread_at_most(tmp_path, whose):
    names = well_known()
    assert len(names) >= 2000
    found, us = look(tmp_path, names, **({"known": brands()} if whose == "brands" else {"ours": OURS}))
    by = collections.defaultdict(list)
    for name, likenesses in found.items():
        for how, _, known in likenesses:
            by[how].append((name, known))
    print(len(names), "%.1f us" % us, {how: len(pairs) for how, pairs in by.items()}, dict(by))
    assert len({name for how in ("letters", "spelling") for name, _ in by[how]}) <= len(names) / 100, dict(by)


def syllables(count):
    """Names such as firms have, of 4 to 14 letters."""
    dice, made = random.Random(5), {}
    while len(made) < count:
        name = "".join(dice.choice("bcdfghklmnprstvw") + dice.choice("aeiou") + dice.choice(["", "", "n", "r", "s"]) for _ in range(dice.choice([2, 3, 3, 4, 5])))
        made[name + dice.choice(["", "", "bank", "-group", "tech"])] = None
    return list(made)


def took(config, asked):
    """Microseconds for one of these."""
    done = subprocess.run([str(DUMP), str(config)], input="".join(name + "\n" for name in asked), capture_output=True, text=True)
    return float(done.stdout.split()[-1])


ODD = ["a-" * 31 + "a." + "b-c-d-e-" * 7 + "x.test", "support" * 9 + ".my-" + "secure-" * 7 + "x.test", ".".join(["login-mail"] * 20) + ".test"]


@pytest.mark.skipif(needs.SANITIZED, reason="it takes longer there")
@pytest.mark.parametrize("names", [syllables(3000), ["known%dexample" % n for n in range(3000)]], ids=["firms", "all alike"])
def test_against_3000_domains_one_takes_no_tenth_of_a_millisecond(tmp_path, names):
    config = tmp_path / "likeness.conf"
    known = [name + ".test" for name in names]
    config.write_text("impersonation { brands { %s } partners { %s } }\n" % (quoted(known[:1000]), quoted(known[1000:2000]))
                      + 'backend b { smtp "127.0.0.1:26" }\n' + "".join('domain "%s" { backend b }\n' % name for name in known[2000:]))
    for asked in [[name[:3] + "x" + name[3:] + ".test" for name in names[:300]], ODD]:
        us = min(took(config, asked) for _ in range(3))  # beside others it may take longer, alone it does not
        print(us, "us")
        assert us < 100
