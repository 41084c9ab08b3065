# SPDX-License-Identifier: ISC
"""What servers and clients are known to do in the field, each case once; a server that is strange passes as it is, and hides nothing.
(Logins by every mechanism, and COMPRESS among what is refused: test_imap.py; servers that attack: test_imap_hostile.py.)"""
import re
import time

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG, server_context
from lab.gatepost import READY, Gatepost, backend, running, shipped_policy
from lab.imap_client import EAGER, PLUS, WAIT, Literal, Session, differences, fetched, logged_in
from lab.imap_stub import TAG, ImapStub, literal, section
from lab.process import wait_until

from lab.forbidden import TEXT, b64, file, fragment, leaks, multipart, random_lines, random_program

RULES = """
rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many failed logins"
rule "programs" when any a in attachments (a.extension == "exe" or a.type == "application/x-dosexec") then reject 550 5.7.1 "no programs"
"""
CHANGES = {"timeouts": {"backend": "1s", "connect": "1s"}, "limits": {"errors": 1000}}
PROGRAM = b64(random_program()).rstrip()
CLEAN = samples.with_attachment("notes.txt", b"harmless\n" * 300)
EVIL = multipart("program", TEXT, file("setup.exe", PROGRAM))
MAILS = [CLEAN, EVIL, samples.clean("another")]
OK = TAG + b" OK done\r\n"

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def servers(authority):
    """{name: a server behind that takes any password}"""
    context = server_context(authority.certificate("behind.example.com"))
    stubs = {name: ImapStub(MAILS, password=None, context=context if name == "tls" else None).start() for name in ("behind", "busy", "second", "tls")}
    yield stubs
    for stub in stubs.values():
        stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, servers, certified):
    needs.to_be_root("Gatepost's parent")
    port = {name: "%d tls none" % stub.port for name, stub in servers.items()}
    body = certified + RULES + backend("behind", imap=[port["behind"]]) \
        + backend("busy", imap=[port["busy"] + " priority 10", port["second"] + " priority 20"])
    gateway = Gatepost(run_dir / "imap-field", body, changes=CHANGES, imap='backend behind  users { "busy@example.com" } backend busy')
    with running(gateway, ready=READY):
        yield gateway


@pytest.fixture
def behind(servers):
    """The usual server; it behaves, and has forgotten what was before."""
    stub = servers["behind"]
    stub.forget()
    stub.mails[:] = MAILS
    return stub


@pytest.fixture
def direct(behind):
    with logged_in(behind.port, "user@example.com", "any", "INBOX") as session:
        yield session


@pytest.fixture
def reader(site, behind):
    with logged_in(site.imap_port, "user@example.com", "any", "INBOX") as session:
        yield session


def says(site, user, password="any"):
    """What answers a login, without its tag."""
    with Session(site.imap_port) as session:
        return session.command('LOGIN %s "%s"' % (user, password))[-1].partition(b" ")[2].strip()


def a_fetch(number, items):
    """A FETCH response, of what stands in it."""
    return b"* %d FETCH (%s)\r\n" % (number, items)


# ---- what a server says


