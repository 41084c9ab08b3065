# SPDX-License-Identifier: ISC
"""Recipients that fare differently at delivery: at the retry each has his own reply, and nobody who can be served is lost.

A real Postfix sends, a real Postfix takes: its policy service says no to some, in ways that a check at RCPT does not show."""
import os
import re
import smtplib
import types

import pytest

from lab import needs, samples
from lab.gatepost import Gatepost, backend, domains
from lab.policy_service import PolicyService
from lab.ports import free_port
from lab.postfix import Postfix, Sender
from lab.process import kill, wait_until
from lab.smtp_client import Session

REPLIES = {"550": "550 5.1.1 bob has left", "550x": "550 5.7.133 members only", "552": "552 5.2.2 bob's mailbox is full",
           "452": "452 4.2.2 bob's mailbox is full for now", "451": "451 4.3.0 bob's mailbox is being moved"}
FINAL = {"550", "550x", "552"}
MEMBERS = 8
LIMIT = 3
ADDRESSES = tuple("%s%s@example.com" % (who, code) for code in REPLIES for who in ("alice", "bob")) + \
    tuple("member%d@example.com" % n for n in range(MEMBERS)) + ("alice@example.com", "bob@example.com", "carl@example.com")


class Mailboxes:
    """Says no to every bob: always, or ("edge") only to a message that is larger than was asked about first."""

    def __init__(self):
        self.way, self.sizes = "always", {}

    def __call__(self, request):
        code = re.match(r"bob(\w+)@", request["recipient"])
        size = int(request.get("size") or 0)
        if not code or self.way == "open":
            return "dunno"
        first = self.sizes.setdefault(request["sender"], size)
        return REPLIES[code[1]] if self.way == "always" or size > first else "dunno"


@pytest.fixture(scope="module")
def servers(run_dir):
    if not needs.IS_ROOT:
        pytest.skip("needs root: servers of its own")
    folder = run_dir / "retries"
    folder.mkdir()
    mailboxes = Mailboxes()
    policy = PolicyService(mailboxes).start()
    options = "smtpd_recipient_limit = %d\nsmtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:%d\n" % (
        LIMIT, policy.port)
    behind = Postfix(folder, options=options, addresses=ADDRESSES)
    sender = Sender(folder, free_port(), helo="sender.example")
    it = types.SimpleNamespace(mailboxes=mailboxes, behind=behind, sender=sender, folder=folder)
    try:
        behind.start()
        sender.start()
        yield it
    finally:
        sender.stop()
        behind.stop()
        policy.stop()


def configuration(port, check):
    return backend("behind", port, options="recipient_check %s  probe off" % check) + domains("behind", "example.com")


def post(server, subject, sender, *recipients):
    with smtplib.SMTP("127.0.0.1", server.port, "inside.example", timeout=10) as smtp:
        smtp.sendmail(sender, list(recipients), samples.clean(subject, sender=sender))


def copies(server, address, subject):
    return sum(b"Subject: %s\r\n" % subject.encode() in m.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
               for m in server.messages(address))


def fate(log, address):
    """The states that the sending Postfix has logged of a recipient, with what it was told."""
    return re.findall(r"to=<%s>.* status=(\w+) \((.*)\)" % re.escape(address), log)


