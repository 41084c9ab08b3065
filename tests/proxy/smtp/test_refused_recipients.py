# SPDX-License-Identifier: ISC
"""Who names recipients without end that are refused: he is heard for a while, costs no memory, and fills no log."""
import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Closed, Session

MESSAGE = b"Subject: refused\r\n\r\nhello\r\n"
LATER = 'rule "later" when recipient starts with "later" then defer 451 4.7.1 "later"\n'
RATED = 'rule "rate" when rate(client.ip, 1h, recipients) > 1000000 then reject\n'


@pytest.fixture
def site(start, new_backend):
    def go(limits=None, policy=LATER, script=None, options="recipient_check off  probe off", **changes):
        server = new_backend(script)
        body = backend("behind", server.port, options=options) + domains("behind", "example.com") + policy
        it = start(body, changes={"process": {"proxies": 1}, "limits": limits or {}, **changes})
        it.behind = server
        return it
    return go


def codes(session, addresses):
    """Pipelined; until the session ends."""
    told = []
    try:
        for at in range(0, len(addresses), 500):
            group = addresses[at:at + 500]
            session.send("".join("RCPT TO:<%s>\r\n" % address for address in group))
            for _ in group:
                told.append(session.reply())
    except (Closed, OSError):
        pass
    return [reply.code for reply in told], told[-1]


def begun(it, sender="a@client.example"):
    session = Session(it.port)
    session.ehlo()
    session.expect("MAIL FROM:<%s>" % sender, 250)
    return session


def nobodies(count, domain="elsewhere.example"):
    return ["nobody%d@%s" % (n, domain) for n in range(count)]


# -- how many are heard

def test_fifty_recipients_are_refused_and_the_next_ends_the_session(site):
    with begun(site()) as session:
        told, last = codes(session, nobodies(60))
    assert told == [550] * 50 + [421] and last.enhanced == "4.7.0"


@pytest.mark.parametrize("how", ["the server behind", "a rule", "no domain", "a table"])
def test_whoever_refuses_for_good_it_counts(site, how, own_dir):
    table = own_dir / "known.txt"
    table.write_text("user@example.com\n")
    it = site({"refused_recipients": 3}, script={"RCPT": "550 5.1.1 no such user"} if how == "the server behind" else None,
              options="recipient_check %s  probe off" % ("on" if how == "the server behind" else "off"),
              policy='rule "no" when recipient starts with "nobody" then reject\n' if how == "a rule" else "")
    if how == "a table":
        it.configure(backend("behind", it.behind.port) + 'domain "example.com" { backend behind  recipients from file "%s" }\n' % table,
                     {"process": {"proxies": 1}, "limits": {"refused_recipients": 3}})
        it.reload()
        assert it.wait_log("serving generation=2")
    with begun(it) as session:
        told, _ = codes(session, nobodies(9, "example.com") if how != "no domain" else ["nobody"] * 9)
    assert told == [501 if how == "no domain" else 550] * 3 + [421]


def test_those_that_were_put_off_do_not_count(site):
    with begun(site({"refused_recipients": 3})) as session:
        told, _ = codes(session, ["later%d@example.com" % n for n in range(100)] + nobodies(5))
    assert told == [451] * 100 + [550] * 3 + [421]


def test_what_was_put_off_is_bounded_by_the_commands_of_a_session(site):
    with begun(site({"commands": 100})) as session:
        told, last = codes(session, ["later%d@example.com" % n for n in range(200)])
    assert told == [451] * 98 + [421] and "commands" in last.text


def test_a_message_that_is_taken_begins_the_count_anew(site):
    it = site({"refused_recipients": 3})
    with Session(it.port) as session:
        session.ehlo()
        for _ in range(4):
            session.envelope("user@example.com")
            assert codes(session, nobodies(3))[0] == [550] * 3
            assert session.data(MESSAGE).code == 250
        session.expect("MAIL FROM:<a@client.example>", 250)
        assert codes(session, nobodies(4))[0] == [550] * 3 + [421]
    assert len(it.behind.messages) == 4


def test_rset_does_not_begin_it_anew(site):
    with begun(site({"refused_recipients": 3})) as session:
        assert codes(session, nobodies(2))[0] == [550] * 2
        session.expect("RSET", 250)
        session.expect("MAIL FROM:<a@client.example>", 250)
        assert codes(session, nobodies(2))[0] == [550, 421]


def test_those_who_were_accepted_between_refusals_get_the_message(site):
    it = site()
    with begun(it) as session:
        addresses = [address for n, nobody in enumerate(nobodies(40)) for address in (nobody, "u%d@example.com" % n, "later@example.com")]
        assert codes(session, addresses)[0] == [550, 250, 451] * 40
        assert session.data(MESSAGE).code == 250
    assert it.behind.messages[0].recipients == ["u%d@example.com" % n for n in range(40)]


# -- what they cost

def memory(it):
    """Of the one proxy, KiB."""
    with open("/proc/%d/status" % it.pids("gatepost-proxy")[0]) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.skipif(needs.SANITIZED, reason="AddressSanitizer keeps what was freed")
@pytest.mark.parametrize("address", ["nobody%d%s@elsewhere.example", "later%d%s@example.com", "gone%d%s@example.com", "off%d%s@example.com"],
                         ids=["relaying", "put off by a rule", "refused behind", "put off behind"])
def test_what_was_refused_leaves_nothing(site, address, internet):
    it = site({"refused_recipients": 1000000, "commands": 1000000}, policy=LATER + RATED + internet.configuration, options="recipient_check on  probe off",
              script={"RCPT": lambda _, line: "550 5.1.1 no such user" if b"gone" in line else "451 4.2.1 later"})
    with begun(it) as session:
        tries = [address % (n, "x" * 200) for n in range(9900)]
        codes(session, tries)  # what is kept for the next session, too
        before = memory(it)
        told, _ = codes(session, tries)
        assert len(told) == 9900 and 421 not in told and 250 not in told
        assert memory(it) - before < 512
        session.expect("RCPT TO:<nobody@elsewhere.example>", 550)


# -- what is logged

def lines(it):
    it.control("status")
    return [line for line in it.log().splitlines() if not line.startswith("debug") and " debug " not in line.lower()[:60]]


def test_two_thousand_refusals_are_ten_lines_and_a_number(site):
    it = site({"refused_recipients": 1000000}, log={"level": '"info"'})
    before = len(lines(it))
    with begun(it) as session:
        told, _ = codes(session, nobodies(1000) + ["later%d@example.com" % n for n in range(1000)])
        session.expect("QUIT", 221)
    assert told == [550] * 1000 + [451] * 1000
    assert it.wait_log("more of the same")
    new = lines(it)[before:]
    assert len([line for line in new if "recipient refused" in line]) == 10
    assert len(new) <= 12, new
    assert "recipients_refused=1990" in next(line for line in new if "more of the same" in line)


def test_few_refusals_are_a_line_each_and_no_number(site):
    it = site(log={"level": '"info"'})
    with begun(it) as session:
        codes(session, nobodies(10))
        session.expect("QUIT", 221)
    assert it.wait_log("nobody9@")
    assert it.log().count("recipient refused") == 10 and "more of the same" not in it.log()


def test_messages_are_a_line_each_however_many_were_refused_before(site):
    it = site(log={"level": '"info"'})
    with begun(it) as session:
        codes(session, nobodies(20))
        session.expect("RSET", 250)
        for _ in range(15):
            session.envelope("user@example.com")
            assert session.data(MESSAGE).code == 250
    assert it.log().count(" message client=") == 15
