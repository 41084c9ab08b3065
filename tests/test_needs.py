# SPDX-License-Identifier: ISC
"""Given the same answers and ample budgets, naming a fact in an observe rule never changes what another rule does: for every
ordered pair of those who find out facts, in a running gateway and in `gatepostctl check`."""
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import agreement, agreement_policies, check, needs, samples
from lab.agreement import Row
from lab.agreement_dns import LISTS, Addresses, World
from lab.agreement_mails import Signer, authors, contents, file, linking, multipart, raw, text
from lab.agreement_rows import ENVELOPES, USUAL
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

AT_ONCE = 4
SETTINGS = {"process": {"user": '"nobody"', "proxies": 1, "scanners": 1, "antivirus_scanners": 1},
            "limits": {"sessions_per_client": 1000}, "smtp": {"banner_delay": "0s"}}
NO_REDIS = {"redis": {"server": '"127.0.0.1:1"'}}

# What rules ask of each producer. Each condition holds for some of the rows and for others not.
CONDITIONS = {
    "SESSION": ["message.null_sender", 'recipient.local == "second"', "helo.valid", 'client.ip == "127.0.0.1"'],
    "MESSAGE": ['message.from.domain == "bad.example"', "count(message.from_all) > 1", "message.id_fits_sender", "message.hides_content",
                'header["X-Case"] == "reject"'],
    "ATTACHMENTS": ['any a in attachments (a.extension == "exe")', "attachments is absent"],
    "ANTIVIRUS": ["av.result == infected"],
    "LINKS": ['message.domains == "bad.example"'],
    "CLIENT": ["client.fcrdns", 'client.ptr ends with "bad.example"'],
    "HELO": ["helo.resolves", "helo.fits_client"],
    "DNSBL": ["dnsbl.score >= 2", 'dnsbl.listed("light.example")'],
    "SENDER_DOMAINS": ["domains.sender_score >= 2", "domains.sender_score >= 6"],
    "DOMAINS": ["domains.score >= 2", 'domains.listed("dbl.example")', 'domains.found == "grey.example"'],
    "SPF": ["spf.result == pass", "spf.helo == pass", "spf.explanation is known"],
    "AUTHENTICATION": ["dmarc.result == fail", "dkim.result == pass", "arc.result == none", "dmarc.spf_aligned"],
    "GREYLIST": ["not greylist.known", "greylist.wait > 0s"],
    "HISTORY": ["sender.messages > 0", "sender.first_seen is known"],
    "RATE": ["rate(sender.domain, 1h) > 1", "rate(spf.domain, 1h, messages) > 1", "rate(client.ptr, 1h, transactions) > 1"],
    "POLICY": ["score > 0", "score > 100"],
}
REMEMBERED = ["GREYLIST", "HISTORY", "RATE"]  # by Redis
NAMES = sorted(CONDITIONS)

# What a rule does that acts on a producer's facts; the reply tells which of its conditions held.
ACTIONS = ['reject 550 5.7.1 "score {score}"', 'defer 451 4.7.1 "score {score}"', 'drop 550 5.7.1 "score {score}"', "discard",
           'header add "X-Held" "{score}", accept\nrule "others" then reject 550 5.7.1 "not held"']

# (whose rule, whose fact is observed): why that may change it all the same.
EXCEPTIONS = {
    ("MESSAGE", "ATTACHMENTS"): "what is malformed in a message in a file counts only when files are opened, that is when a rule names "
                                "attachments (gatepost.conf(5), Attachments)",
}

# The same where it should not: what was seen.
PENDING = {}


def policy(whose, observed=None):
    """A rule that acts on facts of one producer, and, before it, one that only observes those of another."""
    rules = ['observe rule "watches" when %s then log "x"\n' % " or ".join(CONDITIONS[observed])] if observed else []
    rules += ['rule "%s" when %s then score %d as "%d"\n' % (condition.replace('"', "'"), condition, 1 << n, n)
              for n, condition in enumerate(CONDITIONS[whose])]
    return "".join(rules) + 'rule "acts" when score > 0 then ' + ACTIONS[NAMES.index(whose) % len(ACTIONS)] + "\n"


def test_every_producer_is_here():
    assert set(agreement_policies.producers()) == set(CONDITIONS)


# ---- what is sent


def hiding_in_a_file():
    odd = raw(b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 8bit\r\n", b"aGVsbG8=\r\n")
    return multipart(text(), file(b"m.eml", odd))


def made_rows(signer, server):
    of, plain = contents(), raw(b"")
    signed = signer.mails(server)["signed"] if signer else plain
    return [Row("plain", USUAL, plain),
            Row("asks", USUAL, of["asks to be refused"]),
            Row("listed author", USUAL, authors(b"a@bad.example")),
            Row("listed second author", USUAL, authors(b"a@good.example, b@bad.example")),
            Row("listed by its name", ENVELOPES["listed by its name"], plain),
            Row("listed HELO", USUAL._replace(helo="my_pc.bad.example"), plain),
            Row("listed sender", ENVELOPES["listed sender"], plain),
            Row("link", USUAL, linking(b"bad.example", b"grey.example")),
            Row("programs", USUAL, of["two programs"]),
            Row("malware", USUAL, of["malware"]),
            Row("message as a file", USUAL, hiding_in_a_file()),
            Row("signed", USUAL, signed),
            Row("forged", USUAL, authors(b"a@bank.example")),
            Row("light", ENVELOPES["light"], plain),
            Row("bounce", ENVELOPES["bounce"], plain),
            Row("loopback", ENVELOPES["loopback"], plain),
            Row("no name", ENVELOPES["no name"], plain),
            Row("two recipients", ENVELOPES["list"], plain)]


@pytest.fixture(scope="module")
def addresses():
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent, addresses of its own")
    own = Addresses()
    try:
        if not own.net:
            pytest.skip("needs addresses of its own (ip route add local)")
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="module")
def signer():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Signer()