@pytest.mark.parametrize("check", ["on", "off"])
@pytest.mark.parametrize("memory", ["kept", "gone"])
def test_who_is_taken_gets_it_once_and_who_is_refused_has_his_own_reply(servers, own_dir, check, memory):
    """Each code at once, and more recipients than the server takes; the gateway is started anew in between, or not."""
    run = "%s-%s" % (check, memory)
    sender, behind = servers.sender, servers.behind
    servers.mailboxes.way, servers.mailboxes.sizes = "edge" if check == "on" else "always", {}
    gateway = Gatepost(own_dir, configuration(behind.port, check), port=sender.gateway)
    assert wait_until(lambda: os.path.exists(sender.dir + "/maillog"))
    before = len(sender.log())
    told = lambda: sender.log()[before:]
    gateway.start()
    try:
        for code in REPLIES:
            post(sender, "%s-%s" % (run, code), "s%s-%s@client.example" % (code, run),
                 "alice%s@example.com" % code, "bob%s@example.com" % code)
        members = ["member%d@example.com" % n for n in range(MEMBERS)]
        post(sender, "%s-many" % run, "many-%s@client.example" % run, *members)
        assert wait_until(lambda: len(re.findall("recipients fare differently", told())) >= 2, 20)
        if memory == "gone":
            gateway.stop()
            gateway.start()
        for code in REPLIES:
            alice = "alice%s@example.com" % code
            assert sender.comes_until(lambda: copies(behind, alice, "%s-%s" % (run, code))), fate(told(), alice)
        for member in members:
            assert sender.comes_until(lambda: copies(behind, member, "%s-many" % run)), fate(told(), member)
        for code, reply in REPLIES.items():
            bob, words = "bob%s@example.com" % code, reply.split(" ", 2)[2]
            if code in FINAL:
                assert wait_until(lambda: ("bounced", words) in [(state, words) for state, text in fate(told(), bob)
                                                                if words in text], 20), fate(told(), bob)
            else:
                assert wait_until(lambda: any(state == "deferred" and words in text for state, text in fate(told(), bob)), 20), \
                    fate(told(), bob)
        servers.mailboxes.way = "open"
        for code in set(REPLIES) - FINAL:
            bob = "bob%s@example.com" % code
            assert sender.comes_until(lambda: copies(behind, bob, "%s-%s" % (run, code))), fate(told(), bob)
        assert [copies(behind, m, "%s-many" % run) for m in members] == [1] * MEMBERS
        for code in REPLIES:
            subject = "%s-%s" % (run, code)
            assert copies(behind, "alice%s@example.com" % code, subject) == 1
            assert copies(behind, "bob%s@example.com" % code, subject) == (code not in FINAL)
        assert "in-doubt" not in gateway.log()
    finally:
        assert gateway.stop() == 0


# -- what is remembered, and of what

def full(*who, code="552 5.2.2 mailbox full"):
    """A server that refuses these at RCPT of a delivery (MAIL names a size that grew), never in a check."""
    def rcpt(session, line):
        size = re.search(rb"SIZE=(\d+)", session.mail_line)
        return code if size and int(size[1]) > 1000 and any(name in line for name in who) else None
    return {"RCPT": rcpt}


@pytest.fixture
def site(start, new_backend):
    def go(script, check="off", **how):
        server = new_backend(script)
        gateway = start(configuration(server.port, check), changes={"timeouts": {"recipient_accepted": "1min", "recipient_refused": "1min"}},
                        **how)
        gateway.behind = server
        return gateway
    return go


def attempt(gateway, *recipients, size=None, octets=2000, sender="sender@client.example"):
    """(the code of each RCPT, the final reply or None)"""
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<%s>%s" % (sender, " SIZE=%d" % size if size else ""), 250)
        codes = [session.command("RCPT TO:<%s@example.com>" % who).code for who in recipients]
        final = session.data(samples.clean("try") + b"x" * octets + b"\r\n") if 250 in codes else None
        session.expect("QUIT", 221)
        return codes, final and final.code


def retried(gateway, *recipients, tries=8, **how):
    """What became of each, of a sender that keeps its order and comes again for those who were deferred."""
    left, fates = list(recipients), {}
    for _ in range(tries):
        codes, final = attempt(gateway, *left, **how)
        ends = {who: final if code == 250 else code for who, code in zip(left, codes)}
        fates.update((who, end) for who, end in ends.items() if end // 100 != 4)
        left = [who for who in left if who not in fates]
        if not left:
            break
    return fates


def served(*servers):
    return sorted(address.partition("@")[0] for server in servers for m in server.messages for address in m.recipients)


def test_at_the_retry_the_one_hears_his_reply_and_the_other_is_delivered_to(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)
    assert [m.recipients for m in gateway.behind.messages] == [["alice@example.com"]]


def test_a_reply_that_was_meant_for_a_large_message_refuses_no_small_one(site):
    gateway = site(full(b"bob"), check="on")
    assert attempt(gateway, "alice", "bob", octets=2000) == ([250, 250], 451)
    assert attempt(gateway, "bob", octets=10) == ([250], 250)
    assert attempt(gateway, "bob", size=300, octets=10, sender="other@client.example") == ([250], 250)


def test_a_sender_that_declares_no_size_is_taken_group_by_group(site):
    gateway = site(full(b"bob", b"carl"))
    assert attempt(gateway, "alice", "bob", "carl", "dora") == ([250] * 4, 451)
    assert attempt(gateway, "alice", "bob", "carl", "dora") == ([250, 452, 452, 250], 250)
    assert attempt(gateway, "bob", "carl") == ([250, 250], 552)
    assert [m.recipients for m in gateway.behind.messages] == [["alice@example.com", "dora@example.com"]]


def test_a_message_whose_size_is_another_at_each_retry_is_delivered_all_the_same(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2501) == ([250, 452], 250)
    assert attempt(gateway, "bob", size=2502) == ([250], 552)


def test_what_has_been_served_is_forgotten(site):
    gateway = site(full(b"bob", code="452 4.2.2 full for now"))
    attempt(gateway, "alice", "bob", size=2500)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 452], 250)
    gateway.behind.script.clear()
    assert attempt(gateway, "bob", size=2500) == ([250], 250)