BASIC = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 10 1 NIL %s NIL NIL)'
STRANGE = {
    "Domino: ENVELOPE in two pairs of parentheses": ("FETCH 1 (ENVELOPE)", a_fetch(1, b'ENVELOPE ((NIL "a (b" NIL NIL NIL NIL NIL NIL NIL "<i@d>"))')),
    "Domino: nothing for the message within": (
        "FETCH 1 (BODYSTRUCTURE)", a_fetch(1, b'BODYSTRUCTURE ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 300 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) () 4)')),
    "Exchange: a disposition that is a string": ("FETCH 1 (BODYSTRUCTURE)", a_fetch(1, b"BODYSTRUCTURE " + BASIC % b'"inline"')),
    "Exchange: a disposition of nothing": ("FETCH 1 (BODYSTRUCTURE)", a_fetch(1, b"BODYSTRUCTURE " + BASIC % b"(NIL NIL)")),
    "Exchange 2007: no encoding": ("FETCH 1 (BODY)", a_fetch(1, b'BODY ("TEXT" "PLAIN" NIL NIL NIL NIL 10 1)')),
    "Exchange: LIST of names without quotes": ('LIST "" "*"', b'* LIST (\\HasNoChildren) "/" a\tb c\r\n* LIST () "/" bell\x07\r\n* LIST () NIL (x) [y]\r\n'),
    "365: a code alone": ("NOOP", b"* [ALERT] you are about to be throttled\r\n"),
    "home.pl: a code alone": ("UID COPY 101 Junk", b"* [COPYUID 1 101 1]\r\n"),
    "Gmail: equal boundaries within": (
        "FETCH 1 (BODYSTRUCTURE)", a_fetch(1, b'BODYSTRUCTURE ((("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1) "MIXED" ("BOUNDARY" "b") NIL NIL "MIXED")')),
    "Gmail: a message as a basic part": ("FETCH 1 (BODYSTRUCTURE)", a_fetch(1, b'BODYSTRUCTURE ("MESSAGE" "RFC822" NIL NIL NIL "BASE64" 300 NIL NIL NIL)')),
    "Courier: a boundary in small letters": ("FETCH 2 (BODYSTRUCTURE)", a_fetch(2, b'BODYSTRUCTURE (%s "MIXED" ("BOUNDARY" "outer"))' % (BASIC % b"NIL"))),
    "a size in floating point": ("FETCH 1 (RFC822.SIZE)", a_fetch(1, b"RFC822.SIZE 9.3736e+06")),
    "a size below nothing": ("FETCH 1 (RFC822.SIZE UID)", a_fetch(1, b"RFC822.SIZE -1 UID 101")),
    "a MODSEQ below nothing": ("FETCH 1 (MODSEQ)", a_fetch(1, b"MODSEQ (-1)")),
    "no next UID": ("STATUS INBOX (UIDNEXT)", b"* STATUS INBOX (UIDNEXT 0)\r\n* OK [UIDNEXT 0] next\r\n"),
    "quotes within a string": ("FETCH 1 (ENVELOPE)", a_fetch(1, b'ENVELOPE (NIL "a "quoted" word" NIL NIL NIL NIL NIL NIL NIL NIL)')),
    "iCloud: RFC822 without the message": ("FETCH 1 (RFC822)", a_fetch(1, b"")),
    "Yandex: a part without a value": ("FETCH 1 (BODY.PEEK[7])", a_fetch(1, b"UID 101 BODY[7]")),
    "nothing at all": ("FETCH 1 (BODY.PEEK[])", b""),
    "beyond the end, quoted": ("FETCH 1 (BODY.PEEK[1]<393216.393216>)", a_fetch(1, b'BODY[1]<393216> ""')),
    "beyond the end": ("FETCH 1 (BODY.PEEK[1]<393216.393216>)", a_fetch(1, b"BODY[1]<393216> {0}\r\n")),
}


@pytest.mark.parametrize("case", STRANGE)
def test_what_is_strange_and_no_content_passes_as_it_is(case, behind, direct, reader):
    command, octets = STRANGE[case]
    behind.script[command] = [octets + OK]
    assert differences(direct, reader, [command, "UID FETCH 103 (FLAGS BODY.PEEK[])", "FETCH 1 (BODY.PEEK[1])", command, "SEARCH ALL"]) == []


def test_a_line_behind_the_answer_passes(behind, direct, reader):
    """Exchange 2003."""
    behind.script["CAPABILITY"] = [b"* CAPABILITY IMAP4rev1 IDLE\r\n" + TAG + b" OK CAPABILITY completed.\r\nCAPABILITY completed.\r\n"]
    assert differences(direct, reader, ["CAPABILITY", "NOOP", "FETCH 1 (BODY.PEEK[])"]) == []


def test_a_literal_where_none_can_be_placed_ends_the_session(behind, reader):
    behind.script["NOOP"] = [b"* XBLOB {%d}\r\n%s\r\n" % (len(EVIL), EVIL) + OK]
    reader.send("a1 NOOP\r\n")
    assert not leaks(PROGRAM, reader.rest())


def goes_away(*uids):
    """An action of NOOP: EXISTS first and EXPUNGE behind it, and one too many."""
    def action(session, _):
        left = [mail for mail in session.box if mail.uid not in uids]
        gone = [number for number, mail in enumerate(session.box, 1) if mail.uid in uids]
        session.box[:] = left
        return [b"* %d EXISTS\r\n" % len(left) + b"".join(b"* %d EXPUNGE\r\n" % number for number in reversed(gone + gone[-1:])) + OK]
    return action


def test_numbers_that_mean_something_else_show_nothing(behind, direct, reader):
    """Domino 8."""
    for session in (direct, reader):
        session.expect("FETCH 1 (BODY.PEEK[1])")
    behind.script["NOOP"] = goes_away(101)
    assert differences(direct, reader, ["NOOP", "FETCH 2 (BODY.PEEK[1] UID)", "FETCH 1 (BODY.PEEK[1] UID)"]) == []
    for items in ("BODY.PEEK[2]", "BODY.PEEK[]", "BODY.PEEK[TEXT]<0.4000>"):
        assert not leaks(PROGRAM, b"".join(reader.expect("FETCH 1 (%s)" % items)))


