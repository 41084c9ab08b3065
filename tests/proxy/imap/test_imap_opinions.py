# SPDX-License-Identifier: ISC
"""What a user thinks of messages is kept where he moves them into Junk, or out of it: once, of him by a digest alone, and his command passes
as it would without us."""
import base64
import contextlib
import hashlib
import itertools
import json
import re

import pytest

from lab import needs, samples
from lab.gatepost import READY, Gatepost, backend, running
from lab.imap_client import differences, logged_in
from lab.imap_stub import TAG, ImapStub
from lab.process import wait_until

REFERENCE = "0123456789ab.1"
OURS = b"Received: from x ([192.0.2.1]) by mx.example.com (Gatepost) with ESMTP id " + REFERENCE.encode() + b"; Sat, 28 Nov 2026 10:00:00 +0000\r\n"
MESSAGES = [samples.clean("message %d" % n) for n in range(4)] + [OURS + samples.clean("came through us")]
USERS = ("move", "copy", "flag", "out", "append", "trash", "twin", "refused", "many", "seen", "forgotten")
MAILBOXES = {user: MESSAGES if user != "many" else [samples.clean("one of many %d" % n) for n in range(66)] for user in USERS}
DOVECOT = r"""
namespace inbox {
  mailbox Werbefilter {
    special_use = \Junk
    auto = create
  }
}
"""


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


def opinions(gateway, *whose):
    return [json.loads(line) for line in gateway.control("opinions", "--json", *whose).splitlines()]


class User:
    """Somebody of one of the servers, through the gateway; `thinks` are his opinions, without those that he had before."""

    def __init__(self, front, name):
        self.address = "%s@%s.example" % (name, front.name)
        self.front = front
        self.session = logged_in(front.gateway.imap_port, self.address, mailbox="INBOX")
        self.session.command("CREATE " + front.server.junk)
        self.before = max((o["number"] for o in self._all()), default=0)

    def _all(self):
        return opinions(self.front.gateway, self.address)

    @property
    def thinks(self):
        return [("junk" if o["junk"] else "good", o["how"], o["message"]) for o in self._all() if o["number"] > self.before]

    def messages(self):
        return self.session.fetch("1:*", "(UID BODY.PEEK[])", uid=True)

    def uid(self, nth):
        return sorted(self.messages())[nth]

    def digest(self, uid):
        return hashlib.sha256(self.messages()[uid]["BODY[]"]).hexdigest()


@pytest.fixture
def user():
    with contextlib.ExitStack() as stack:
        def of(name, front):
            found = User(front, name)
            stack.enter_context(contextlib.closing(found.session))
            return found
        yield of


def move(user, numbers, mailbox):
    """MOVE where the server has it, which not every one does."""
    if "MOVE" in user.session.capabilities():
        user.session.expect("UID MOVE %s %s" % (numbers, mailbox))
        return "moved"
    user.session.expect("UID COPY %s %s" % (numbers, mailbox))
    user.session.expect("UID STORE %s +FLAGS (\\Deleted)" % numbers)
    user.session.expect("EXPUNGE")
    return "copied"


def test_who_moves_a_message_into_junk_calls_it_that(front, user):
    him = user("move", front)
    uid = him.uid(1)
    digest = him.digest(uid)
    how = move(him, uid, front.server.junk)
    assert him.thinks == [("junk", how, digest)]
    assert uid not in him.messages()


def test_who_copies_messages_there_calls_each_that(front, user):
    him = user("copy", front)
    digests = [him.digest(him.uid(n)) for n in (0, 2)]
    him.session.expect("COPY 1,3 %s" % front.server.junk)
    assert him.thinks == [("junk", "copied", digest) for digest in digests]


def test_who_moves_a_message_out_of_junk_calls_it_good_and_that_is_what_counts(front, user):
    him = user("out", front)
    digest = him.digest(him.uid(0))
    move(him, him.uid(0), front.server.junk)
    him.session.select(front.server.junk)
    how = move(him, him.uid(0), "INBOX")
    assert opinions(front.gateway, him.address)[-1]["how"] == how
    assert [(what, message) for what, _, message in him.thinks] == [("good", digest)]


def test_who_deletes_junk_calls_it_nothing(front, user):
    him = user("trash", front)
    him.session.append(front.server.junk, samples.clean("thrown away"))
    trash = front.server.junk.replace("Junk", "Trash")
    him.session.command("CREATE " + trash)
    him.session.select(front.server.junk)
    before = len(him.thinks)
    move(him, him.uid(-1), trash)
    assert len(him.thinks) == before


