# SPDX-License-Identifier: ISC
"""Given the same answers and ample budgets, naming a fact in an observe rule never changes what another rule does: for every
ordered pair of those who find out facts. Some are observed together: in `gatepostctl check` each twice, beside others the second time,
so that what one changes no other takes back unseen; in a running gateway, and under sanitizers, once."""
import itertools
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import agreement, agreement_policies, check, needs, samples
from lab.agreement import Row
from lab.agreement_dns import LISTS
from lab.agreement_mails import authors, contents, file, linking, multipart, raw, text
from lab.agreement_rows import ENVELOPES, USUAL
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

AT_ONCE = 4
TOGETHER = 18  # who is observed at a time in one gateway: with more, more would have to be looked for when something changes
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
    "DIGEST": ['message.digest contains "00"', 'message.digest starts with "7"'],
    "LINKS": ['message.domains == "bad.example"'],
    "URLS": ['any l in links (l.domain == "bad.example")', "any l in links (l.ip)"],
    "TEXT": ['message.text contains "see http"', 'message.text == "hello"'],
    "ALTERNATIVES": ["message.parts_differ"],
    "SPAM": ["spam.learned > 0", "spam.probability is absent"],
    "REASONS": ["count(spam.reasons) > 0", 'spam.reasons contains "text"'],
    "CODES": ['qr.codes contains "bad.example"', 'qr.unread == "image/gif"'],
    "CLIENT": ["client.fcrdns", 'client.ptr ends with "bad.example"'],
    "HELO": ["helo.resolves", "helo.fits_client"],
    "DNSBL": ["dnsbl.score >= 2", 'dnsbl.listed("light.example")'],
    "SENDER_DOMAINS": ["domains.sender_score >= 2", "domains.sender_score >= 6"],
    "DOMAINS": ["domains.score >= 2", 'domains.listed("dbl.example")', 'domains.found == "grey.example"'],
    "SPF": ["spf.result == pass", "spf.helo == pass", "spf.explanation is known"],
    "AUTHENTICATION": ["dmarc.result == fail", "dkim.result == pass", "arc.result == none", "dmarc.spf_aligned"],
    "GREYLIST": ["not greylist.known", "greylist.wait > 0s"],
    "HISTORY": ["sender.messages > 0", "sender.first_seen is known"],
    "CONTACT": ["sender.first_contact", "sender.first_contact is absent"],
    "ANSWERED": ["sender.answered", "sender.answered is absent"],
    "ANSWERED_AUTHOR": ["message.from_answered", "message.from_answered is absent"],
    "REPLY": ["message.in_reply_to_known", "message.in_reply_to_known is absent"],
    "CAMPAIGN": ["campaign.seen > 0", "campaign.seen is absent"],
    "REPORTED": ["reported.by_recipient", "reported.by_recipient is absent"],
    "ACCOUNT": ["account.burst > 1", "account.recipients_hour is absent"],
    "RATE": ["rate(sender.domain, 1h) > 1", "rate(spf.domain, 1h, messages) > 1", "rate(client.ptr, 1h, transactions) > 1"],
    "LOGIN": ["login.user is known", "login.mechanism != \"plain\""],
    "LOGIN_FAILURES": ["login.failures >= 3", "login.user_failures is absent"],
    "LOGIN_AUTHOR": ["login.owns_from", "login.owns_from is absent"],
    "LISTED": ["sender.blocked", "sender.allowed"],
    "LISTED_AUTHOR": ["message.from_blocked", "message.from_allowed"],
    "GEO": ["client.country is known", "client.asn > 64000"],
    "CLOCK": ['time.zone == "UTC"', "time.hour > 23"],
    "LIKENESS": ["count(message.from_lookalike) > 0", "message.from_person is known", "message.from_free"],
    "POLICY": ["score > 0", "score > 100"],
}
KNOWN = """
impersonation { partners { "bad.test" }  people { "Anna Example <anna@example.com>" }  freemail { "good.example" } }
"""
REMEMBERED = ["GREYLIST", "HISTORY", "CONTACT", "RATE"]  # by Redis
NAMES = sorted(CONDITIONS)
SOME = NAMES[::4] if needs.SANITIZED else NAMES  # whose rules are alone and beside all others