def test_a_part_is_shown_though_another_message_goes_away_meanwhile(behind, reader):
    for gone in (b"* 3 EXPUNGE\r\n", b"* VANISHED 103\r\n"):
        behind.script["UID FETCH 101 (UID BODY.PEEK[])"] = [a_fetch(1, b"UID 101 BODY[] " + literal(CLEAN)) + gone + OK]
        assert reader.fetch(101, "BODY.PEEK[1]", uid=True)[101]["BODY[1]"] == section(CLEAN, b"1")


@pytest.mark.parametrize("items", ["UID BODY.PEEK[]", "BODY.PEEK[2]"])
def test_a_message_is_known_by_its_uid_and_not_by_its_number(items, behind, reader):
    """Exchange, right after new mail."""
    content = EVIL if "[]" in items else PROGRAM
    behind.script["UID FETCH 104:* (%s)" % items] = [a_fetch(9, b"UID 102 BODY[%s] %s" % (b"" if "[]" in items else b"2", literal(content))) + OK]
    behind.script["UID FETCH 104:* (UID)"] = [a_fetch(9, b"UID 102") + OK]
    seen = b"".join(reader.expect("UID FETCH 104:* (%s)" % items))
    assert not leaks(PROGRAM, seen) and b"UID 102" in seen and b"{%d}" % len(content) in seen


LIES = {
    "a header that is a part": ("BODY.PEEK[2.MIME]", b"BODY[2.MIME]", PROGRAM),
    "all of a part for some of it": ("BODY.PEEK[2]<0.10>", b"BODY[2]<0>", PROGRAM),
    "all of a part for some of it, without origin": ("BODY.PEEK[2]<0.10>", b"BODY[2]", PROGRAM),
    "a message that was not asked for": ("FLAGS", b"FLAGS () BODY[]", EVIL),
    "a part that was not asked for": ("FLAGS", b"FLAGS () BODY[2]", PROGRAM),
    "a header that goes on": ("BODY.PEEK[HEADER]", b"BODY[HEADER]", EVIL),
    "the old name": ("BODY.PEEK[2]", b"RFC822.TEXT", PROGRAM),
}


@pytest.mark.parametrize("uid", [False, True], ids=["number", "uid"])
@pytest.mark.parametrize("case", LIES)
def test_whatever_it_is_called_what_is_forbidden_is_put_out(case, uid, behind, reader):
    items, name, content = LIES[case]
    command = "UID FETCH 102 (%s)" % items if uid else "FETCH 2 (%s)" % items
    behind.script[command] = [a_fetch(2, (b"UID 102 " if uid else b"") + name + b" " + literal(content)) + OK]
    seen = b"".join(reader.expect(command))
    assert not leaks(PROGRAM, seen)
    assert name + b" {%d}\r\n" % len(content) in seen, "its length is the server's"
    reader.expect("NOOP")


@pytest.mark.parametrize("case", [case for case in LIES if "asked for" not in case])
def test_whatever_it_is_called_what_is_clean_passes(case, behind, direct, reader):
    items, name, content = LIES[case]
    clean = CLEAN if content is EVIL else section(CLEAN, b"2")
    behind.script["FETCH 1 (%s)" % items] = [a_fetch(1, name + b" " + literal(clean)) + OK]
    assert differences(direct, reader, ["FETCH 1 (%s)" % items, "NOOP", "FETCH 1 (%s)" % items]) == []


@pytest.mark.parametrize("items", ["FLAGS BODY[]", "FLAGS BODY[2]"])
def test_what_is_clean_and_was_not_asked_for_is_looked_at_and_passes(items, behind, reader):
    name = items.encode()
    content = CLEAN if "[]" in items else section(CLEAN, b"2")
    response = a_fetch(1, name.replace(b"FLAGS", b"UID 101 FLAGS ()") + b" " + literal(content))
    behind.script["UID FETCH 101 (FLAGS)"] = [response + OK]
    assert response in reader.expect("UID FETCH 101 (FLAGS)")


def rendered_anew(session, _):
    """Each command has boundaries of its own."""
    for mail in session.box:
        mail.octets = re.sub(rb"outer\w*", b"outer%x" % time.monotonic_ns(), mail.octets)


