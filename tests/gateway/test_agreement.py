# SPDX-License-Identifier: ISC
"""What a running gateway does and what `gatepostctl check` says of the same message, envelope and DNS is the same: verdict,
reply, rules and every fact, row by row."""
import base64
import json
import pathlib
import re
import tempfile
from collections import namedtuple

import pytest

from lab import agreement, agreement_policies, needs, samples
from lab.agreement_dns import LISTS
from lab.agreement_rows import OURS, from_corpora, generated
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains, shipped_policy
from lab.ports import free_port
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

ROWS_LEAST = 600
SETTINGS = {"limits": {"sessions_per_client": 1000, "message_size": "1MiB"}, "smtp": {"banner_delay": "0s", "hide_backend": "off"},
            "process": {"user": '"nobody"', "proxies": 2, "scanners": 2, "antivirus_scanners": 1}}
NO_REDIS = {"redis": {"server": '"127.0.0.1:1"'}}  # then Redis says as little live as it does to check
CORPORA = {"mime": 60, "archives": 40, "spam2025": 40, "spamcorpus": 40, "dkim": 40, "arc": 40, "dmarc": 20}

# ---- what may differ

# rows: whether it is this row's matter
Difference = namedtuple("Difference", "fields rows why")


def every(row):
    return True


def is_early(row):
    return row.envelope.sender.startswith("discarded")


# What cannot agree.
EXCEPTIONS = [
    Difference(["fact client.port"], every, "check knows of no connection"),
    Difference(["fact tls.active", "fact tls.version", "fact tls.cipher"], every, "check supposes TLS, and the rows come without"),
    Difference(["fact greylist.known", "fact greylist.first_seen", "fact greylist.wait", "fact sender.first_seen",
                "fact sender.messages", "fact sender.first_contact", "fact sender.answered", "fact message.from_answered", "fact message.in_reply_to_known",
                "fact rate(client.ip, 1h)", "fact rate(spf.domain, 1h)",
                *("fact account." + name for name in ("known_for", "recipients_hour", "usual_hour", "burst", "new_recipients", "refused_recipients",
                                                      "new_network", "new_country", "same_text"))], every, "Redis remembers, and check asks none"),
    Difference(["fact message.size", "fact message.digest"], lambda row: (row.message or b"").startswith(b"From "),
               "the line of a mail box before the first field: live it was sent, to check it is the file's"),
    Difference(["missing", "observed"], is_early,
               "what is decided before the message is there is not held up by rules that only observe it"),
]

ALL = agreement_policies.names_all() + agreement_policies.KEYED + agreement_policies.ACTS
POLICIES = {
    "all": (ALL, {}),
    "refused early": (ALL, dict(NO_REDIS, smtp={"banner_delay": "0s", "refuse_early": "on", "hide_backend": "off"})),
    "few": (agreement_policies.FEW, NO_REDIS),
    "fields": (agreement_policies.FIELDS, NO_REDIS),
    "shipped": (shipped_policy(), NO_REDIS),
}


@pytest.fixture(scope="module")
def rows(addresses, world, signer):
    """Those that are made here come first."""
    if len(addresses.six) < 2:
        pytest.skip("needs addresses of its own (ip addr add)")
    made, (found, absent) = generated(signer, world.server), from_corpora(CORPORA)
    assert len(made) >= ROWS_LEAST
    missed = "; not here: " + ", ".join(absent) if absent else ""
    print("\n%d rows, %d of corpora%s" % (len(made) + len(found), len(found), missed))
    return made + found


# ---- the run


HASTY, PATIENT = ("500ms", "1500ms"), ("4s", "8s")  # the resolver's time for an answer, and for all of them


def site(world, server, ports, policy, patience):
    return "".join([backend("behind", server.port), domains("behind", "example.com", "example.org", OURS),
                    world.configuration(*patience), LISTS, 'listen smtp on "[::1]:%d"\n' % ports["inbound6"],
                    'listen smtp "out" on "127.0.0.1:%d" { outbound }\n' % ports["outbound"], policy])


