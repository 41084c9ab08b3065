# SPDX-License-Identifier: ISC
"""What mail programs say over IMAP from the login until they rest, in their own order and spelling; and what of the answers may not be as
it is without us.

Where it is known from: Outlook, what Microsoft says of it ([MS-STANOIMAP] 2.2.34, V0052 to V0055), and ProtonMail's benchmark of clients'
commands (proton-bridge, test/benchmarks), as for Apple Mail; that it idles without a mailbox, james-project#5320. iOS: traces in
go-imap#145 and stalwart#765, its pieces of parts in twisted#12345. Thunderbird: nsImapProtocol.cpp. Thunderbird for Android, once K-9:
RealImapConnection.kt and RealImapFolder.kt. Nextcloud: a trace in nextcloud/mail#3401.

A step is a command; a list of commands that are sent at once; a command and a message for it; or an IDLE. "WORD? command" is said to servers that
have that capability. {sent}, {junk} and {trash} are mailboxes, {uidvalidity} is that of the one that is selected."""
import re
from collections import namedtuple

from lab import samples
from lab.imap_client import PLUS, WAIT, Literal, answers, plain

from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program

# Messages by UID; of the second something is forbidden.
PROGRAM = b64(random_program()).rstrip()
MAILS = [samples.with_attachment("notes.txt", b"harmless\n" * 300, "first"),
         multipart("second", TEXT, file("setup.exe", PROGRAM), file("notes.txt", b64(b"harmless\r\n" * 30))), samples.of_size(100000, "third")]
ARRIVING, SENT = samples.clean("arriving"), samples.clean("sent")

IDLE, IDLE_UNTIL_MAIL = "IDLE", "IDLE until mail"

# How its tags look, how it logs in, how it sends literals where the server has LITERAL+, and what it says.
Program = namedtuple("Program", "tags login literals steps")


def login(session, user):
    session.expect("CAPABILITY")
    session.login(user)


def authenticate(session, user):
    session.expect("CAPABILITY")
    session.authenticate("PLAIN", plain(user))


def authenticate_at_once(session, user):
    session.expect("CAPABILITY")
    session.authenticate("PLAIN", plain(user), initial=True)


APPLES_FIELDS = "date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier " \
    "x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature"
APPLES_LIST = "(INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (%s)])" % APPLES_FIELDS
THUNDERBIRDS_FIELDS = "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To"
ANDROIDS_FIELDS = "date subject from content-type to cc bcc reply-to message-id references in-reply-to list-post list-unsubscribe sender X-K9mail-Identity " \
    "Chat-Version"

