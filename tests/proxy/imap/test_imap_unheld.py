# SPDX-License-Identifier: ISC
"""Where no rule looks at messages they pass as they come, and are recorded by how they begin; who may not read at all is another matter."""
import pytest

from lab import needs, samples
from lab.backend import CLOSE
from lab.gatepost import Gatepost, backend, running
from lab.imap_client import logged_in
from lab.imap_stub import TAG, ImapStub, literal
from lab.process import wait_until

RULES = 'rule "gone" when login.user == "gone@example.com" then quarantine "read"\n' \
    'rule "guessed" when login.failures > 50 then reject 535 5.7.8 "too many"\n'
USER = "user@example.com"
LARGE = samples.clean("large") + b"a line of many\r\n" * 100000
MAILS = [samples.clean("small"), LARGE]
OK = TAG + b" OK done\r\n"

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def server():
    stub = ImapStub(MAILS, password=None).start()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, server):
    needs.to_be_root("Gatepost's parent")
    gateway = Gatepost(run_dir / "imap-unheld", RULES + backend("behind", imap=["%d tls none" % server.port]),
                       {"history": {"text": "on"}, "timeouts": {"response": "2s"}}, imap="backend behind")
    with running(gateway, [server]):
        yield gateway


@pytest.fixture
def behind(server):
    server.forget()
    return server


@pytest.fixture
def reader(site, behind):
    with logged_in(site.imap_port, USER, "any", "INBOX", timeout=8) as session:
        yield session


def records(site, login=USER):
    return [record for record in site.decisions() if record["stage"] == "message" and record["login"] == login]


def halves(octets):
    return octets[:len(octets) // 2], octets[len(octets) // 2:]


def test_a_large_message_is_there_before_its_end_is(behind, reader):
    first, second = halves(b"* 1 FETCH (UID 101 BODY[] %s)\r\n" % literal(LARGE))
    behind.script["FETCH"] = [first, 1.5, second, OK]
    reader.send("x FETCH 1 (UID BODY.PEEK[])\r\n")
    reader.socket.settimeout(1.2)
    assert reader._take(len(first) - 20000) == first[:len(first) - 20000]
    reader.socket.settimeout(5)
    assert reader._take(len(second) + 20000) == (first + second)[len(first) - 20000:]
    assert reader.responses("x")[-1].startswith(b"x OK")


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("items", ["BODY.PEEK[]", "(UID RFC822)", "(FLAGS BODY[] UID)"])
def test_it_is_what_the_server_has(items, number, reader):
    answers = reader.expect("FETCH %d %s" % (number, items))
    assert MAILS[number - 1] in answers[0]


def test_a_record_tells_of_it_once(site, reader):
    before = len(records(site))
    for _ in range(2):
        reader.expect("UID FETCH 101:102 (BODY.PEEK[])")
    told = records(site)[before:]
    assert [(r["subject"], r["size"], r["verdict"]) for r in told] == [("small", len(MAILS[0]), "accept"), ("large", len(LARGE), "accept")]
    assert all(r["message_id"] for r in told)


def test_a_header_that_is_still_on_its_way_is_waited_for(site, behind, reader):
    whole = b"* 1 FETCH (UID 101 BODY[] %s)\r\n" % literal(LARGE)
    at = whole.index(b"Subject") + 10
    behind.script["UID FETCH"] = [whole[:at], 0.3, whole[at:], OK]
    before = len(records(site))
    reader.expect("UID FETCH 101 (BODY.PEEK[])")
    assert [r["subject"] for r in records(site)[before:]] == ["large"]


def test_items_behind_the_message_and_other_literals_pass_with_it(behind, reader):
    whole = b"* 1 FETCH (X {3}\r\nabc BODY[] %s BODY[HEADER] %s UID 101)\r\n" % (literal(LARGE), literal(b"Subject: x\r\n\r\n"))
    behind.script["FETCH"] = [whole, OK]
    reader.send("x FETCH 1 (BODY.PEEK[] BODY.PEEK[HEADER])\r\n")
    assert reader._take(len(whole)) == whole


def test_a_rule_about_who_reads_holds_nevertheless(site, behind):
    with logged_in(site.imap_port, "gone@example.com", "any", "INBOX", timeout=8) as session:
        for number in (1, 2):
            answers = session.expect("FETCH %d (BODY.PEEK[])" % number)
            assert b"many" not in b"".join(answers) and MAILS[number - 1][-20:] not in b"".join(answers)


def test_a_server_that_goes_away_within_a_message_ends_the_session(site, behind, reader):
    behind.script["FETCH"] = [halves(b"* 1 FETCH (BODY[] %s)\r\n" % literal(LARGE))[0], CLOSE]
    reader.send("x FETCH 1 (BODY.PEEK[])\r\n")
    assert reader.rest().count(b"a line of many") > 40000
    assert wait_until(lambda: not site.control("sessions").strip())


def test_a_server_that_stalls_within_a_message_is_given_up(site, behind, reader):
    behind.script["FETCH"] = [halves(b"* 1 FETCH (BODY[] %s)\r\n" % literal(LARGE))[0], 10]
    reader.send("x FETCH 1 (BODY.PEEK[])\r\n")
    assert wait_until(lambda: "mailbox lost" in site.log(), 6)


# ---- many

MANY = [samples.clean("number %d" % number) for number in range(14)]
BY_WHO = 'observe rule "who" when login.user == "somebody else" then log "x"\n'
BY_CONTENT = 'observe rule "what" when message.size > 1MiB then log "x"\n'


@pytest.fixture
def mailbox(start):
    """mailbox(rules) is a gateway, whose user has read each of many messages twice."""
    stub = ImapStub(MANY, password=None).start()

    def read(rules):
        it = start(rules + backend("behind", imap=["%d tls none" % stub.port]), imap="backend behind")
        with logged_in(it.imap_port, USER, "any", "INBOX", timeout=8) as session:
            for _ in range(2):
                assert len(session.expect("FETCH 1:14 (UID BODY.PEEK[])")) > 14
        return it
    yield read
    stub.stop()


def told(it, stage):
    return [record for record in it.decisions() if record["stage"] == stage]


@pytest.mark.parametrize("rules", ["", BY_WHO], ids=["no rule", "a rule about who reads"])
def test_of_many_that_no_rule_looks_at_the_first_ten_are_recorded_and_the_others_as_a_number(rules, mailbox):
    it = mailbox(rules)
    rest, = wait_until(lambda: told(it, "session"))
    assert len(told(it, "message")) == 10
    assert (rest["verdict"], rest["count"], rest["size"], rest["login"]) == ("accept", 4, sum(map(len, MANY[10:])), USER)
    assert it.log().count("message read") == 10 and "messages=4 size=%d" % rest["size"] in it.log()


def test_where_a_rule_looks_at_them_each_is_recorded(mailbox):
    it = mailbox(BY_CONTENT)
    assert wait_until(lambda: len(told(it, "message")) == 14) and told(it, "session") == []