@pytest.mark.parametrize("flags, what", [("+FLAGS ($Junk)", "junk"), ("+FLAGS.SILENT Junk", "junk"), ("+FLAGS ($NotJunk)", "good"),
                                         ("+FLAGS (NonJunk \\Seen)", "good")])
def test_keywords_say_it_too(flags, what, front_of, user):
    him = user("flag", front_of("dovecot"))
    him.session.expect("UID STORE %d %s" % (him.uid(0), flags))
    assert him.thinks[-1] == (what, "flagged", him.digest(him.uid(0)))


@pytest.mark.parametrize("flags", ["-FLAGS ($Junk)", "FLAGS ($Junk)", "+FLAGS ($Junk $NotJunk)", "+FLAGS (\\Flagged)", "-FLAGS (NonJunk)"])
def test_other_changes_of_flags_say_nothing(flags, front_of, user):
    him = user("flag", front_of("dovecot"))
    him.session.expect("UID STORE %d %s" % (him.uid(1), flags))
    assert him.thinks == []


def test_what_is_put_into_junk_is_called_that(front, user):
    him = user("append", front)
    him.session.append(front.server.junk, MESSAGES[0])
    him.session.append("INBOX", MESSAGES[1])
    assert him.thinks == [("junk", "appended", hashlib.sha256(MESSAGES[0]).hexdigest())]


def test_the_server_says_which_mailbox_is_junk(front_of, user):
    him = user("move", front_of("dovecot"))
    digest = him.digest(him.uid(0))
    him.session.expect("UID MOVE %d Werbefilter" % him.uid(0))
    assert him.thinks == [("junk", "moved", digest)]


def test_a_message_that_came_through_us_is_known_by_its_reference(front_of, user):
    him = user("copy", front_of("dovecot"))
    him.session.expect("UID COPY %d Junk" % him.uid(4))
    assert opinions(him.front.gateway, him.address)[-1]["reference"] == REFERENCE
    assert "  junk  copied    %s  by " % REFERENCE in him.front.gateway.control("opinions", him.address)


def test_nobody_is_named_and_the_same_one_is_the_same(front_of, user):
    front = front_of("dovecot")
    for name in ("copy", "twin", "copy"):
        him = user(name, front)
        him.session.expect("UID COPY %d Junk" % him.uid(3))
    accounts = [o["account"] for o in opinions(front.gateway)]
    whose = {name: {o["account"] for o in opinions(front.gateway, "%s@dovecot.example" % name)} for name in ("copy", "twin")}
    assert all(re.fullmatch("[0-9a-f]{16}", account) for account in accounts)
    assert len(whose["copy"]) == len(whose["twin"]) == 1 and whose["copy"] != whose["twin"]


def test_what_a_server_does_not_do_says_nothing(front, user):
    him = user("refused", front)
    him.session.expect("UID COPY %d INBOX.nowhere.Junk" % him.uid(0), status="NO")
    him.session.expect("UID COPY 99999 %s" % front.server.junk)
    assert him.thinks == []


def test_who_moves_many_at_once_says_nothing_of_each(front_of, user):
    him = user("many", front_of("dovecot"))
    him.session.expect("UID COPY 1:65 Junk")
    assert him.thinks == []
    him.session.expect("UID COPY 1:64 Junk")
    assert len(him.thinks) == 64


def test_messages_stay_unread(front, user):
    him = user("seen", front)
    him.session.expect("STORE 1 -FLAGS (\\Seen)")
    him.session.expect("UID COPY %d %s" % (him.uid(0), front.server.junk))
    assert b"\\Seen" not in him.session.fetch(1, "FLAGS")[1]["FLAGS"]


def test_the_client_hears_what_it_would_without_us(front_of):
    front = front_of("dovecot")
    commands = ["SELECT INBOX", "COPY 1 Junk", "UID COPY 2,3 Junk", "STORE 1 +FLAGS ($Junk)", "UID COPY 1 nowhere", "COPY 9 Junk", "MOVE 2 Junk",
                "UID STORE 3 +FLAGS.SILENT (Junk)", "NOOP", "SELECT Junk", "UID MOVE 1:2 INBOX", "FETCH 1:* (FLAGS UID)", "SELECT INBOX",
                "FETCH 1:* (FLAGS UID)"]
    with logged_in(front.server.imap_port, "twin@dovecot.example") as direct, \
            logged_in(front.gateway.imap_port, "seen@dovecot.example") as through:
        for session in (direct, through):
            session.select()
            session.command("STORE 1:* FLAGS ()")
            session.select("Junk")
            session.command("STORE 1:* +FLAGS (\\Deleted)")
            session.command("EXPUNGE")
        found = differences(direct, through, commands)
    assert [line for line in found if not re.search(r"UIDNEXT|UIDVALIDITY|COPYUID|HIGHESTMODSEQ|UID", str(line))] == []