PROGRAMS = {
    "outlook": Program("a%d", login, WAIT, [
        "CAPABILITY", 'LIST "" ""', 'LSUB "" "*"', 'LIST "" "*"', IDLE, 'SELECT "INBOX"', "UID SEARCH 1:* SINCE 01-Sep-2019", "UID FETCH 1:* (UID FLAGS)",
        "UID FETCH 1:3 (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER] INTERNALDATE)", "UID FETCH 1:3 (UID FLAGS RFC822.SIZE BODY.PEEK[] INTERNALDATE)",
        "UID FETCH 2 (UID FLAGS RFC822.SIZE BODY.PEEK[])", "UID STORE 1 +FLAGS.SILENT (\\Seen)", IDLE_UNTIL_MAIL, "UID FETCH 4:* (UID FLAGS)",
        "UID FETCH 4 (UID FLAGS RFC822.SIZE BODY.PEEK[] INTERNALDATE)", 'UID COPY 2 "{trash}"', "UID STORE 2 +FLAGS.SILENT (\\Deleted)", "EXPUNGE",
        'CREATE "{sent}"', 'SUBSCRIBE "{sent}"', ('APPEND "{sent}" (\\Seen) "15-Jan-2026 10:00:00 +0000" ', SENT), 'SELECT "{trash}"', "UID FETCH 1:* (UID FLAGS)",
        "UID FETCH 1 (UID FLAGS RFC822.SIZE BODY.PEEK[] INTERNALDATE)", "NOOP", "LOGOUT"]),
    "new-outlook": Program("WIR%05d", authenticate, WAIT, [
        'ID ("name" "Microsoft Office 365" "version" "15.20.9160.4" "vendor" "Microsoft Corporation" "support-url" "https://support.microsoft.com/")', "CAPABILITY",
        "NAMESPACE", 'LIST "" "*"', "SELECT INBOX", "UID FETCH 1:* (UID FLAGS)",
        "UID FETCH 1:3 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject From To Date Message-ID)])", "UID FETCH 1:3 (UID BODYSTRUCTURE)",
        "UID FETCH 2 (UID BODY.PEEK[HEADER])", "UID FETCH 2 (UID BODY.PEEK[1])", "UID FETCH 2 (UID BODY.PEEK[2])", "UID FETCH 2 (UID BODY.PEEK[3])",
        "UID FETCH 1:3 (UID BODY.PEEK[])", "MOVE? UID MOVE 2 {junk}", "NOOP", "LOGOUT"]),
    "apple-mail": Program("1.%d", authenticate, WAIT, [
        'ID ("name" "Mac OS X Mail" "version" "16.0 (3731.700.6)" "os" "Mac OS X" "os-version" "13.6 (22G120)" "vendor" "Apple Inc.")',
        'LIST "" ""', 'LIST "" "*"', 'LSUB "" "*"', "STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", "SELECT INBOX", "FETCH 1:3 (FLAGS UID)",
        "FETCH 1:3 " + APPLES_LIST, "UID FETCH 2 (BODYSTRUCTURE BODY.PEEK[HEADER])", "UID FETCH 2 (BODY.PEEK[2]<0.4000> BODY.PEEK[1] BODY.PEEK[3])",
        "UID FETCH 2 BODY.PEEK[2]<4000.4500>", "UID FETCH 1 BODY.PEEK[1]", "UID FETCH 3 BODY.PEEK[]<0.2000>", "UID FETCH 3 BODY.PEEK[]<2000.98001>",
        "UID FETCH 2 BODY.PEEK[HEADER]", "UID STORE 2 +FLAGS.SILENT (\\Seen)", IDLE_UNTIL_MAIL, "FETCH 4 " + APPLES_LIST, "UID FETCH 4 BODY.PEEK[]",
        ["UID FETCH 1 BODY.PEEK[2]", "UID FETCH 2 BODY.PEEK[TEXT]", "UID SEARCH UNSEEN", "STATUS {junk} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"],
        "UID COPY 2 {trash}", "UID STORE 2 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 2", "CREATE {sent}", ("APPEND {sent} (\\Seen) ", SENT), "CHECK", "CLOSE",
        "SELECT {trash}", "UID FETCH 1 (BODY.PEEK[1] BODY.PEEK[2])", "LOGOUT"]),
    "ios": Program("A%d", authenticate_at_once, PLUS, [
        'ID ("name" "iPhone Mail" "version" "22A3354" "os" "iOS" "os-version" "18.0 (22A3354)")', ["NAMESPACE", 'LIST "" "*" RETURN (SPECIAL-USE)'], 'LIST "" ""',
        'LIST "" "*"', "SELECT INBOX", "CONDSTORE? SELECT INBOX (CONDSTORE)", "UID SEARCH 1:* NOT DELETED", "UID SEARCH 1:* DELETED", "NOOP", "UID FETCH 1:3 " + APPLES_LIST,
        "UID FETCH 2 (BODYSTRUCTURE BODY.PEEK[HEADER])", "UID FETCH 1 BODY.PEEK[1]<0.393216>", "UID FETCH 2 BODY.PEEK[1]<0.393216>",
        "UID FETCH 2 BODY.PEEK[2]<0.393216>", "UID FETCH 2 BODY.PEEK[2]<393216.393216>", "UID FETCH 3 BODY.PEEK[1]<0.393216>", "UID FETCH 3 BODY.PEEK[1]<393216.393216>",
        ["UID STORE 1 +FLAGS.SILENT (\\Seen)", "UID FETCH 2 BODY.PEEK[3]", "UID FETCH 1:3 (UID FLAGS)"], "CREATE {sent}", ("APPEND {sent} (\\Seen) ", SENT),
        "MOVE? UID MOVE 2 {junk}", "UID COPY 3 {trash}", "UID STORE 3 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 3", "NOOP", "CLOSE", "LOGOUT"]),
    "thunderbird": Program("%d", authenticate_at_once, PLUS, [
        'ID ("name" "Thunderbird" "version" "140.3.0")', "namespace", 'list (subscribed) "" "*" return (special-use)', 'list "" "INBOX"', 'lsub "" "*"',
        'select "INBOX"', 'CONDSTORE? select "INBOX" (CONDSTORE)', 'getquotaroot "INBOX"', "UID fetch 1:* (FLAGS)",
        "UID fetch 1:3 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (%s)])" % THUNDERBIRDS_FIELDS, "IDLE", "UID fetch 2 (UID RFC822.SIZE BODY.PEEK[])",
        "UID fetch 1,3 (UID RFC822.SIZE BODY.PEEK[])", "UID fetch 3 (UID RFC822.SIZE BODY.PEEK[]<0.65536>)", "UID fetch 3 (UID RFC822.SIZE BODY.PEEK[]<65536.65536>)",
        "UID fetch 2 (UID BODYSTRUCTURE)", "UID fetch 2 (BODY.PEEK[HEADER] BODY.PEEK[1.MIME] BODY.PEEK[1] BODY.PEEK[2.MIME] BODY.PEEK[3.MIME])",
        "UID fetch 2 (BODY.PEEK[2])", "UID fetch 1 (UID RFC822.SIZE BODY[])", IDLE_UNTIL_MAIL, "UID fetch 4:* (FLAGS)", "UID fetch 4 (UID RFC822.SIZE BODY.PEEK[])",
        "uid store 1 +FLAGS (NonJunk)", 'uid store 2 +FLAGS (Junk)', 'MOVE? uid move 2 "{junk}"', 'uid copy 3 "{trash}"', "uid store 3 +FLAGS (\\Seen \\Deleted)",
        "expunge", 'create "{sent}"', 'subscribe "{sent}"', ('append "{sent}" (\\Seen) ', SENT), 'STATUS "{junk}" (UIDNEXT MESSAGES UNSEEN RECENT)',
        'select "{junk}"', "UID fetch 1:* (FLAGS)", "UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])", "noop", "close", "logout"]),
    "thunderbird-android": Program("%d", authenticate_at_once, WAIT, [
        "CAPABILITY", 'ID ("name" "Thunderbird for Android" "version" "12.0")', "NAMESPACE", 'LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)',
        'LIST "" "*" RETURN (SPECIAL-USE)', 'SELECT "INBOX"', "UID SEARCH 1:3 NOT DELETED", "SEARCH 1:1 NOT DELETED", "UID FETCH 3,2,1 (UID FLAGS)",
        "UID FETCH 3,2,1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (%s)] BODYSTRUCTURE)" % ANDROIDS_FIELDS, "UID FETCH 3,2 (UID BODY.PEEK[])",
        "UID FETCH 2 (UID BODY.PEEK[]<0.32768>)", "UID FETCH 3 (UID BODY.PEEK[TEXT]<0.32768>)", "UID FETCH 2 (UID BODY.PEEK[1])", "UID FETCH 2 (UID BODY.PEEK[2])",
        "UID FETCH 2 (UID BODY.PEEK[3])", IDLE_UNTIL_MAIL, "UID SEARCH 1:4 NOT DELETED", "UID FETCH 4 (UID FLAGS BODY.PEEK[])", "UID STORE 1 +FLAGS.SILENT (\\Seen)",
        'MOVE? UID MOVE 2 "{trash}"', 'UID COPY 3 "{junk}"', "UID STORE 3 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 3", 'CREATE "{sent}"',
        ('APPEND "{sent}" (\\Seen) ', SENT), 'UID SEARCH HEADER MESSAGE-ID "<none@client.example>"', "CLOSE", 'SELECT "{trash}"', "UID FETCH 1:* (UID BODY.PEEK[])",
        "LOGOUT"]),
    "nextcloud": Program("%d", authenticate_at_once, WAIT, [
        "CAPABILITY", "QRESYNC? ENABLE QRESYNC", "NAMESPACE", 'LSUB "" *', 'LIST "" *', "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)", "SELECT INBOX",
        "UID SEARCH ALL", "UID FETCH 1:3 (UID ENVELOPE FLAGS INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (References List-Unsubscribe)])",
        "UID FETCH 2 (UID BODY.PEEK[HEADER] BODY.PEEK[1.MIME] BODY.PEEK[1])", "UID FETCH 2 (UID BODY.PEEK[2] BODY.PEEK[2.MIME])", "UID FETCH 2 (UID BODY.PEEK[])",
        "UID STORE 1 +FLAGS.SILENT (\\Seen)", "UNSELECT", "SELECT INBOX", "QRESYNC? SELECT INBOX (QRESYNC ({uidvalidity} 1 1:3))", "QRESYNC? UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)",
        "UID FETCH 2 (UID BODY.PEEK[3])", "MOVE? UID MOVE 2 {trash}", "UID FETCH 1:3 (UID BODY.PEEK[1])", "CLOSE", "LOGOUT"]),
}


