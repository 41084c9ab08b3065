# SPDX-License-Identifier: ISC
"""An IMAP client that sends exactly the octets it is given and keeps those that it gets; what tells two conversations apart; and
commands at random."""
import base64
import re
from collections import namedtuple

from lab import users
from lab.smtp_client import client_context
from lab.wire import Reader

# How a literal is sent: when "+" came; announced as one that does not wait ("{n+}"); announced as one that waits, but at once.
WAIT, PLUS, EAGER = "wait", "plus", "eager"
Literal = namedtuple("Literal", "octets way", defaults=(WAIT,))

STATUS = rb"(?:\* |[^ *+]+ )(?:OK|NO|BAD|BYE|PREAUTH)(?= |\r)"


def as_octets(text):
    return text if isinstance(text, bytes) else text.encode()


def pieces(command):
    """A command is a text, or several: texts and Literals."""
    return command if isinstance(command, (list, tuple)) and not isinstance(command, Literal) else (command,)


def quoted(text):
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", as_octets(text)) + b'"'


def plain(user, password=users.PASSWORD):
    """The response of SASL PLAIN."""
    return base64.b64encode(b"\0%s\0%s" % (as_octets(user), as_octets(password)))


def _announced(literal):
    return b"{%d%s}\r\n" % (len(literal.octets), b"+" if literal.way == PLUS else b"")