@pytest.mark.parametrize("command", ["FETCH 2 (BODY.PEEK[])", "UID FETCH 102 (BODY.PEEK[])", "FETCH 2 (BODY.PEEK[TEXT])", "FETCH 2 (BODY.PEEK[2])",
                                     "UID FETCH 102 (BODY.PEEK[TEXT]<0.8000>)"])
def test_a_message_that_is_rendered_anew_each_time_shows_nothing_that_is_forbidden(command, behind, reader):
    behind.script.update({"FETCH": rendered_anew, "UID FETCH": rendered_anew})
    for _ in range(3):
        _, values = fetched(next(response for response in reader.expect(command) if b"FETCH (" in response))
        content = next(value for name, value in values.items() if name.startswith("BODY"))
        assert not leaks(PROGRAM, content) and len(content) >= 8000


CLEAN_OUTER = multipart("clean", TEXT, file("notes.txt", b64(b"harmless\r\n" * 90)))


@pytest.mark.parametrize("items", ["BODY.PEEK[]", "BODY.PEEK[1]", "BODY.PEEK[2]", "BODY.PEEK[TEXT]"])
def test_what_is_clean_and_rendered_anew_each_time_is_shown(items, site, behind):
    behind.mails[:] = [CLEAN_OUTER]
    behind.script.update({"FETCH": rendered_anew, "UID FETCH": rendered_anew})
    with logged_in(site.imap_port, "user@example.com", "any", "INBOX") as session:
        for _ in range(3):
            content = session.fetch(1, items)[1][items.replace(".PEEK", "")]
            assert re.sub(rb"outer\w*", b"outer", content) == section(CLEAN_OUTER, items[10:-1].encode())


def test_a_message_that_could_not_be_had_is_one_like_any_other_and_is_not_kept(site, behind):
    """Exchange."""
    failed = samples.clean("Retrieval using the IMAP4 protocol failed for the following message: 1")
    for script, wanted in (({"UID FETCH 101 BODY.PEEK[]": [a_fetch(1, b"UID 101 BODY[] " + literal(failed)) + OK]}, failed), ({}, CLEAN)):
        behind.script.clear()
        behind.script.update(script)
        with logged_in(site.imap_port, "user@example.com", "any", "INBOX") as session:
            assert session.message(101, uid=True) == wanted


@pytest.mark.parametrize("items", ["BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[2]", "BODY.PEEK[]<0.4000>"])
def test_a_header_that_changes_under_the_same_uid_is_looked_at_again(items, behind, direct, reader):
    def flagged(session, _):
        for mail in session.box:
            mail.octets = b"X-Message-Flag: Follow up\r\n" + mail.octets
    behind.script["UID STORE"] = flagged
    assert differences(direct, reader, ["UID FETCH 101 (%s)" % items, "UID STORE 101 +FLAGS (\\Flagged)", "UID FETCH 101 (%s)" % items,
                                        "UID FETCH 101 (%s)" % items]) == []


# ---- what clients need


def test_imap4rev1_is_never_hidden(reader):
    assert "IMAP4rev1" in reader.capabilities()


def test_outlook_has_what_it_asks_of_a_server_without_imap4rev1(behind, direct, reader):
    behind.script["FETCH 1 (RFC822.PEEK)"] = [a_fetch(1, b"RFC822 " + literal(CLEAN)) + OK]
    behind.script["FETCH 2 (RFC822.PEEK)"] = [a_fetch(2, b"RFC822 " + literal(EVIL)) + OK]
    assert differences(direct, reader, ["FETCH 1 (RFC822.PEEK)"]) == []
    assert not leaks(PROGRAM, b"".join(reader.expect("FETCH 2 (RFC822.PEEK)")))


@pytest.mark.parametrize("uid", ["", "UID "])
@pytest.mark.parametrize("items", ["BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[HEADER.FIELDS (Subject From \"X-Priority\")]", "BODY.PEEK[1.MIME] BODY.PEEK[1]",
                                   "UID RFC822.SIZE BODY[]", "RFC822.SIZE UID BODY[]", "BODY.PEEK[1]<0.393216>", "BODY.PEEK[1]<393216.393216>", "BODY.PEEK[2]<5.9>"])
def test_what_outlook_thunderbird_and_ios_ask_for_is_answered_as_it_is_without_us(items, uid, direct, reader):
    numbers = ["101", "103", "101,103"] if uid else ["1", "3", "1,3"]
    assert differences(direct, reader, ["%sFETCH %s (%s)" % (uid, number, items) for number in numbers]) == []