# ---- two sessions that say it


class Conversation:
    """A program's, at a server itself and through the gateway. `deliver` puts mail into both mailboxes, and `tells`: who idles hears of it at once."""

    def __init__(self, program, direct, through, mailboxes, deliver, tells=True):
        self.program, self.sessions, self.mailboxes = program, (direct, through), mailboxes
        self.deliver, self.tells = deliver, tells
        self.directly = self.through = b""  # what was said directly and through the gateway
        self.offered = direct.capabilities()
        for session in self.sessions:
            session.tag_format = program.tags

    def differences(self):
        """What differs by more than by what is put out: [(command, directly, through)] of the first step that has such."""
        for step in filter(None, map(self._if_offered, self.program.steps)):
            directly, through = self._answers(step)
            self.directly += b"".join(directly)
            self.through += b"".join(through)
            if len(directly) != len(through) or not all(map(is_shown_as_it_may_be, directly, through)):
                return [(step, [pair for pair in zip(directly, through) if not is_shown_as_it_may_be(*pair)] or (directly, through))]
        return []

    def _if_offered(self, step):
        needs = isinstance(step, str) and re.match(r"(\w+)\? ", step)
        return step if not needs else step[needs.end():] if needs[1] in self.offered else None

    def _answers(self, step):
        if step in (IDLE, IDLE_UNTIL_MAIL):
            return self._idle(step == IDLE_UNTIL_MAIL)
        if isinstance(step, list):
            return answers(self.sessions, [self._filled_in(step, session) for session in self.sessions], pipelined=True)
        return answers(self.sessions, [self._filled_in(step, session) for session in self.sessions], ordered=self.tells)

    def _filled_in(self, step, session):
        if isinstance(step, list):
            return [self._filled_in(command, session) for command in step]
        if isinstance(step, tuple):
            way = self.program.literals if self.tells else WAIT
            return self._filled_in(step[0], session), Literal(step[1], way)
        return step.format(uidvalidity=session.uidvalidity, **self.mailboxes)

    def _idle(self, until_mail):
        """Who is told when is the server's affair: what is heard in the end counts."""
        heard = [session.idle() for session in self.sessions]
        if until_mail:
            self.deliver()
        for session, came in zip(self.sessions, heard):
            while until_mail and self.tells and not any(b" EXISTS\r\n" in response for response in came):
                came.append(session.response())
            came += session.done() + session.command("NOOP")
        return [sorted({response for response in came if re.match(rb"\* \d+ EXISTS", response)}) for came in heard]


def is_shown_as_it_may_be(directly, through):
    """As it is; or only within what is forbidden it is not."""
    if directly == through:
        return True
    if len(directly) != len(through):
        return False
    differing = [at for at, (one, other) in enumerate(zip(directly, through)) if one != other]
    return directly[differing[0]:differing[-1] + 1] in PROGRAM and not leaks(PROGRAM, through)