class Session(Reader):
    """A connection, of which the greeting is read at once."""

    tag_format = "a%d"
    uidvalidity = 0  # of the mailbox that was selected last

    def __init__(self, port, greeting=True, **how):
        super().__init__(port, **how)
        self.tags = 0
        self.greeting = self.response() if greeting else None

    # ---- what comes

    def line(self):
        """One line with its end. One that ends otherwise is an error of the server."""
        line = self._until(b"\n")
        assert line.endswith(b"\r\n"), "no line: %r" % line[-200:]
        return line

    def response(self):
        """A whole response with its literals, as it came."""
        line = self.line()
        parts, text = [line], not re.match(STATUS + rb"|\+", line)
        while text and (size := re.search(rb"\{(\d+)\}\r\n\Z", line)):
            parts.append(self._take(int(size[1])))
            parts.append(line := self.line())
        return b"".join(parts)

    def responses(self, tag, until_plus=False):
        """All that come up to and with the tagged one; or with the "+" before it."""
        came = []
        while True:
            came.append(self.response())
            if valid := re.match(rb"\* OK \[UIDVALIDITY (\d+)\]", came[-1]):
                self.uidvalidity = int(valid[1])
            if came[-1].startswith(as_octets(tag) + b" ") or until_plus and came[-1].startswith(b"+"):
                return came

    # ---- what is sent

    def tag(self):
        self.tags += 1
        return self.tag_format % self.tags

    def command(self, *command):
        """Sends "tag text", or texts and Literals; all responses up to and with the tagged one."""
        tag = self.tag()
        came = self._send(tag, command)
        return came if came and came[-1].startswith(as_octets(tag) + b" ") else came + self.responses(tag)

    def pipelined(self, commands):
        """Sends all at once, whose literals do not wait; all responses, until each is answered, in whatever order."""
        tags, octets = set(), b""
        for command in commands:
            tags.add(as_octets(tag := self.tag()))
            octets += self._octets(tag, command)
        self.send(octets)
        came = []
        while tags:
            came.append(self.response())
            tags.discard(came[-1].split(b" ")[0])
        return came

    def _octets(self, tag, command):
        assert not any(isinstance(piece, Literal) and piece.way == WAIT for piece in pieces(command)), "a literal that waits: %r" % (command,)
        return b"".join([as_octets(tag), b" "] + [_announced(piece) + piece.octets if isinstance(piece, Literal) else as_octets(piece)
                                                  for piece in pieces(command)] + [b"\r\n"])

    def _send(self, tag, command):
        """What came while a literal waited: a refusal is the end of it."""
        octets, came = as_octets(tag) + b" ", []
        for piece in pieces(command):
            if not isinstance(piece, Literal):
                octets += as_octets(piece)
                continue
            octets += _announced(piece)
            if piece.way == WAIT:
                self.send(octets)
                came += self.responses(tag, until_plus=True)
                if not came[-1].startswith(b"+"):
                    return came
                octets = b""
            octets += piece.octets
        self.send(octets + b"\r\n")
        return came

    def expect(self, *command, status="OK"):
        """Sends a command whose tagged response must have this status."""
        came = self.command(*command)
        assert came[-1].split(b" ", 2)[1].strip() == status.encode(), "%r: got %r, expected %s" % (command, came[-1], status)
        return came

    # ---- commands

    def capabilities(self):
        for response in self.expect("CAPABILITY"):
            if response.startswith(b"* CAPABILITY "):
                return set(response.decode().split()[2:])
        raise AssertionError("no capabilities")

    def login(self, user="user@example.com", password=users.PASSWORD):
        return self.expect(b"LOGIN " + quoted(user) + b" " + quoted(password))

    def authenticate(self, mechanism, *answers, status="OK", initial=False):
        """Each answer to a "+"; the first of them at once with `initial`."""
        tag, answers = self.tag(), [as_octets(answer) for answer in answers]
        first = (answers.pop(0) or b"=") if initial else None
        self.send(b"%s AUTHENTICATE %s%s\r\n" % (tag.encode(), mechanism.encode(), b"" if first is None else b" " + first))
        came = []
        while not came or came[-1].startswith(b"+"):
            if came:
                self.send((answers.pop(0) if answers else b"*") + b"\r\n")
            came += self.responses(tag, until_plus=True)
        assert came[-1].split(b" ", 2)[1].strip() == status.encode(), came
        return came

    def starttls(self, context=None, server_name=None):
        self.expect("STARTTLS")
        self.handshake(context, server_name)

    def handshake(self, context=None, server_name=None):
        """TLS from here on; plaintext that was read ahead is an error of the server."""
        assert not self.pending, "plaintext after the answer to STARTTLS: %r" % self.pending
        self.socket = (context or client_context()).wrap_socket(self.socket, server_hostname=server_name)

    def select(self, mailbox="INBOX", read_only=False):
        """How many messages are in it."""
        came = self.expect(("EXAMINE " if read_only else "SELECT ").encode() + quoted(mailbox))
        return int(re.search(rb"(?m)^\* (\d+) EXISTS\r$", b"".join(came))[1])

    def append(self, mailbox, octets, flags=None, date=None, way=WAIT, status="OK"):
        """`flags` such as "\\\\Seen $Work", `date` as INTERNALDATE gives it."""
        before = b"APPEND %s " % quoted(mailbox) + (b"(%s) " % flags.encode() if flags is not None else b"")
        return self.expect(before + (b'"%s" ' % date.encode() if date else b""), Literal(octets, way), status=status)

    def fetch(self, numbers, items, uid=False):
        """{number: {item: octets}}, by UIDs where these were asked for. What came unasked is in it too; NIL is None."""
        found = {}
        for response in self.expect("%sFETCH %s %s" % ("UID " if uid else "", numbers, items)):
            if re.match(rb"\* \d+ FETCH ", response):
                number, values = fetched(response)
                seen = found.setdefault(number, {})
                assert not any(seen.get(name, value) != value for name, value in values.items() if name.startswith(("BODY", "RFC822"))), \
                    "two answers for %d: %r" % (number, response[:200])
                seen.update(values)
        return {int(values["UID"]): values for values in found.values()} if uid else found

    def message(self, number, uid=False):
        """All of a message, which stays as it is."""
        return self.fetch(number, "BODY.PEEK[]", uid)[number]["BODY[]"]

    def search(self, *criteria):
        """The numbers that SEARCH, or UID SEARCH, gives."""
        for response in self.expect(*criteria):
            if response.startswith(b"* SEARCH"):
                return [int(number) for number in re.sub(rb"\(MODSEQ \d+\)", b"", response).split()[2:]]
        return []

    def idle(self):
        """From here on responses come, up to done()."""
        tag = self.tag()
        self.send("%s IDLE\r\n" % tag)
        came = self.responses(tag, until_plus=True)
        assert came[-1].startswith(b"+"), came
        self.idling = tag
        return came

    def done(self):
        self.send(b"DONE\r\n")
        return self.responses(self.idling)


def logged_in(port, user="user@example.com", password=users.PASSWORD, mailbox=None, **how):
    """A session after LOGIN, and after SELECT where a mailbox is named; closed again when it is refused."""
    session = Session(port, **how)
    try:
        session.login(user, password)
        if mailbox:
            session.select(mailbox)
    except BaseException:
        session.close()
        raise
    return session


# ---- FETCH