def offers_utf8(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        return "SMTPUTF8" in client.extensions


@pytest.fixture
def judged(own_dir, addresses, world):
    """judged(rows, policy, changes, patience): {name of a row: (what the gateway said, what check says)}, and what was delivered."""
    def judge(rows, policy, changes, patience=HASTY):
        own = pathlib.Path(tempfile.mkdtemp(dir=own_dir))
        own.chmod(0o755)
        ports, server = {"inbound6": free_port(), "outbound": free_port()}, Backend().start()
        gateway = Gatepost(own, site(world, server, ports, policy, patience), changes=dict(SETTINGS, **changes))
        ports["inbound"] = gateway.port
        try:
            gateway.start()
            wait_until(lambda: all(offers_utf8(gateway) for _ in range(6)))
            said = agreement.live(gateway, rows, addresses, ports)
        finally:
            status = gateway.stop()
            server.stop()
        assert status == 0
        answers = agreement.offline(own, gateway.file, rows, addresses, world.map)
        return {row.name: (said[row.name], answers[row.name]) for row in rows}, [m.content for m in server.messages], gateway.file
    return judge


# ---- the comparison


def covers(difference, row, field):
    return difference.rows(row) and field in difference.fields


def is_excepted(row, field):
    return any(covers(exception, row, field) for exception in EXCEPTIONS)


def own_rules(names):
    """Without those that only tell what may differ for every row."""
    facts = {field[5:] for e in EXCEPTIONS if e.rows is every for field in e.fields}
    return [name for name in names or [] if not name.startswith("remembered") and name.rpartition(" is ")[0] not in facts]


def only_once(here, there):
    """Of two lists of rules what stands in one of them only."""
    return [n for n in here if n not in there], [n for n in there if n not in here]


def differences(row, said, answer, named):
    """(field, live, check), without those that are excepted."""
    both = agreement.compare(said, answer)
    if "observed" in both:
        both["observed"] = only_once(*map(own_rules, both["observed"]))
    both["missing"] = (sorted(agreement.missing(said, answer, named)), [])
    return [(field, live, check) for field, (live, check) in both.items() if live != check and not is_excepted(row, field)]


def report(found):
    """How many differ in which field, and some of them."""
    lines = ["%d differences" % len(found)]
    for field in sorted({one[1] for one in found}):
        rows = [str(one)[:400] for one in found if one[1] == field]
        lines += ["%s: %d" % (field, len(rows))] + rows[:4]
    return "\n    ".join(lines)


@pytest.mark.parametrize("name", ["all", "few"] if needs.SANITIZED else POLICIES)
def test_what_the_gateway_does_is_what_check_says(name, judged, rows, own_dir, addresses, world):
    """Under sanitizers all rows by the policy that names everything, and a third of them by that which names little."""
    policy, changes = POLICIES[name]
    rows = rows[::3] if needs.SANITIZED and name != "all" else rows
    signatures = '"%s"' % samples.write_signatures(own_dir / "signatures")
    changes = dict(changes, antivirus={"enabled": "on", "database": signatures})
    both, delivered, file = judged(rows, policy, changes)
    named = agreement_policies.named(policy)
    differ = [row for row in rows if differences(row, *both[row.name], named)]
    if differ:  # a busy machine lets name servers seem slow: these alone, with time enough
        again = judged(differ, policy, changes, PATIENT)[0]
        found = [(row.name, *one) for row in differ for one in differences(row, *again[row.name], named)]
        assert not found, report(found)
    if name == "all":
        every_rule_is_tried(both)
        what_is_changed_arrives([row for row in rows if row not in differ], both, delivered, lambda row: agreement.changes(
            own_dir, file, row, addresses, dns_file(own_dir, world)))


def every_rule_is_tried(both):
    """Else what agrees says little."""
    fired = {name for _, answer in both.values() for name in answer["rules"] + answer["observed"]}
    rules = set(re.findall(r'^(?:observe )?rule "([^"]+)"', agreement_policies.KEYED + agreement_policies.ACTS, re.M))
    assert not set(own_rules(rules)) - fired


# ---- what is changed in a message: the JSON does not tell, the report for people does

CHANGED_MOST = 60


def dns_file(folder, world):
    path = folder / "dns.json"
    path.write_text(json.dumps(world.map))
    return path


def arrived(delivered, reference):
    """The message that has this reference in our Received field."""
    return next(content for content in delivered if b" id %s" % reference.encode() in content.partition(b"\r\n\r\n")[0])


def is_done(change, content):
    """Whether a change that check tells stands in the message that arrived."""
    head = re.sub(rb"\r\n(?=[ \t])", b"", content.partition(b"\r\n\r\n")[0]).decode("latin-1")
    kind = next(word for word in ("header add ", "header remove ", "subject prefix ", "strip part ") if change.startswith(word))
    rest = change[len(kind):]
    if kind == "header add ":
        return "\r\n%s\r\n" % rest in "\r\n%s\r\n" % head
    if kind == "header remove ":
        return "X-Spam-Flag: NO" not in head
    if kind == "subject prefix ":
        return "\r\nSubject: " + rest in head
    notice = rest.partition(" ")[2].encode()
    return notice in content or base64.b64encode(notice) in content.replace(b"\r\n", b"")


def what_is_changed_arrives(rows, both, delivered, changes):
    """And of our rules nothing else does."""
    fields, seen = re.compile(rb"^X-(?:Tag|Score|Friend): ", re.M), set()
    taken = [row for row in rows if both[row.name][0].record and both[row.name][0].record["verdict"] == "accept"]
    changed = [row for row in taken if set(both[row.name][1]["rules"]) - {"light", "sender in lists", "signed", "slow"}]
    for row in changed[::max(1, len(changed) // CHANGED_MOST)]:
        content, told = arrived(delivered, both[row.name][0].final[1]), changes(row)
        assert told and all(is_done(change, content) for change in told), (row.name, told, content[:1500])
        assert len(fields.findall(content)) == sum("header add X-" in change for change in told if "Spam" not in change), (row.name, told)
        seen.update(change.split()[0] + change.split()[1] for change in told)
    assert len(seen) == 4, seen