@pytest.fixture(scope="module")
def world(addresses, signer):
    it = World(addresses, signer.records)
    yield it.start()
    it.stop()


@pytest.fixture(scope="module")
def rows(world, signer):
    return made_rows(signer, world.server)


@pytest.fixture(scope="module")
def behind():
    server = Backend().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(run_dir, world, behind):
    """gateway(policy, changes): a Gatepost for a while; several may run at once."""
    numbers, lock = itertools.count(), threading.Lock()
    signatures = samples.write_signatures(run_dir / "needs-signatures")

    class Running:
        def __init__(self, rules, changes, more=""):
            with lock:
                folder = run_dir / ("needs-%d" % next(numbers))
                folder.mkdir()
            antivirus = {"enabled": "on" if "av.result" in rules else "off", "database": '"%s"' % signatures}
            body = backend("behind", behind.port) + domains("behind", "example.com") + world.configuration + LISTS + more + rules
            self.it = Gatepost(folder, body, changes=dict(SETTINGS, antivirus=antivirus, **changes))

        def __enter__(self):
            return self.it.start()

        def __exit__(self, *_):
            status = self.it.stop()
            assert status == 0

    return Running


# ---- pairs


def pairs():
    """Each producer's own rule alone, and beside what observes each other one."""
    return [(whose, observed) for whose in NAMES for observed in [None] + NAMES if whose != observed]


def of_all_pairs(judge):
    """{(whose, observed): judge(policy)}, some at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(pairs(), pool.map(lambda pair: judge(policy(*pair)), pairs())))


def compare(found, pending):
    """No pair differs from the rule alone, but for what is excepted or pending; and what is pending does."""
    changed = {(whose, observed): [(row, found[whose, None][row], said) for row, said in found[whose, observed].items()
                                   if said != found[whose, None][row]] for whose, observed in pairs() if observed}
    changed = {pair: rows for pair, rows in changed.items() if rows and pair not in EXCEPTIONS}
    news = {pair: rows[:2] for pair, rows in changed.items() if pair not in pending}
    assert not news, "\n".join("%s, %s observed: %s" % (*pair, rows) for pair, rows in news.items())
    assert set(changed) == set(pending), "these change nothing now and are pending no more: %s" % (set(pending) - set(changed))


def holds_for_some(found):
    """Each rule holds for some rows and not for others: else that nothing changes says nothing."""
    for whose in set(NAMES) - set(REMEMBERED):
        assert len({str(said) for said in found[whose, None].values()}) > 1 or whose == "POLICY", whose


def told_live(said):
    rules = [name for name in said.record["rules"]] if said.record else None
    return [reply for reply, _ in said.replies], said.final and said.final[0], said.hung_up, rules


def test_an_observed_fact_changes_no_other_rule_of_a_gateway(gateway, rows, addresses):
    def judge(rules):
        with gateway(rules, NO_REDIS) as it:
            said = agreement.live(it, rows, addresses, {"inbound": it.port})
        return {name: told_live(one) for name, one in said.items()}

    found = of_all_pairs(judge)
    holds_for_some(found)
    compare(found, PENDING)


@pytest.fixture(scope="module")
def listing(run_dir, rows, addresses, world):
    """The rows as lines of a batch, with the DNS in a file."""
    folder = run_dir / "needs-check"
    folder.mkdir()
    (folder / "dns.json").write_text(json.dumps(world.map))
    lines = agreement.batch_lines(folder, rows, addresses)
    (folder / "batch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_an_observed_fact_changes_no_other_rule_of_check(listing, behind):
    signatures = samples.write_signatures(listing / "signatures")
    numbers = itertools.count()

    def judge(rules):
        config = listing / ("%d.conf" % next(numbers))
        config.write_text('antivirus { enabled %s database "%s" }\n' % ("on" if "av.result" in rules else "off", signatures) + LISTS
                          + 'hostname "mx.example.com"\n' + rules)
        done = check.gatepostctl("check", "--config", config, "--dns", listing / "dns.json", "--batch", listing / "batch.jsonl")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert answers and not any("error" in answer for answer in answers), done.stderr + str(answers[:1])
        return {answer["id"]: (answer["verdict"], answer["reply"], answer["rules"], answer["score"], answer.get("recipients"))
                for answer in answers}

    found = of_all_pairs(judge)
    holds_for_some(found)
    compare(found, {})