def test_the_origin_is_echoed_and_the_length_is_what_there_is(reader):
    """iOS loops otherwise."""
    for number in (1, 2):
        content = reader.fetch(number, "BODY.PEEK[1]<0.393216>")[number]["BODY[1]<0>"]
        assert len(content) == len(section(MAILS[number - 1], b"1"))
        assert reader.fetch(number, "BODY.PEEK[1]<393216.393216>")[number]["BODY[1]<393216>"] == b""


@pytest.mark.parametrize("items", ["UID RFC822.SIZE BODY[]", "UID BODY.PEEK[1] BODY.PEEK[2]", "UID RFC822.SIZE BODY[]<0.3000>"])
def test_of_what_is_forbidden_each_item_is_there_in_its_place(items, behind, reader):
    """Thunderbird loops without BODY[], and takes one mail for another when UID is not the first."""
    with logged_in(behind.port, "other@example.com", "any", "INBOX") as direct:
        answers = [session.expect("UID FETCH 102 (%s)" % items) for session in (direct, reader)]
    (_, whole), (_, shown) = (fetched(answer[0]) for answer in answers)
    assert list(whole) == list(shown) and list(shown)[0] == "UID"
    assert [len(value) for value in whole.values()] == [len(value) for value in shown.values()]
    assert not leaks(PROGRAM, answers[1][0])


@pytest.mark.parametrize("answer", [b'* ID ("name" "Dovecot" "version" NIL)\r\n', b"* ID NIL\r\n", b'* ID ("name" {7}\r\nDovecot)\r\n'])
def test_the_servers_id_passes(answer, behind, direct, reader):
    behind.script["ID"] = [answer + OK]
    assert differences(direct, reader, ['ID ("name" "Thunderbird" "version" "140")', "ID NIL"]) == []


def test_commands_are_answered_in_their_order_though_one_is_held(behind, reader):
    """Apple Mail 3.2."""
    behind.script["FETCH 2 (UID BODY.PEEK[])"] = [0.3, a_fetch(2, b"UID 102 BODY[] " + literal(EVIL)) + OK]
    commands = ["FETCH 2 (BODY.PEEK[2])", "NOOP", "FETCH 1 (BODY.PEEK[])", "FETCH 1 BINARY[1]", "UID SEARCH ALL", "FETCH 1:3 (BODY.PEEK[1])", "NOOP"]
    came = reader.pipelined(commands)
    assert [response.split(b" ")[0] for response in came if not response.startswith(b"*")] == [b"a%d" % n for n in range(3, 3 + len(commands))]
    assert not leaks(PROGRAM, b"".join(came))


def test_a_client_that_waits_for_a_held_message_hears_something_within_two_seconds(start, behind):
    """iOS says that a connection is stuck, and leaves."""
    response = a_fetch(1, b"BODY[] " + literal(CLEAN))
    half = len(response) // 2
    behind.script["FETCH 1 (BODY.PEEK[])"] = [response[:half], 3, response[half:] + OK]
    gateway = start(backend("behind", imap=["%d tls none" % behind.port]), imap="backend behind")
    with logged_in(gateway.imap_port, "waits@example.com", "any", "INBOX") as session:
        session.send("a9 FETCH 1 (BODY.PEEK[])\r\n")
        assert not session.silent(2.5)
        assert session.responses("a9")[0].startswith(b"* OK [INPROGRESS")


@pytest.mark.parametrize("size", [1000, 40000, 300000])
def test_a_message_and_what_closes_it_come_at_once(size, site, behind):
    """iOS waits long where they do not."""
    behind.mails[:] = [samples.of_size(size)]
    with Session(site.imap_port) as session:
        session.starttls()
        session.login("at-once@example.com", "any")
        session.select()
        session.send("a9 FETCH 1 (BODY.PEEK[])\r\n")
        records, came = [], b""
        while b"a9 OK" not in came:
            records.append(session.socket.recv(65536))
            came += records[-1]
    closing = came.rindex(b")\r\n")
    assert came[:closing].endswith(behind.mails[0])
    begins = [sum(map(len, records[:at])) for at in range(len(records))]
    assert closing not in begins and len(records) < 4 + size // 8000


