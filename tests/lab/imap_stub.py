# SPDX-License-Identifier: ISC
"""A scriptable IMAP server as the server behind: it behaves, and misbehaves where it is told to.

The script says what happens at CONNECT, at a verb ("FETCH", "UID FETCH"), at a literal that waits ("LITERAL APPEND", "LITERAL"; usual
is "+"), or at a whole command without its tag ("FETCH 1 BODY[]", which goes before the verb). An action is
    "NO busy"                   the tagged response
    [0.5, b"* 1 EXISTS\\r\\n", TAG + b" OK done\\r\\n", CLOSE]
                                in this order: seconds to wait, bytes to send, in which TAG becomes the command's; CLOSE, RESET, HANG; an
                                iterator gives bytes
    function(session, line)     gives one of the above, or None for the usual answer; session.tag is the command's
What it does not name gets the usual answer. `mails` are the messages of its INBOX."""
import base64
import itertools
import re
from collections import namedtuple

from lab import users
from lab.backend import Backend, BackendSession, Ended

CAPABILITIES = ("IMAP4rev1", "LITERAL+", "SASL-IR", "ID", "ENABLE", "IDLE", "UIDPLUS", "NAMESPACE", "MOVE", "UNSELECT", "CHILDREN", "AUTH=PLAIN")
FIRST_UID = 101  # of INBOX, so that none is taken for a number
UIDVALIDITY = 1700000000
TAG = b"\0tag\0"

Login = namedtuple("Login", "user password tls connection")
Appended = namedtuple("Appended", "mailbox octets flags user")


class Mail:
    def __init__(self, octets, uid, flags=()):
        self.octets, self.uid, self.flags = octets, uid, set(flags)


def never_ending(item="BODY[]", number=1, announced=10 ** 9, line=b"a line of a message without end\r\n"):
    """An action of FETCH: a literal of which more comes for as long as somebody takes it."""
    return [b"* %d FETCH (%s {%d}\r\n" % (number, item.encode(), announced), itertools.repeat(line * 2000)]


def literal(octets):
    return b"{%d}\r\n%s" % (len(octets), octets)


class ImapStub(Backend):
    """`logins` are those that it took, `refused` the others; `commands` the lines that came, tags and all; `appended` what APPEND brought,
    `deleted` the UIDs that were expunged. Each session has the mailboxes {name: messages} as they were at the start: `mails` and `boxes`."""

    def __init__(self, mails=(), script=None, password=users.PASSWORD, capabilities=CAPABILITIES, boxes=None, **how):
        self.mails = list(mails)
        self.boxes = dict({"Junk": [], "Trash": []}, **(boxes or {}))
        self.password = password  # None: any
        self.capabilities = capabilities
        self.logins, self.appended, self.deleted = [], [], []
        super().__init__(script, **how)

    def forget(self):
        super().forget()
        self.logins, self.appended, self.deleted = [], [], []

    def verbs(self):
        return [_verb(line.partition(b" ")[2]) for line in self.commands]

    def _session(self, connection, number):
        return StubSession(self, connection, number)


def _verb(text):
    words = text.upper().decode("ascii", "replace").split(" ")
    return " ".join(words[:2]) if words[0] == "UID" else words[0]