def test_groups_that_the_rules_made_hold_for_the_next_message_too(start, new_backend):
    server = new_backend()
    rule = 'rule "not for bob" when message.subject == "try" and recipient == "bob@example.com" then reject 550 5.7.1 "not for bob"\n'
    gateway = start(configuration(server.port, "off") + rule)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    for size in (2500, 2600):
        assert attempt(gateway, "alice", "bob", size=size) == ([250, 452], 250)
        assert attempt(gateway, "bob", size=size) == ([250], 550)


def test_who_comes_alone_hears_it_once_and_is_then_tried_anew(site):
    gateway = site(full(b"bob", code="452 4.2.2 full for now"))
    attempt(gateway, "alice", "bob", size=2500)
    gateway.behind.script.clear()
    assert attempt(gateway, "bob", size=2500) == ([452], None)
    assert attempt(gateway, "bob", size=2500) == ([250], 250)


def test_nothing_is_forgotten_while_the_others_wait_still(site):
    gateway = site(full(b"bob"))
    attempt(gateway, "alice", "bob", size=2500)
    gateway.behind.script["DOT"] = "451 4.3.0 not now"
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 451)
    del gateway.behind.script["DOT"]
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)


def test_all_refused_with_one_reply_is_that_reply(site):
    gateway = site(full(b"bob", b"carl"))
    assert attempt(gateway, "bob", "carl", size=2500) == ([250, 250], 552)


def test_all_refused_each_in_his_own_way_is_told_at_the_retry(site):
    own = {b"bob": "550 5.1.1 has left", b"carl": "452 4.2.2 full"}
    gateway = site({"RCPT": lambda session, line: next((reply for name, reply in own.items() if name in line), None)})
    assert attempt(gateway, "bob", "carl", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "bob", "carl", size=2500) == ([550, 452], None)


def test_a_refusal_that_is_our_fault_is_a_tempfail_for_that_recipient_alone(site):
    gateway = site(full(b"bob", code="550 5.7.1 Unable to relay"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert gateway.wait_log("Unable to relay")
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 451], 250)


def test_checks_declare_the_size_so_that_a_full_mailbox_shows_at_rcpt(site):
    gateway = site(full(b"bob"), check="on")
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)
    assert attempt(gateway, "bob", size=300, octets=10) == ([250], 250)


def test_only_a_bad_address_is_remembered_of_a_recipient_refused_at_delivery(site):
    gateway = site(full(b"bob", code="550 5.2.1 mailbox disabled for this size"), check="on")
    assert attempt(gateway, "bob") == ([250], 550)
    gateway.behind.script.clear()
    assert attempt(gateway, "bob", sender="other@client.example") == ([250], 250)


# -- who cannot be served for now is tried in vain no longer than until others have had their turn

def test_a_first_one_who_is_full_for_long_holds_up_no_other(site):
    gateway = site(full(b"bob", code="452 4.2.2 full for now"))
    assert retried(gateway, "bob", "alice") == {"alice": 250}
    gateway.behind.script.clear()
    assert retried(gateway, "bob") == {"bob": 250}
    assert served(gateway.behind) == ["alice", "bob"]


def test_several_who_are_deferred_each_in_his_own_way_hold_up_no_other(site):
    own = {b"bob": "452 4.2.2 full", b"carl": "451 4.3.0 being moved", b"dora": "450 4.2.1 busy"}
    gateway = site({"RCPT": lambda session, line: next((reply for name, reply in own.items() if name in line), None)})
    assert retried(gateway, "bob", "carl", "dora", "alice") == {"alice": 250}
    own.clear()
    assert retried(gateway, "bob", "carl", "dora", tries=12) == {"bob": 250, "carl": 250, "dora": 250}
    assert served(gateway.behind) == ["alice", "bob", "carl", "dora"]