SPELLED = [b"* 2 fetch (uid 102 Body[2] {0%d}\r\n%s FLAGS  ())\r\n", b"* 2 FETCH (FLAGS (\\Seen  $x) BODY[2] {%d}\r\n%s UID 102)\r\n",
           b"* 2 FETCH (UID 102 BODY[2]<0> {%d}\r\n%s)\r\n", b"* 2 FETCH (UID 102 RFC822.SIZE 1 BODY[2] {00%d}\r\n%s  )\r\n"]


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_response_in_which_something_is_put_out_is_spelled_as_the_server_spells_it(spelled, behind, reader):
    """Pine chokes on a blank between BODY and its bracket."""
    behind.script["UID FETCH 102 (BODY.PEEK[2])"] = [spelled % (len(PROGRAM), PROGRAM) + OK]
    before, after = spelled.split(b"%s")
    shown = reader.expect("UID FETCH 102 (BODY.PEEK[2])")[0]
    assert shown.startswith(before % len(PROGRAM)) and shown.endswith(after)
    assert len(shown) == len(spelled % (len(PROGRAM), PROGRAM)) and not leaks(PROGRAM, shown)


@pytest.mark.parametrize("items", ["BODY.PEEK[]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[]<0.4000>"])
def test_a_fragment_of_a_message_is_not_shown_by_the_shipped_policy(items, fragments):
    """What is put together by the reader only can be looked into by nobody before."""
    content, reader = fragments
    for number in (1, 2):
        (shown,) = reader.fetch(number, items)[number].values()
        whole, header = fragment(number, content)
        assert b"Gatepost" in shown and not leaks(content, shown)
        assert "[]" not in items or len(shown) == len(whole) and shown.startswith(header)
    assert reader.message(3) == CLEAN


@pytest.fixture(scope="module")
def fragments(run_dir):
    """(what stands in two of them, a session in the mailbox that holds them)"""
    content = random_lines()
    server = ImapStub([fragment(number, content)[0] for number in (1, 2)] + [CLEAN], password=None).start()
    gateway = Gatepost(run_dir / "imap-fragments", backend("behind", imap=["%d tls none" % server.port]) + shipped_policy(), imap="backend behind")
    with running(gateway, [server], ready=READY), logged_in(gateway.imap_port, "parts@example.com", "any", "INBOX") as session:
        yield content, session


COMMANDS = b"Subject: commands\r\n\r\na1 DELETE INBOX\r\na2 LOGOUT\r\na3 NOOP\r\n"
DELETES = multipart("commands", ([b"Content-Type: text/plain"], b"\r\na1 DELETE INBOX\r\na2 LOGOUT\r\n" * 50), file("setup.exe", PROGRAM))


@pytest.mark.parametrize("way", [EAGER, PLUS, WAIT])
@pytest.mark.parametrize("message", [DELETES, DELETES + b"a5 LOGOUT\r\n"], ids=["whole", "with a command behind it"])
def test_the_text_of_a_message_that_is_refused_is_not_run(message, way, behind, reader):
    reader.append("INBOX", message, way=way, status="NO")
    reader.expect("NOOP")
    assert behind.appended == [] and not {"DELETE", "LOGOUT", "APPEND"} & set(behind.verbs())


@pytest.mark.parametrize("way", [EAGER, PLUS])
@pytest.mark.parametrize("before", ["APPEND INBOX ", "APPEND INBOX (\\Seen) ", "X ", "APPEND ", "LOGIN "])
def test_the_text_of_a_command_before_the_login_is_not_run(before, way, site, behind):
    with Session(site.imap_port) as session:
        octets = COMMANDS * 100
        session.send("a1 %s{%d%s}\r\n" % (before, len(octets), "+" if way == PLUS else ""))
        session.send(octets + b"\r\na2 NOOP\r\n")
        came = session.responses("a2")
    assert [response.split(b" ")[0] for response in came if not response.startswith((b"*", b"+"))] == [b"a1", b"a2"], came
    assert behind.commands == []


def test_a_login_in_literals_is_one(site, behind):
    with Session(site.imap_port) as session:
        session.expect("LOGIN ", Literal(b"literal@example.com"), " ", Literal(b'a "b\\c'))
    assert [(login.user, login.password) for login in behind.logins] == [("literal@example.com", 'a "b\\c')]
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = "NO [AUTHENTICATIONFAILED] wrong"
    for n in range(3):
        with Session(site.imap_port) as session:
            told = session.command("LOGIN ", Literal(b"guessed@example.com", (WAIT, PLUS, EAGER)[n]), " ", Literal(b"guess%d" % n, (WAIT, PLUS, EAGER)[n]))[-1]
    assert b"too many failed logins" in told