class StubSession(BackendSession):
    def __init__(self, backend, connection, number):
        self.user, self.tag, self.box = None, b"*", None
        self.boxes = {name: [Mail(octets, uid) for uid, octets in enumerate(mails, FIRST_UID)]
                      for name, mails in dict({"INBOX": backend.mails}, **backend.boxes).items()}
        super().__init__(backend, connection, number)

    def run(self):
        if self.backend.implicit_tls:
            self._handshake()
        self._answer("CONNECT", b"")
        while True:
            command, refused = self._command_line()
            self.backend.commands.append(command)
            if command.upper() == b"DONE":
                # What ends IDLE has no tag; it is answered with that of IDLE.
                self._answer("DONE", command)
                continue
            self.tag, _, text = command.partition(b" ")
            if not refused:
                self._answer(_verb(text), text)

    def _command_line(self):
        """A command with its literals as they came, and whether one of them was not asked for."""
        command = self._line()
        while size := re.search(rb"~?\{(\d+)(\+?)\}\Z", command):
            if not size[2] and not self._ask_for_literal(command):
                return command, True
            command += b"\r\n" + self._octets(int(size[1])) + self._line()
        return command, False

    def _ask_for_literal(self, command):
        """As the script has it for "LITERAL APPEND", or "LITERAL"; it asks if a "+" is in that."""
        self.tag, _, text = command.partition(b" ")
        action = self.backend.script.get("LITERAL " + _verb(text), self.backend.script.get("LITERAL"))
        if callable(action):
            action = action(self, text)
        action = [b"+ go on\r\n"] if action is None else self._parts(action)
        self._perform(action)
        return any(isinstance(part, bytes) and part.startswith(b"+") for part in action)

    def _answer(self, verb, line):
        script = self.backend.script
        action = script.get(line.decode("utf-8", "replace"), script.get(verb))
        if callable(action):
            action = action(self, line)
        if action is None:
            name = "usual_" + verb.lower().replace(" ", "_")
            action = getattr(self, name, self.usual_else)(line.partition(b" ")[2] if not verb.startswith("UID ") else line.split(b" ", 2)[-1])
        self._perform(action)
        started = verb == "STARTTLS" and any(isinstance(part, bytes) and b" OK" in part for part in self._parts(action))
        if started and self.backend.context and not self.tls:
            self._handshake()
        if verb == "LOGOUT":
            raise Ended

    def _parts(self, action):
        return [TAG + b" " + action.encode() + b"\r\n"] if isinstance(action, str) else action

    def _perform(self, action):
        for part in self._parts(action):
            if hasattr(part, "__next__"):
                for octets in part:
                    self._act(octets)
            else:
                self._act(part.replace(TAG, self.tag) if isinstance(part, bytes) else part)

    def _octets(self, count):
        while len(self.pending) < count:
            self._more()
        taken, self.pending = self.pending[:count], self.pending[count:]
        return taken

    # ---- the usual answers: texts, and lists of bytes

    def _said(self, *untagged, end="OK done"):
        return [b"".join(b"* " + line + b"\r\n" for line in untagged) + TAG + b" " + end.encode() + b"\r\n"]

    def _capabilities(self):
        return b" ".join(word.encode() for word in self.backend.capabilities + (("STARTTLS",) if self.backend.context and not self.tls else ()))

    def usual_connect(self, _):
        return [b"* OK [CAPABILITY %s] the server behind is ready\r\n" % self._capabilities()]

    def usual_capability(self, _):
        return self._said(b"CAPABILITY " + self._capabilities())

    def usual_starttls(self, _):
        return "OK begin" if self.backend.context and not self.tls else "BAD not here"

    def usual_login(self, arguments):
        user, rest = astring(arguments)
        return self._login(user, astring(rest)[0])

    def usual_authenticate(self, arguments):
        mechanism, _, initial = arguments.partition(b" ")
        if mechanism.upper() != b"PLAIN":
            return "NO no such mechanism"
        _, user, password = base64.b64decode(initial or self._asked(b"")).split(b"\0")
        return self._login(user, password)

    def _asked(self, challenge):
        self.socket.sendall(b"+ " + challenge + b"\r\n")
        return self._line()

    def _login(self, user, password):
        it = Login(user.decode("utf-8", "replace"), password.decode("utf-8", "replace"), self.tls, self.number)
        taken = self.backend.password in (None, it.password)
        (self.backend.logins if taken else self.backend.refused).append(it)
        if not taken:
            return "NO [AUTHENTICATIONFAILED] the server behind does not know you"
        self.user = it.user
        return "OK [CAPABILITY %s] logged in" % self._capabilities().decode()

    def usual_id(self, _):
        return self._said(b'ID ("name" "the server behind")')

    def usual_enable(self, arguments):
        return self._said(b"ENABLED " + arguments)

    def usual_namespace(self, _):
        return self._said(b'NAMESPACE (("" "/")) NIL NIL')

    def usual_list(self, _):
        special = {"Junk": b" \\Junk", "Trash": b" \\Trash"}
        return self._said(*(b'LIST (\\HasNoChildren%s) "/" "%s"' % (special.get(name, b""), name.encode()) for name in self.boxes))

    usual_xlist = usual_list

    def usual_lsub(self, _):
        return self._said(*(b'LSUB () "/" "%s"' % name.encode() for name in self.boxes))

    def usual_status(self, arguments):
        name, _ = astring(arguments)
        mails = self._named(name)
        if mails is None:
            return "NO no such mailbox"
        unseen = sum("\\Seen" not in mail.flags for mail in mails)
        return self._said(b'STATUS "%s" (MESSAGES %d UNSEEN %d UIDNEXT %d UIDVALIDITY %d)'
                          % (name, len(mails), unseen, self._next_uid(mails), UIDVALIDITY))

    def usual_select(self, arguments, way="READ-WRITE"):
        self.box = self._named(astring(arguments)[0])
        if self.box is None:
            return "NO no such mailbox"
        return self._said(rb"FLAGS (\Answered \Flagged \Deleted \Seen \Draft)", b"%d EXISTS" % len(self.box), b"0 RECENT",
                          b"OK [UIDVALIDITY %d] valid" % UIDVALIDITY, b"OK [UIDNEXT %d] next" % self._next_uid(self.box), end="OK [%s] selected" % way)

    def usual_examine(self, arguments):
        return self.usual_select(arguments, "READ-ONLY")

    def _named(self, name):
        name = name.decode("utf-8", "replace")
        return self.boxes.get("INBOX" if name.upper() == "INBOX" else name)

    def _next_uid(self, mails):
        return max([FIRST_UID - 1] + [mail.uid for mail in mails]) + 1

    def _chosen(self, text, uid):
        """[(number, mail)] of a set."""
        mails = self.box or []
        last = (mails[-1].uid if uid else len(mails)) if mails else 0
        value = lambda word: last if word == b"*" else int(word)
        wanted = [sorted(map(value, (part + b":" + part if b":" not in part else part).split(b":"))) for part in text.split(b",")]
        return [(number, mail) for number, mail in enumerate(mails, 1) if any(low <= (mail.uid if uid else number) <= high for low, high in wanted)]

    def usual_fetch(self, arguments, uid=False):
        numbers, _, text = arguments.partition(b" ")
        items = item_names(text)
        if uid and b"UID" not in [item.upper() for item in items]:
            items.insert(0, b"UID")
        return [self._fetched(number, mail, items) for number, mail in self._chosen(numbers, uid)] + self._said()

    def usual_uid_fetch(self, arguments):
        return self.usual_fetch(arguments, uid=True)

    def _fetched(self, number, mail, items):
        return b"* %d FETCH (%s)\r\n" % (number, b" ".join(self._item(mail, item) for item in items))

    def _item(self, mail, item):
        name = item.upper()
        if name == b"FLAGS":
            return b"FLAGS (%s)" % " ".join(sorted(mail.flags)).encode()
        if name == b"UID":
            return b"UID %d" % mail.uid
        if name == b"RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(mail.octets)
        if name == b"INTERNALDATE":
            return b'INTERNALDATE "05-Jan-2026 10:00:00 +0000"'
        if name == b"ENVELOPE":
            return b"ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
        if name in (b"BODY", b"BODYSTRUCTURE"):
            return name + b' ("TEXT" "PLAIN" NIL NIL NIL "7BIT" %d %d)' % (len(mail.octets), mail.octets.count(b"\n"))
        if name.startswith(b"RFC822"):
            content = section(mail.octets, {b"RFC822": b"", b"RFC822.HEADER": b"HEADER", b"RFC822.TEXT": b"TEXT"}[name])
        else:
            wanted = re.fullmatch(rb"BODY(\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", item, re.IGNORECASE)
            content = section(mail.octets, wanted[2])
            name = b"BODY[%s]" % wanted[2]
            if wanted[3] and content is not None:
                content = content[int(wanted[3]):][:int(wanted[4])]
                name += b"<%s>" % wanted[3]
        return name + b" " + (b"NIL" if content is None else literal(content))

    def usual_store(self, arguments, uid=False):
        numbers, what, flags = arguments.split(b" ", 2)
        flags = set(flags.strip(b"()").decode().split())
        chosen = self._chosen(numbers, uid)
        for _, mail in chosen:
            mail.flags = mail.flags | flags if what.startswith(b"+") else mail.flags - flags if what.startswith(b"-") else flags
        items = [b"UID", b"FLAGS"] if uid else [b"FLAGS"]
        shown = [] if what.upper().endswith(b".SILENT") else [self._fetched(number, mail, items) for number, mail in chosen]
        return shown + self._said()

    def usual_uid_store(self, arguments):
        return self.usual_store(arguments, uid=True)

    def usual_search(self, _, uid=False):
        return self._said(b"SEARCH" + b"".join(b" %d" % (mail.uid if uid else number) for number, mail in enumerate(self.box or [], 1)))

    def usual_uid_search(self, arguments):
        return self.usual_search(arguments, uid=True)

    def usual_copy(self, arguments, uid=False, move=False):
        numbers, _, name = arguments.partition(b" ")
        mails, chosen = self._named(astring(name)[0]), self._chosen(numbers, uid)
        if mails is None:
            return "NO [TRYCREATE] no such mailbox"
        first = self._next_uid(mails)
        mails += [Mail(mail.octets, first + at, mail.flags) for at, (_, mail) in enumerate(chosen)]
        code = "[COPYUID %d %s %d:%d] " % (UIDVALIDITY, ",".join(str(mail.uid) for _, mail in chosen), first, first + len(chosen) - 1) if chosen else ""
        return self._said(*(self._without(chosen) if move else ()), end="OK %sdone" % code)

    def usual_uid_copy(self, arguments):
        return self.usual_copy(arguments, uid=True)

    def usual_move(self, arguments):
        return self.usual_copy(arguments, move=True)

    def usual_uid_move(self, arguments):
        return self.usual_copy(arguments, uid=True, move=True)

    def _without(self, chosen):
        """Takes them out of the mailbox; what is said of it."""
        for _, mail in chosen:
            self.box.remove(mail)
        self.backend.deleted += [mail.uid for _, mail in chosen]
        return [b"%d EXPUNGE" % number for number, _ in reversed(chosen)]

    def _marked(self, among=b"1:*"):
        return [(number, mail) for number, mail in enumerate(self.box or [], 1)
                if "\\Deleted" in mail.flags and (number, mail) in self._chosen(among, uid=among != b"1:*")]

    def usual_expunge(self, _):
        return self._said(*self._without(self._marked()))

    def usual_uid_expunge(self, arguments):
        return self._said(*self._without(self._marked(arguments)))

    def usual_append(self, arguments):
        name, rest = astring(arguments)
        mails = self._named(name)
        if mails is None:
            return "NO [TRYCREATE] no such mailbox"
        first, came = self._next_uid(mails), []
        while rest:
            head = re.match(rb'(?:\(([^)]*)\) )?(?:"[^"]*" )?(?:UTF8 \()?~?\{(\d+)\+?\}\r\n', rest)
            if not head:
                return "BAD no message"
            octets, rest = rest[head.end():][:int(head[2])], rest[head.end() + int(head[2]):].lstrip(b" )")
            came.append(Appended(name.decode("utf-8", "replace"), octets, (head[1] or b"").decode(), self.user))
        self.backend.appended += came
        mails += [Mail(it.octets, first + at, it.flags.split()) for at, it in enumerate(came)]
        return self._said(*([b"%d EXISTS" % len(mails)] if mails is self.box else []),
                          end="OK [APPENDUID %d %s] appended" % (UIDVALIDITY, first if len(came) == 1 else "%d:%d" % (first, first + len(came) - 1)))

    def usual_idle(self, _):
        return [b"+ idling\r\n"]

    def _done(self, _):
        return "OK done"

    usual_done = usual_noop = usual_check = usual_subscribe = usual_unsubscribe = _done

    def usual_close(self, _):
        self._without(self._marked())
        return self.usual_unselect(_)

    def usual_unselect(self, _):
        self.box = None
        return "OK done"

    def usual_create(self, arguments):
        self.boxes.setdefault(astring(arguments)[0].decode(), [])
        return "OK done"

    def usual_logout(self, _):
        return self._said(b"BYE the server behind leaves")

    def usual_else(self, _):
        return "BAD unknown"