def test_a_rule_that_defers_the_first_one_for_long_holds_up_no_other(start, new_backend):
    server = new_backend()
    rule = 'rule "later" when message.subject == "try" and recipient == "bob@example.com" then defer 451 4.7.1 "not now"\n'
    gateway = start(configuration(server.port, "off") + rule)
    assert retried(gateway, "bob", "alice", size=2500) == {"alice": 250}
    assert served(server) == ["alice"]


@pytest.mark.parametrize("size", [None, 2500])
def test_a_backend_that_is_out_of_order_holds_up_no_recipient_of_another(start, new_backend, size):
    one, two = new_backend({"MAIL": "451 4.3.0 not now"}), new_backend()
    gateway = start(backend("one", one.port) + backend("two", two.port) + domains("one", "sub.example.com") + domains("two", "example.com"))

    def go(*recipients):
        with Session(gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<sender@client.example>%s" % (" SIZE=%d" % size if size else ""), 250)
            codes = [session.command("RCPT TO:<%s>" % who).code for who in recipients]
            return codes, session.data(samples.clean("try")).code if 250 in codes else None
    assert go("bob@sub.example.com", "alice@example.com") == ([250, 452], 451)
    assert go("bob@sub.example.com", "alice@example.com") == ([452, 250], 250)
    one.script.clear()
    assert go("bob@sub.example.com") == ([250], 250)
    assert served(one, two) == ["alice", "bob"]


def test_whoever_let_others_go_first_waits_no_more_once_served(site):
    gateway = site(full(b"bob", code="452 4.2.2 full for now"))
    retried(gateway, "bob", "alice")
    gateway.behind.script.clear()
    retried(gateway, "bob")
    assert attempt(gateway, "bob", "alice") == ([250, 250], 250)


def test_who_lets_others_go_first_waits_no_more_when_none_of_them_comes(start, new_backend):
    """A sender that went on at once with those who were turned away, each in a transaction of its own."""
    servers = [new_backend({"MAIL": "451 4.3.0 not now"})] + [new_backend() for _ in range(3)]
    names = ["d%d.example" % n for n in range(4)]
    gateway = start("".join(backend("b%d" % n, server.port) + domains("b%d" % n, names[n]) for n, server in enumerate(servers)))

    def go(*which):
        with Session(gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<sender@client.example> SIZE=2500", 250)
            codes = [session.command("RCPT TO:<user@%s>" % names[n]).code for n in which]
            return codes, session.data(samples.clean("try")).code if 250 in codes else None
    assert go(0, 1, 2, 3) == ([250, 452, 452, 452], 451)
    assert [go(n) for n in (1, 2, 3)] == [([250], 250)] * 3
    servers[0].script.clear()
    assert go(0) == ([452], None)
    assert go(0) == ([250], 250)


@pytest.mark.parametrize("check", ["on", "off"])
def test_a_server_to_which_the_case_of_a_local_part_counts_is_believed(site, check):
    gateway = site({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"alice@" in line else None}, check=check)
    assert retried(gateway, "alice", "Alice", "bob", size=2500) == {"alice": 550, "Alice": 250, "bob": 250}
    assert served(gateway.behind) == ["Alice", "bob"]


def test_a_message_of_another_size_takes_nothing_from_the_one_that_is_awaited(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "bob", size=300, octets=10) == ([250], 250)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)


@pytest.mark.parametrize("code", ["5.1.0", "5.1.7", "5.1.8"])
def test_a_bad_sender_s_reply_is_not_told_to_the_next_sender(start, new_backend, code):
    reply = "550 %s Sender address rejected" % code
    server = new_backend({"RCPT": lambda session, line: reply if b"bad@" in session.mail_line else None})
    gateway = start(configuration(server.port, "on"), changes={"timeouts": {"recipient_refused": "1min"}, "process": {"proxies": 1}})
    assert attempt(gateway, "bob", sender="bad@client.example") == ([550], None)
    assert attempt(gateway, "bob", sender="good@client.example") == ([250], 250)


def test_what_is_remembered_outlives_a_reload(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)


def test_a_proxy_that_was_killed_takes_no_memory_with_it(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    for pid in gateway.pids("gatepost-proxy"):
        kill(pid)
    assert wait_until(gateway.answers)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)


def test_who_is_named_twice_gets_one_and_who_is_refused_twice_hears_it_twice(site):
    gateway = site(full(b"bob"))
    everybody = ["bob", "alice", "bob", "alice"]
    assert attempt(gateway, *everybody, size=2500) == ([250] * 4, 451)
    assert attempt(gateway, *everybody, size=2500) == ([552, 250, 552, 250], 250)
    assert len(gateway.behind.messages) == 1


def test_a_server_that_refuses_the_second_naming_of_one_refuses_him_nothing(site):
    gateway = site({"RCPT": lambda session, line: "550 5.5.0 named twice" if line in session.rcpt_lines else None})
    assert attempt(gateway, "alice", "bob", "alice", "alice", size=2500) == ([250] * 4, 250)
    assert served(gateway.behind) == ["alice", "bob"]


def test_a_yes_that_a_delivery_has_disproved_is_forgotten_in_each_spelling_of_the_domain(start, new_backend):
    way = []
    server = new_backend({"RCPT": lambda session, line: "550 5.2.1 disabled" if way else None})
    gateway = start(backend("behind", server.port, options="recipient_check on  probe off") + domains("behind", "b\u00fccher.example"),
                    changes={"timeouts": {"recipient_accepted": "1min"}, "process": {"proxies": 1}})

    def tried(address):
        with Session(gateway.port) as session:
            session.ehlo()
            session.send("MAIL FROM:<sender@client.example> SMTPUTF8\r\nRCPT TO:<{}>\r\n".format(address).encode())
            mail, rcpt = session.reply().code, session.reply().code
            return mail, rcpt, session.data(samples.clean("try")).code if rcpt == 250 else None
    address = "bob@b\u00fccher.example"
    assert tried(address) == (250, 250, 250)
    way.append("closed")
    assert tried(address) == (250, 250, 550)
    assert tried(address) == (250, 550, None)


def test_in_chunks_it_is_the_same(site):
    gateway = site(full(b"bob"))
    message = samples.clean("chunks") + b"x" * 2000 + b"\r\n"
    for told, final in (([250, 250], 451), ([250, 552], 250)):
        with Session(gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<sender@client.example> SIZE=%d" % len(message), 250)
            assert [session.command("RCPT TO:<%s@example.com>" % who).code for who in ("alice", "bob")] == told
            session.send(b"BDAT %d LAST\r\n" % len(message) + message)
            assert session.reply().code == final


def test_another_sender_hears_nothing_of_it(site):
    gateway = site(full(b"bob"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "bob", size=2500, octets=10, sender="other@client.example") == ([250], 250)


def test_whom_a_rule_discards_is_not_asked_about_and_not_remembered(site, start, new_backend):
    server = new_backend(full(b"bob"))
    rule = 'rule "gone" when message.subject == "try" and recipient == "dora@example.com" then discard\n'
    gateway = start(configuration(server.port, "off") + rule)
    gateway.behind = server
    assert attempt(gateway, "dora", "alice", "bob", size=2500)[1] == 451  # the rules' groups, or the server's
    for _ in range(4):
        codes, final = attempt(gateway, "alice", "bob", size=2500)
        if final == 250:
            break
    assert (codes, final) == ([250, 552], 250)
    assert [m.recipients for m in server.messages] == [["alice@example.com"]]


def test_a_reply_of_many_lines_and_odd_octets_is_told_in_one(site):
    gateway = site({"RCPT": lambda session, line: [b"550-5.7.0 " + b"x" * 900 + b"\r\n550 5.7.0 odd \x01\xff" + b"y" * 900 + b"\r\n"]
                    if b"bob@" in line and b"SIZE=" in session.mail_line else None})
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    codes, final = attempt(gateway, "alice", "bob", size=2500)
    assert codes[0] == 250 and codes[1] in (451, 550) and final == 250


# -- a server that breaks off at a recipient

@pytest.mark.parametrize("size", [None, 2500])
@pytest.mark.parametrize("end", [[b"421 4.7.0 too many errors\r\n", "close"], ["close"], [b"600 what\r\n"]])
@pytest.mark.parametrize("order", [("bob", "alice", "carl"), ("alice", "bob", "carl"), ("alice", "carl", "bob")])
def test_whom_a_server_breaks_off_at_holds_up_no_other(site, end, order, size):
    gateway = site({"RCPT": lambda session, line: end if b"bob@" in line else None})
    assert retried(gateway, *order, size=size) == {"alice": 250, "carl": 250}
    gateway.behind.script.clear()
    assert retried(gateway, "bob", size=size) == {"bob": 250}
    assert served(gateway.behind) == ["alice", "bob", "carl"]


def test_a_server_that_breaks_off_after_so_many_refusals_loses_nobody(site):
    """As Postfix does past smtpd_hard_error_limit."""
    refusals = {}

    def rcpt(session, line):
        if b"good" in line:
            return None
        refusals[session] = refusals.get(session, 0) + 1
        return "550 5.1.1 no such user" if refusals[session] < 5 else [b"421 4.7.0 too many errors\r\n", "close"]
    gateway = site({"RCPT": rcpt})
    bad, good = ["bad%d" % n for n in range(12)], ["good1", "good2"]
    fates = retried(gateway, "good1", *bad, "good2", size=2500)
    assert {who: fates.get(who) for who in good} == {"good1": 250, "good2": 250}
    assert set(fates.values()) <= {250, 550}
    assert served(gateway.behind) == good


def test_a_server_that_breaks_off_once_is_not_held_against_a_recipient(site):
    ends = [["close"]]
    gateway = site({"RCPT": lambda session, line: ends.pop() if ends and b"bob@" in line else None})
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 250)
    assert served(gateway.behind) == ["alice", "bob"]


# -- how many recipients the server takes

def few(most, code="452 4.5.3 Too many recipients"):
    return {"RCPT": lambda session, line: code if len(session.rcpt_lines) >= most else None}


@pytest.mark.parametrize("code", ["452 4.5.3 Too many recipients", "452 too many recipients", "552 5.5.3 Too many recipients"])
def test_the_server_s_limit_of_recipients_is_learnt_and_told_as_452(site, code):
    gateway = site(few(2, code))
    everybody = ["r%d" % n for n in range(5)]
    assert attempt(gateway, *everybody) == ([250] * 5, 451)
    assert attempt(gateway, *everybody, sender="other@client.example") == ([250, 250, 452, 452, 452], 250)
    assert [len(m.recipients) for m in gateway.behind.messages] == [2]
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        session.expect("RCPT TO:<a@example.com>", 250)
        session.expect("RCPT TO:<b@example.com>", 250)
        assert session.expect("RCPT TO:<c@example.com>", 452).enhanced == "4.5.3"


def test_a_limit_that_the_server_tells_is_kept_from_the_start(start, new_backend):
    server = new_backend(extensions=("SIZE 100000", "LIMITS MAILMAX=10 RCPTMAX=2"))
    gateway = start(configuration(server.port, "off"), changes={"process": {"proxies": 1}})
    gateway.behind = server
    attempt(gateway, "a")
    assert attempt(gateway, "a", "b", "c") == ([250, 250, 452], 250)


def test_a_refusal_of_one_is_not_taken_for_a_limit(site):
    gateway = site(full(b"bob", code="452 4.5.3 recipients belong to multiple regions"))
    attempt(gateway, "alice", "bob", size=2500)
    gateway.behind.script.clear()
    assert attempt(gateway, "a", "b", "c", sender="other@client.example") == ([250] * 3, 250)


def test_a_mailbox_with_too_many_messages_is_not_taken_for_a_limit(site):
    gateway = site(full(b"bob", code="552 too many messages in the mailbox"))
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2500) == ([250, 552], 250)
    assert attempt(gateway, "a", "b", "c", sender="other@client.example") == ([250] * 3, 250)


# -- what nobody knows the end of

def test_a_delivery_in_doubt_is_told_with_all_that_finds_it(site):
    gateway = site({"DOT": ["close"]})
    assert attempt(gateway, "alice", "bob", size=2500)[1] == 451
    assert gateway.wait_log("in-doubt")
    line = next(line for line in gateway.log().splitlines() if "in-doubt" in line)
    assert "from=sender@client.example" in line and "alice@example.com bob@example.com" in line
    assert "backend=behind" in line and "server=127.0.0.1:%d" % gateway.behind.port in line
    assert re.search(r"message_id=\S*<", line), line