def test_an_append_that_hangs_is_refused_in_time_and_the_mail_is_not_half_there(site, behind):
    behind.script["APPEND"] = [HANG]
    began = time.monotonic()
    with logged_in(site.imap_port, "hangs@example.com", "any", "INBOX") as session:
        came = session.command("APPEND INBOX ", Literal(CLEAN))
        assert re.match(rb"a\d+ NO \[UNAVAILABLE\] ", came[-1]), came
    assert time.monotonic() - began < 5 and behind.appended == []


@pytest.mark.parametrize("way", [WAIT, PLUS, EAGER])
@pytest.mark.parametrize("answer", ["OK [APPENDUID 1700000000 104] there", "OK there", "NO [TRYCREATE] no such mailbox", "NO [OVERQUOTA] full", "NO no", "BAD [LIMIT] no"])
def test_what_the_server_says_of_a_message_reaches_the_client(answer, way, behind, direct, reader):
    behind.script["APPEND"] = answer
    assert differences(direct, reader, [("APPEND INBOX ", Literal(CLEAN, way)), "NOOP", ("APPEND INBOX (\\Seen) ", Literal(CLEAN, way))]) == []


@pytest.mark.parametrize("answer", ["NO [TRYCREATE] no such mailbox", "NO [OVERQUOTA] full"])
def test_what_the_server_says_before_it_takes_a_message_reaches_the_client(answer, behind, reader):
    behind.capabilities = tuple(word for word in behind.capabilities if word != "LITERAL+")
    try:
        with logged_in(reader.socket.getpeername()[1], "early@example.com", "any", "INBOX") as session:
            behind.script["LITERAL APPEND"] = answer
            assert session.append("INBOX", COMMANDS, status="NO")[-1].endswith(b" %s\r\n" % answer.encode())
            session.expect("NOOP")
    finally:
        behind.capabilities = ImapStub.__init__.__defaults__[3]
    assert "DELETE" not in behind.verbs()


# ---- logins and sessions


def test_who_the_client_is_may_take_as_many_words_as_it_can(site):
    """30 fields of 30 octets and values of 1024 (RFC 2971 3.3)."""
    words = " ".join('"%030d" "%s"' % (n, "v" * 1024) for n in range(30))
    with Session(site.imap_port) as session:
        session.expect("ID (%s)" % words)
        session.login("identified@example.com", "any")


EXCHANGE = [b"* OK The Microsoft Exchange IMAP4 service is ready. [TQBYADEA]\r\n"]


@pytest.mark.parametrize("status", ["NO", "BAD"])
def test_authenticated_but_not_connected_is_neither_a_failure_nor_a_success(status, site, behind):
    """Exchange's words for one who has too many sessions: the password was right, and nothing is open."""
    behind.script["CONNECT"] = EXCHANGE
    user, throttled = status + "@throttled.example", status + " User is authenticated but not connected."

    def answers(line):
        behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = line
    answers(throttled)
    assert {says(site, user, "right%d" % n) for n in range(5)} == {throttled.encode()}, "counted as failures"
    answers("NO [AUTHENTICATIONFAILED] wrong")
    assert says(site, user, "guess1").startswith(b"NO [AUTHENTICATIONFAILED] wrong")
    answers(throttled)
    assert says(site, user, "guess2") == throttled.encode()
    answers("NO [AUTHENTICATIONFAILED] wrong")
    assert says(site, user, "guess3").startswith(b"NO [AUTHENTICATIONFAILED] wrong")
    assert b"too many failed logins" in says(site, user, "guess4"), "it was forgiven as if by a success"


def test_the_server_hears_what_the_client_says_and_what_looking_needs(site, behind):
    """Exchange 2003 hangs up at NAMESPACE."""
    behind.script["NAMESPACE"] = [CLOSE]
    with logged_in(site.imap_port, "few@example.com", "any", "INBOX") as session:
        for command in ("FETCH 1:* (FLAGS)", "FETCH 1 (BODY.PEEK[])", "FETCH 1 (BODY.PEEK[2])", "NOOP", "LOGOUT"):
            session.expect(command)
    assert set(behind.verbs()) <= {"LOGIN", "AUTHENTICATE", "SELECT", "FETCH", "NOOP", "LOGOUT"}, behind.verbs()


@pytest.mark.parametrize("asked, heard", [("CONDSTORE", b"CONDSTORE"), ("X qresync METADATA X", b"QRESYNC METADATA"), ("CONDSTORE " * 6500, b"CONDSTORE")],
                         ids=["one", "among others", "again and again"])
def test_what_is_enabled_is_said_once(asked, heard, behind, reader):
    reader.expect("ENABLE " + asked)
    reader.expect("NOOP")
    assert [line.partition(b" ")[2] for line in behind.commands if b"ENABLE" in line] == [b"ENABLE " + heard]