# ---- what commands are made of


def astring(text):
    """(the first string of arguments, what follows it and a blank)"""
    if found := re.match(rb"\{(\d+)\+?\}\r\n", text):
        end = found.end() + int(found[1])
        return text[found.end():end], text[end:].removeprefix(b" ")
    if found := re.match(rb'"((?:[^"\\]|\\.)*)"', text):
        return re.sub(rb"\\(.)", rb"\1", found[1]), text[found.end():].removeprefix(b" ")
    word, _, rest = text.partition(b" ")
    return word, rest


MACROS = {b"ALL": b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", b"FAST": b"FLAGS INTERNALDATE RFC822.SIZE",
          b"FULL": b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY"}


def item_names(text):
    """The items that a FETCH asks for."""
    text = MACROS.get(text.upper(), text)
    text = text[1:-1] if text.startswith(b"(") else text
    return re.findall(rb"[^\s\[\]()]+(?:\[[^\]]*\])?(?:<\d+\.\d+>)?", text)


def section(octets, text):
    """What a section of a message is, None where there is no such part. Parts are cut at their boundaries and nothing is decoded."""
    number = re.match(rb"(?:\d+\.?)*", text)[0]
    rest = text[len(number):].upper()
    path = [int(n) for n in number.strip(b".").split(b".") if n]
    for at, n in enumerate(path):
        inner = parts(octets)
        if not inner and n == 1 and at == len(path) - 1:
            return _of(octets, b"TEXT" if rest != b"MIME" else b"HEADER")
        if not 1 <= n <= len(inner):
            return None
        octets = inner[n - 1]
    if path and rest == b"MIME":
        return _of(octets, b"HEADER")
    if path and rest:
        return _of(_of(octets, b"TEXT"), rest)
    return _of(octets, rest or (b"TEXT" if path else b""))


def _of(octets, what):
    header, blank, body = octets.partition(b"\r\n\r\n") if not octets.startswith(b"\r\n") else (b"", b"\r\n", octets[2:])
    if what == b"TEXT":
        return body
    if what == b"HEADER":
        return header + blank
    if what.startswith(b"HEADER.FIELDS"):
        names = [name.lower() for name in re.search(rb"\(([^)]*)\)", what)[1].replace(b'"', b"").split()]
        fields = re.findall(rb"(?:[^\r\n]+(?:\r\n|\Z))(?:[ \t][^\r\n]*(?:\r\n|\Z))*", header)
        return b"".join(field.removesuffix(b"\r\n") + b"\r\n" for field in fields
                        if (field.split(b":")[0].lower() in names) != what.startswith(b"HEADER.FIELDS.NOT")) + b"\r\n"
    return octets


def parts(octets):
    """The parts of a multipart, each from its header on; none of anything else."""
    header = _of(octets, b"HEADER")
    named = re.search(rb'(?is)^content-type:\s*multipart/[^;]*;.*?boundary="?([^"\r\n;]+)', header, re.MULTILINE)
    if not named:
        return []
    pieces = re.split(rb"(?:\A|\r\n)--" + re.escape(named[1]) + rb"(?:--)?[ \t]*(?:\r\n|\Z)", _of(octets, b"TEXT"))
    return pieces[1:-1] if len(pieces) > 2 else pieces[1:]