def fetched(response):
    """(number, {item: octets}) of a FETCH response; what is none is an error of the server."""
    head = re.match(rb"\* (\d+) FETCH \(", response)
    assert head, "no FETCH: %r" % response[:200]
    values, at = {}, head.end()
    while response[at:at + 1] != b")":
        name = re.compile(rb"[A-Z0-9.-]+(?:\[[^\]\r\n]*\])?(?:<\d+>)?(?= )", re.IGNORECASE).match(response, at)
        assert name, "no item at %d: %r" % (at, response[max(0, at - 100):at + 100])
        value, at = _value(response, name.end() + 1)
        key = name[0].decode().upper()
        assert key not in values, "%s twice: %r" % (key, response[:200])
        values[key] = value
        if response[at:at + 1] != b")":
            assert response[at:at + 1] == b" ", "no blank at %d: %r" % (at, response[max(0, at - 100):at + 100])
            at += 1
    assert values and response[at:] == b")\r\n", "more behind its end: %r" % response[at:at + 200]
    return int(head[1]), values


def _value(response, at):
    """A value and where it ends: what a string holds, None of NIL, else the octets."""
    if size := re.compile(rb"~?\{(\d+)\}\r\n").match(response, at):
        end = size.end() + int(size[1])
        assert end < len(response), "a literal longer than its response"
        return response[size.end():end], end
    if string := re.compile(rb'"((?:[^"\\\r\n]|\\["\\])*)"').match(response, at):
        return re.sub(rb"\\(.)", rb"\1", string[1]), string.end()
    if response[at:at + 1] == b"(":
        begin, at = at, at + 1
        while response[at:at + 1] != b")":
            assert at < len(response), "a list without end: %r" % response[begin:begin + 200]
            at = at + 1 if response[at:at + 1] == b" " else _value(response, at)[1]
        return response[begin:at + 1], at + 1
    atom = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"]+").match(response, at)
    assert atom, "no value at %d: %r" % (at, response[max(0, at - 100):at + 100])
    return (None if atom[0].upper() == b"NIL" else atom[0]), atom.end()


# ---- what tells two conversations apart


def normalised(response):
    """Without what differs though nothing is damaged."""
    response = re.sub(rb"^(.*CAPABILITY .*) INPROGRESS", rb"\1", response)  # the gateway's own
    response = re.sub(rb"^\* OK \[URLMECH [^]]*\] ", b"* OK ", response)  # it is not relayed
    if response.startswith(b"+"):
        # Who asks for a literal may be the gateway.
        return b"+\r\n"
    if not re.match(STATUS + rb"|\* STATUS ", response):
        return response
    # Dovecot and Cyrus say how long it took, and the mailboxes of two users were made at two times.
    response = re.sub(rb" \([^()]*\d\.\d+ secs?[^()]*\)", b"", response)
    response = re.sub(rb"((?:UIDVALIDITY|COPYUID|APPENDUID|HIGHESTMODSEQ) )\d+", rb"\1N", response)
    return re.sub(rb"(MAILBOXID )\([^)]*\)", rb"\1(M)", response)


CAPABILITIES = re.compile(rb"\A(\* CAPABILITY |(?:\* |[^ ]+ )OK \[CAPABILITY )([^\]\r\n]*)")


def hide_the_same(direct, through):
    """The response of the server itself, without capabilities that the gateway hides; it may add none."""
    offered, shown = CAPABILITIES.match(direct), CAPABILITIES.match(through)
    if not offered or not shown:
        return direct
    words = set(shown[2].upper().split())
    return offered[1] + b" ".join(word for word in offered[2].split() if word.upper() in words) + direct[offered.end():]


def answers(sessions, commands, pipelined=False, ordered=True):
    """What two sessions say, each to its own of two commands, or to several at once: [directly, through], without what may differ.
    Pipelined it is in no order: Dovecot answers what it can while a FETCH goes on. That something takes long is none of it."""
    direct, through = sessions
    direct.tags = through.tags = max(direct.tags, through.tags)
    found = [session.pipelined(command) if pipelined else session.command(*pieces(command)) for session, command in zip(sessions, commands)]
    found = [[normalised(response) for response in answer if not response.startswith(b"* OK [INPROGRESS ")] for answer in found]
    if pipelined or not ordered:
        found = [sorted(answer) for answer in found]
    found[0] = [hide_the_same(*pair) for pair in zip(*found)] + found[0][len(found[1]):]
    return found


def differences(direct, through, commands, pipelined=False, ordered=True):
    """The first command that two sessions answer with different octets: [(command, directly, through)], else []. Pipelined, all are sent at once."""
    for command in [commands] if pipelined else commands:
        found = answers((direct, through), (command, command), pipelined, ordered)
        if found[0] != found[1]:
            return [(command, *_around_the_first_difference(*(b"".join(answer) for answer in found)))]
    return []


def _around_the_first_difference(one, other):
    at = next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return tuple((len(octets), at, octets[max(0, at - 60):at + 100]) for octets in (one, other))