def test_a_session_has_one_connection_to_the_server_whatever_is_read(behind, reader):
    """Exchange allows few of one user, and of one address."""
    for command in ("FETCH 1:3 (BODY.PEEK[])", "FETCH 1:3 (BODY.PEEK[1])", "UID FETCH 101:* (BODY.PEEK[TEXT]<0.10>)", "FETCH 1:* FULL"):
        reader.expect(command)
    reader.append("INBOX", CLEAN)
    assert (behind.connections, behind.most_open) == (1, 1)


def test_a_servers_banner_is_not_shown(site, behind):
    behind.script["CONNECT"] = EXCHANGE
    with logged_in(site.imap_port, "banner@example.com", "any", "INBOX") as session:
        seen = session.greeting + b"".join(session.expect("CAPABILITY") + session.expect("NOOP"))
    assert b"TQBYADEA" not in seen and b"Exchange" not in seen


def test_a_server_that_greets_with_goodbyes_without_end_is_left_for_the_next(site, servers):
    servers["busy"].script["CONNECT"] = [b"* BYE too busy\r\n" * 2000, HANG]
    began = time.monotonic()
    with logged_in(site.imap_port, "busy@example.com", "any", "INBOX") as session:
        assert session.message(1) == CLEAN
    assert [login.user for login in servers["second"].logins] == ["busy@example.com"]
    assert wait_until(lambda: servers["busy"].open == 0) and time.monotonic() - began < 5


def test_a_server_that_says_goodbye_without_end_is_left(behind, reader):
    """Yandex."""
    behind.script["NOOP"] = [b"* BYE closing\r\n" * 2000, HANG]
    reader.send("a1 NOOP\r\n")
    assert reader.rest().count(b"* BYE") == 1
    assert wait_until(lambda: behind.open == 0)


@pytest.mark.parametrize("where", ["before the login", "behind STARTTLS", "behind the login"])
def test_compression_that_was_not_offered_is_refused_and_the_session_stays_in_step(where, site, behind):
    with Session(site.imap_port) as session:
        if where == "behind STARTTLS":
            session.starttls()
        if where == "behind the login":
            session.login("compresses@example.com", "any")
        for command in ("COMPRESS DEFLATE", "COMPRESS", "XCOMPRESS X"):
            session.expect(command, status="BAD")
        if where != "behind the login":
            session.login("compresses@example.com", "any")
        session.select()
        assert session.message(1) == CLEAN
    assert not any(b"COMPRESS" in line for line in behind.commands)


def test_compression_within_idle_never_reaches_the_server(behind, reader):
    reader.idle()
    reader.send("a9 COMPRESS DEFLATE\r\n")
    reader.rest()
    assert not any(b"COMPRESS" in line for line in behind.commands)


def test_an_idle_client_outlasts_the_patience_with_the_server(behind, direct, reader):
    behind.script["IDLE"] = [b"+ idling\r\n", 1.6, b"* OK Still here\r\n", b"* 4 EXISTS\r\n"]
    for session in (direct, reader):
        session.idle()
    assert [direct.response(), direct.response()] == [reader.response(), reader.response()] == [b"* OK Still here\r\n", b"* 4 EXISTS\r\n"]
    assert direct.done() == reader.done()
    time.sleep(1.3)  # the wait is what is tested: a server has a second to answer
    assert reader.message(1) == CLEAN


def test_a_server_that_hangs_up_on_an_idle_client_ends_the_session_with_a_reason(behind, reader):
    """AOL, within five minutes."""
    behind.script["IDLE"] = [b"+ idling\r\n", 0.1, CLOSE]
    reader.idle()
    assert reader.rest().startswith(b"* BYE [UNAVAILABLE] ")


@pytest.mark.parametrize("begins", [b"(%s{0+}\r\n" % (b"a " * 32000), b"{0+}\r\n" + b" {0+}\r\n" * 63 + b" (%s) {0+}\r\n" % (b"a " * 32000)], ids=["none", "too many"])
def test_an_append_in_many_literals_holds_nobody_up(begins, reader):
    """Each would be looked for behind all that came before."""
    began = time.monotonic()
    reader.send(b"q1 APPEND INBOX %s%s\r\nq2 NOOP\r\n" % (begins, b" {0+}\r\n" * 24000))
    seen = reader._until(b"q2 OK")
    assert re.search(rb"q1 (NO|BAD) ", seen) and time.monotonic() - began < 1