# What a rule does that acts on a producer's facts; the reply tells which of its conditions held.
ACTIONS = ['reject 550 5.7.1 "score {score}"', 'defer 451 4.7.1 "score {score}"', 'drop 550 5.7.1 "score {score}"', "discard",
           'header add "X-Held" "{score}", accept\nrule "others" then reject 550 5.7.1 "not held"']

# (whose rule, whose fact is observed, row): why that may change it all the same.
EXCEPTIONS = {
    ("MESSAGE", "ATTACHMENTS", "message as a file"):
        "what is malformed in it counts only when files are opened, that is when a rule names attachments (gatepost.conf(5), Attachments)",
}


# What holds of whoever connects: a gateway that hangs up on all of them never becomes ready.
OF_ALL = ("CLIENT", "CLOCK", "LOGIN", "LOGIN_FAILURES", "SESSION")


def action(whose):
    some = [one for one in ACTIONS if whose not in OF_ALL or not one.startswith("drop")]
    return some[NAMES.index(whose) % len(some)]


def watchers(observed):
    return "".join('observe rule "watches %s" when %s then log "x"\n' % (one, " or ".join(CONDITIONS[one])) for one in observed)


def policy(whose, observed=()):
    """A rule that acts on facts of one producer, and, before it, those that only observe facts of others."""
    rules = [watchers(observed)]
    rules += ['rule "%s" when %s then score %d as "%d"\n' % (condition.replace('"', "'"), condition, 1 << n, n)
              for n, condition in enumerate(CONDITIONS[whose])]
    return "".join(rules) + 'rule "acts" when score > 0 then ' + action(whose) + "\n"


def test_every_producer_is_here():
    assert set(agreement_policies.producers()) == set(CONDITIONS)


# ---- what is sent


WORDS = b"garden window letter summer winter kitchen bottle village orange purple silver copper marble timber leather cotton station minute engine monday flower"


def hiding_in_a_file():
    return multipart(text(), file(b"m.eml", contents()["boundary twice"]))