# ---- commands at random

FIELDS = ("Subject", "From", "To", "Date", "Message-ID", "Content-Type", "X-None")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "$Work")
CRITERIA = ("ALL", "SEEN", "UNSEEN", "FLAGGED", "DELETED UNSEEN", "NOT ANSWERED", "OR SEEN FLAGGED", "LARGER 2000", "SMALLER 500", "SUBJECT odd",
            'TEXT "lab"', "BODY body", "HEADER Message-ID \"\"", "SINCE 1-Jan-2020", "BEFORE 1-Jan-2020", "KEYWORD $Work", "UID 1:3", "1:4 NOT 2",
            "CHARSET UTF-8 SUBJECT a")


def _numbers(rng, messages):
    """A set of messages."""
    number = lambda: rng.choice([str(rng.randint(1, messages))] * 9 + ["*"])
    return rng.choice([number] * 5 + [lambda: "%s:%s" % (number(), number()), lambda: ",".join(number() for _ in range(3)), lambda: "1:*"])()


def _section(rng):
    fields = "(%s)" % " ".join(rng.sample(FIELDS, rng.randint(1, 3)))
    part = rng.choice(["1", "1", "2", "1.1", "1.2", "2.1", "3", "7"])
    return rng.choice(["", "", "", "TEXT", "HEADER", "HEADER.FIELDS " + fields, "HEADER.FIELDS.NOT " + fields, part, part, part + ".MIME",
                       part + ".TEXT", part + ".HEADER"])


def _item(rng, writes):
    part = lambda: "BODY%s[%s]%s" % (rng.choice(["", ".PEEK"]) if writes else ".PEEK", _section(rng),
                                     rng.choice(["", "", "<%d.%d>" % (rng.choice([0, 0, 1, 40, 1000, 99999]), rng.choice([1, 10, 1000, 100000]))]))
    whole = ["RFC822", "RFC822.TEXT"] if writes else []
    return rng.choice([part] * 12 + [lambda: rng.choice(whole + ["RFC822.HEADER", "RFC822.SIZE", "FLAGS", "UID", "INTERNALDATE", "ENVELOPE",
                                                                "BODYSTRUCTURE", "BODY"])])()


def _fetch(rng, messages, writes):
    # By what the answer calls them.
    items = list({re.sub(r"\.PEEK|\.\d+(?=>)", "", item): item for item in (_item(rng, writes) for _ in range(rng.choice([1, 1, 1, 2, 3, 5])))}.values())
    text = rng.choice(["(%s)" % " ".join(items)] * 6 + [items[0], items[0], "ALL", "FAST", "FULL"])
    return "%sFETCH %s %s" % (rng.choice(["", "UID "]), _numbers(rng, messages), text)


def random_commands(rng, count, messages, writes=False, others=("Junk",), literals=None):
    """Valid commands over a selected INBOX with so many messages, never the same FETCH item twice in one. Without `writes` nothing
    changes, not even \\Seen, so that two sessions can share a mailbox; `others` are mailboxes beside it. With a way to send
    literals some strings are such."""
    string = lambda text: Literal(text.encode(), literals) if literals and rng.random() < 0.5 else '"%s"' % text
    uid = lambda: rng.choice(["", "UID "])
    numbers = lambda: _numbers(rng, messages)
    opened = ["SELECT", "EXAMINE"] if writes else ["EXAMINE"]
    reading = [
        lambda: "%sSEARCH %s" % (uid(), rng.choice(CRITERIA)),
        lambda: (uid() + "SEARCH SUBJECT ", string("clean")),
        lambda: "NOOP", lambda: "CHECK", lambda: "CAPABILITY", lambda: 'LIST "" "*"', lambda: 'LIST "" %', lambda: 'LSUB "" "*"', lambda: "NAMESPACE",
        lambda: ("STATUS ", string(rng.choice(others)), " (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"),
        lambda: (rng.choice(opened) + " ", string("INBOX")),
    ]
    writing = [
        lambda: "%sSTORE %s %sFLAGS%s (%s)" % (uid(), numbers(), rng.choice(["+", "-", ""]), rng.choice(["", ".SILENT"]), rng.choice(FLAGS)),
        lambda: ("%sCOPY %s " % (uid(), numbers()), string(rng.choice(others))),
        lambda: "EXPUNGE",
    ]
    for _ in range(count):
        if rng.random() < 0.6:
            yield _fetch(rng, messages, writes)
        else:
            yield rng.choice(reading + (writing * 2 if writes else []))()