def test_who_is_forgotten_thought_nothing(front_of, user):
    him = user("forgotten", front_of("dovecot"))
    him.session.expect("UID COPY %d Junk" % him.uid(0))
    exported = him.front.gateway.control("export", him.address)
    assert [json.loads(line)["opinion"]["how"] for line in exported.splitlines() if line.startswith('{"opinion"')] == ["copied"]
    him.front.gateway.control("forget", him.address)
    assert opinions(him.front.gateway, him.address) == []
    assert opinions(him.front.gateway) != []


# ---- names


def on_the_wire(name):
    """Modified UTF-7 (RFC 3501 5.1.3)."""
    def shifted(run):
        return "&" + base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    return re.sub(r"[^ -~]+", shifted, name.replace("&", "&-"))


def test_names_of_mailboxes_are_written_as_they_stand_on_the_wire():
    rows = re.findall(r'^(?:JUNK|TRASH)\("(.*)", "(.*)"\)$', (needs.ROOT / "proxy" / "imap" / "imap_junk_names.def").read_text(), re.M)
    assert len(rows) > 100 and [row for row in rows if row[1] != on_the_wire(row[0])] == []


# ---- servers that are odd


@pytest.fixture
def behind(own_dir):
    """behind(script=..., body=...): a server that behaves so, and somebody who reads there through a gateway."""
    with contextlib.ExitStack() as stack:
        def of(script=None, body=""):
            server = ImapStub([samples.clean("x")]).start()
            stack.callback(server.stop)
            gateway = Gatepost(own_dir, backend("behind", 9, imap=["%d tls none" % server.port]) + body, imap="backend behind")
            stack.enter_context(running(gateway, ready=READY))
            session = stack.enter_context(logged_in(gateway.imap_port, mailbox="INBOX"))
            server.forget()
            server.script.update(script or {})
            return server, gateway, session
        yield of


def test_the_command_passes_when_the_message_cannot_be_read(behind):
    _, gateway, session = behind({"UID FETCH": "NO not now"})
    session.expect("UID COPY 101 Junk")
    assert opinions(gateway) == []


@pytest.mark.parametrize("answer", ["NO [OVERQUOTA] it is full", "BAD not now"])
def test_what_the_server_does_not_do_in_junk_says_nothing(answer, behind):
    server, gateway, session = behind({"UID COPY": answer, "UID STORE": answer})
    session.expect("UID COPY 101 Junk", status=answer[:3].strip())
    session.expect("UID STORE 101 +FLAGS ($Junk)", status=answer[:3].strip())
    assert "UID FETCH" in server.verbs() and opinions(gateway) == []


def test_a_server_that_lists_without_end_is_left(behind):
    can = [b"* CAPABILITY IMAP4rev1 SPECIAL-USE\r\n" + TAG + b" OK done\r\n"]
    _, gateway, session = behind({"CAPABILITY": can, "LIST": [itertools.repeat(b'* LIST (\\Junk) "/" "a\\"b"\r\n' * 500)]})
    session.send("a9 UID COPY 101 Archive\r\n")
    assert b"gone away" in session.rest()
    assert "a list without an end" in gateway.log() and gateway.answers()


def test_a_server_is_asked_once_in_a_session_what_it_can(behind):
    server, gateway, session = behind()
    for _ in range(3):
        session.expect("UID COPY 101 Junk")
    assert server.verbs() == ["CAPABILITY"] + 3 * ["UID FETCH", "UID COPY"]
    assert len(opinions(gateway)) == 1


def test_a_command_by_number_goes_out_at_once_as_numbers_change_when_a_server_is_asked(behind):
    server, _, session = behind()
    session.expect("COPY 1 Trash")
    assert server.verbs() == ["COPY"]


@pytest.mark.parametrize("setting", ["history { opinions off }", "history { enabled off }"])
def test_nothing_is_read_where_opinions_are_not_kept(setting, behind):
    server, _, session = behind(body=setting + "\n")
    session.expect("UID COPY 101 Junk")
    assert server.verbs() == ["UID COPY"]