def made_rows(signer, server):
    of, plain = contents(), raw(b"")
    signed = signer.mails(server)["signed"] if signer else plain
    return [Row("plain", USUAL, plain),
            Row("asks", USUAL, of["asks to be refused"]),
            Row("listed author", USUAL, authors(b"a@bad.example")),
            Row("listed second author", USUAL, authors(b"a@good.example, b@bad.example")),
            Row("passes for another", USUAL, authors(b"Anna Example <a@plain.example>")),
            Row("listed by its name", ENVELOPES["listed by its name"], plain),
            Row("listed HELO", USUAL._replace(helo="my_pc.bad.example"), plain),
            Row("listed sender", ENVELOPES["listed sender"], plain),
            Row("link", USUAL, linking(b"bad.example", b"grey.example")),
            Row("code", USUAL, of["a code"]),
            Row("code that is not read", USUAL, of["a code that is not read"]),
            Row("two texts", USUAL, multipart(text(WORDS), text(WORDS[::-1], b"html"), kind=b"alternative")),
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
            body = backend("behind", behind.port) + domains("behind", "example.com") + world.configuration(timeout="15s", patience="15s") + LISTS + KNOWN + more + rules
            self.it = Gatepost(folder, body, changes=dict(SETTINGS, antivirus=antivirus, **changes))

        def __enter__(self):
            return self.it.start()

        def __exit__(self, *_):
            status = self.it.stop()
            assert status == 0

    return Running


# ---- pairs


def others(whose):
    """(Who may change something, who may not): the former are observed alone, that they hide nothing of the others."""
    excepted = [observed for known, observed, _ in EXCEPTIONS if known == whose]
    return excepted, [observed for observed in NAMES if observed not in excepted + [whose]]


def together(whose):
    alone, rest = others(whose)
    return [(observed,) for observed in alone] + [tuple(rest[n:n + TOGETHER]) for n in range(0, len(rest), TOGETHER)]


def twice(whose):
    """As the rows and the columns of a square: no two are in both together."""
    alone, rest = others(whose)
    side = math.isqrt(len(rest) - 1) + 1
    return [(observed,) for observed in alone] + [tuple(rest[n:n + side]) for n in range(0, len(rest), side)] + [tuple(rest[n::side]) for n in range(side)]


def of_all_pairs(judge, observed_by, names=NAMES, policy=policy):
    """{(whose, observed): judge(policy)}: the own rules of these alone, and beside what observes others; some at once."""
    pairs = [(whose, observed) for whose in names for observed in [()] + observed_by(whose)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(pairs, pool.map(lambda pair: judge(policy(*pair)), pairs)))


def compare(found):
    """No pair differs from the rule alone, but for what is excepted."""
    changed = {}
    for (whose, observed), said in found.items():
        rows = [(row, found[whose, ()][row], one) for row, one in said.items()
                if one != found[whose, ()][row] and not any((whose, fact, row) in EXCEPTIONS for fact in observed)]
        changed.update({(whose, observed): rows[:2]} if rows else {})
    assert not changed, "\n".join("%s, %s observed: %s" % (*pair, rows) for pair, rows in changed.items())


# What a fact rests on is found out with it: rows for which these hold although no rule names what tells so.
HOLDS = {("DOMAINS", "listed author"), ("DOMAINS", "listed second author"), ("DOMAINS", "listed by its name"),
         ("DOMAINS", "listed HELO"), ("DOMAINS", "link"), ("SENDER_DOMAINS", "listed by its name"),
         ("SENDER_DOMAINS", "listed HELO"), ("LIKENESS", "listed author"), ("LIKENESS", "listed second author"),
         ("LIKENESS", "passes for another")}


def holds(found):
    """Each rule holds for some rows and not for others, else that nothing changes says nothing; and it holds where it must."""
    for whose in {whose for whose, _ in found} - set(REMEMBERED) - {"POLICY", "GEO", "CLOCK", "LISTED", "LISTED_AUTHOR", "LOGIN", "LOGIN_AUTHOR", "LOGIN_FAILURES", "ACCOUNT",
                                                          "SPAM", "REASONS", "CAMPAIGN", "REPORTED", "ANSWERED", "ANSWERED_AUTHOR", "REPLY"}:
        assert len({str(said) for said in found[whose, ()].values()}) > 1, whose
    alone = {whose: rows for (whose, observed), rows in found.items() if not observed}
    missed = [(whose, row) for whose, row in HOLDS if whose in alone and alone[whose][row] == alone[whose]["plain"]]
    assert not missed, missed


def told_live(said):
    rules = [name for name in said.record["rules"]] if said.record else None
    return [reply for reply, _ in said.replies], said.final and said.final[0], said.hung_up, rules


def test_an_observed_fact_changes_no_other_rule_of_a_gateway(gateway, rows, addresses):
    def judge(rules):
        with gateway(rules, NO_REDIS) as it:
            said = agreement.live(it, rows, addresses, {"inbound": it.port})
        return {name: told_live(one) for name, one in said.items()}

    found = of_all_pairs(judge, together, SOME)
    holds(found)
    compare(found)


# ---- what Redis remembers: it takes more than one message to see


def say(it, addresses, place, sender, helo="mail.good.example", message=raw(b""), to="user@example.com"):
    """The decisive reply, without its reference."""
    row = Row("", agreement.Envelope(place, helo, sender, [to]), message)
    said = agreement.send(row, addresses, {"inbound": it.port})
    return said.final[0] if said.final else said.replies[0][0]


def soon(ask, code="250"):
    """What is asked for until it is there, or has not come: what is accepted is written down behind the reply."""
    replies = []
    wait_until(lambda: replies.append(ask(len(replies))) or replies[-1].startswith(code), 0.6, 0.1)
    return replies[-1]


GREYLIST = """
greylist { delay 60s  passes 1 }
rule "wait" when not greylist.known and helo == "new.example" then defer 451 4.7.1 "greylisted"
"""


def is_greylisted(it, addresses, signer):
    """Whether a stranger, a domain that SPF passed for, and one that has signed, wait at their first contact from elsewhere."""
    def new(place, domain):
        return soon(lambda n: say(it, addresses, place, "b%d@%s" % (n, domain), helo="new.example"))

    signed = signer.sign(authors(b"a@grey.example"), b"grey.example")
    accepted = [say(it, addresses, "127.1.0.1", "a@pool.example"), say(it, addresses, "127.2.0.1", "a@soft.example", message=signed)]
    return {"accepted": accepted, "stranger": say(it, addresses, "127.3.0.1", "b@soft.example", helo="new.example"),
            "SPF": new("127.4.0.1", "pool.example"), "signed": new("127.5.0.1", "grey.example")}


HISTORY = 'rule "known" when sender.messages > 0 then reject 550 5.7.1 "known"\n'

CONTACT = 'rule "known" when not sender.first_contact then reject 550 5.7.1 "known"\n'


def is_known(it, addresses, signer):
    return {"first": say(it, addresses, 10, "a@good.example"),
            "second": soon(lambda n: say(it, addresses, 10, "a@good.example"), "550"),
            "another": say(it, addresses, 10, "b@good.example")}


RATE = "".join('rule "%s" when %s then score %d as "x"\n' % (rate, rate, 1 << n) for n, rate in enumerate(CONDITIONS["RATE"]))
RATE += 'rule "often" when score > 0 and message.size > 0 then reject 550 5.7.1 "score {score}"\n'


def is_often(it, addresses, signer):
    """The sender's domain, the one that SPF passed for, and the client's name are counted apart."""
    steps = [(10, "a@good.example"), (20, "b@good.example"), (10, ""), (50, "a@bad.example"), (11, "c@bad.example")]
    return {str(step): say(it, addresses, *step) for step in steps}


SCRIPTS = {"GREYLIST": (GREYLIST, is_greylisted), "HISTORY": (HISTORY, is_known), "CONTACT": (CONTACT, is_known), "RATE": (RATE, is_often)}


@pytest.mark.parametrize("whose", REMEMBERED)
def test_an_observed_fact_changes_nothing_that_is_remembered(whose, gateway, addresses, signer):
    rules, script = SCRIPTS[whose]

    def judge(observer):
        with gateway(observer + rules, {}) as it:
            return script(it, addresses, signer)

    found = of_all_pairs(judge, together, [whose], lambda _, observed: watchers(observed))
    assert len(set(map(str, found[whose, ()].values()))) > 1
    assert found[whose, ()].get("SPF", "250").startswith("250")
    compare(found)


# ---- gatepostctl


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
        config.write_text('antivirus { enabled %s database "%s" }\n' % ("on" if "av.result" in rules else "off", signatures) + LISTS + KNOWN
                          + 'hostname "mx.example.com"\n' + rules)
        done = check.gatepostctl("check", "--config", config, "--dns", listing / "dns.json", "--batch", listing / "batch.jsonl")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert answers and not any("error" in answer for answer in answers), done.stderr + str(answers[:1])
        return {answer["id"]: (answer["verdict"], answer["reply"], answer["rules"], answer["score"], answer.get("recipients"))
                for answer in answers}

    found = of_all_pairs(judge, together if needs.SANITIZED else twice, SOME)
    holds(found)
    compare(found)
