# SPDX-License-Identifier: ISC
"""Scripts of imaptest: what is said to a server in one or more sessions, and what it must answer, or must not.

read(path) is a Script; run(script, sessions) gives an Outcome for each of its steps. What a variable stands for is what the server said first."""
import re
from collections import namedtuple
from dataclasses import dataclass, field

from lab.imap_client import Literal, quoted

Outcome = namedtuple("Outcome", "command failure responses")  # `failure`: what was missing or must not have come; empty: nothing
MAILBOX = b"imaptest"
STATUSES = (b"ok", b"no", b"bad", b'""')  # the last: any


@dataclass
class Step:
    session: int
    command: list  # of texts and Literals
    status: bytes = b'""'
    code: bytes = b""
    wanted: list = field(default_factory=list)
    banned: list = field(default_factory=list)


@dataclass
class Script:
    name: str
    settings: dict
    steps: list
    mails: list  # (date, octets)

    @property
    def capabilities(self):
        return self.settings.get("capabilities", "").upper().split()

    @property
    def state(self):
        return self.settings.get("state", "selected")

    @property
    def connections(self):
        return int(self.settings.get("connections", 1))


# ---- read


def read(path):
    text = path.read_bytes()
    head, _, body = text.partition(b"\n\n")
    settings = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#") and re.fullmatch(r"[a-z]+", name):
            settings[name] = value.strip()
    mbox = path.with_name(path.name + ".mbox")
    mails = _mails((mbox if mbox.exists() else path.with_name("default.mbox")).read_bytes())
    return Script(path.name, settings, _steps(body if settings else text, int(settings.get("connections", 1)) > 1), mails)


def _mails(octets):
    """Of a mbox, whose empty line before the next "From " belongs to the message."""
    found = []
    for one in re.split(rb"(?m)^From (?=\S+ +\w{3} \w{3} )", octets)[1:]:
        line, _, message = one.partition(b"\n")
        month, day, time, year, zone = re.search(rb"\w{3} (\w{3}) +(\d+) ([\d:]+) (\d{4})(?: ([+-]\d+))?", line).groups()
        found.append((b"%2d-%s-%s %s %s" % (int(day), month, year, time, zone or b"+0000"), message.replace(b"\n", b"\r\n")))
    return found


def _lines(text):
    """Those that say something, each with the literals in it as a server would announce them."""
    while text:
        line, _, text = text.partition(b"\n")
        while line.endswith(b"{{{"):
            content, _, text = text.partition(b"\n}}}")
            binary = line.endswith(b"~{{{")
            content = content if binary else content.replace(b"\n", b"\r\n")
            rest, _, text = text.partition(b"\n")
            line = line.removesuffix(b"{{{") + b"{%d}\r\n%s%s" % (len(content), content, rest)
        if line.strip() and not line.startswith((b"#", b"?")):  # what may be there or not
            yield line


def _steps(text, several):
    steps = []
    for line in _lines(text):
        if line[:2] in (b"* ", b"! "):
            (steps[-1].wanted if line.startswith(b"*") else steps[-1].banned).append(line[2:])
            continue
        session, line = (int(line[:1]) - 1, line[2:]) if several else (0, line)
        status, _, rest = line.partition(b" ")
        if status not in STATUSES:
            steps.append(Step(session, _pieces(line), status=None))
        elif steps and steps[-1].status is None:
            steps[-1].status, steps[-1].code = status, rest
        else:
            steps.append(Step(session, _pieces(rest), status))
    return steps


def _pieces(command):
    pieces = []
    while announced := re.search(rb"\{(\d+)\}\r\n", command):
        end = announced.end() + int(announced[1])
        pieces += [command[:announced.start()], Literal(command[announced.end():end])]
        command = command[end:]
    return pieces + [command] if command or not pieces else pieces


# ---- what a response is made of

TOKEN = re.compile(rb'\s*(?:(?P<open>\()|(?P<close>\))|~?\{(?P<size>\d+)\}\r\n|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<atom>(?:\[[^]]*\]|[^\s()"\[])+))')


class Atom(bytes):
    def __eq__(self, other):
        return bytes(self).lower() == bytes(other).lower()

    __hash__ = bytes.__hash__


def tokens(text):
    """Atoms, strings as octets, and lists of those."""
    outer, at = [[]], 0
    if re.match(rb"(?i)(ok|no|bad|bye) \[", text):
        text = text.replace(b"[", b"(", 1).replace(b"]", b")", 1)
    while found := TOKEN.match(text, at):
        at = found.end()
        if found["open"]:
            outer.append([])
        elif found["close"]:
            outer[-2:] = [outer[-2] + [outer[-1]]] if len(outer) > 1 else outer
        elif found["size"]:
            at += int(found["size"])
            outer[-1].append(text[found.end():at])
        elif found["quoted"] is not None:
            outer[-1].append(re.sub(rb"\\(.)", rb"\1", found["quoted"]))
        else:
            outer[-1].append(Atom(found["atom"]))
    return outer[0]


# ---- whether it is what was wanted


class Values:
    """What variables stand for, those of a session's numbers at its command's beginning too: "$3"."""

    def __init__(self, **known):
        self.known = known
        self.left = []

    def begin(self, count):
        self.left = list(range(1, count + 1))

    def heard(self, response):
        if found := re.match(rb"\* (\d+) EXPUNGE\r", response):
            del self.left[int(found[1]) - 1:int(found[1])]

    def of(self, name):
        if not name.isdigit():
            return self.known.get(name.decode())
        return b"%d" % (self.left.index(int(name)) + 1) if int(name) in self.left else b"0"

    def filled(self, text):
        return re.sub(rb"\$\{?(\w+)\}?", lambda found: bytes(self.of(found[1]) or found[0]), text)

    def fit(self, wanted, got):
        """Whether they are the same; the first time that a variable is seen it becomes what is there."""
        known = dict(self.known)
        if self._same(wanted, got):
            return True
        self.known = known
        return False

    def _same(self, wanted, got):
        if wanted == b"$" or isinstance(wanted, list):
            return isinstance(got, list) and self._lists(wanted, got)
        if b"$" not in wanted:
            return not isinstance(got, list) and wanted == got
        name = re.fullmatch(rb"\$\{?(\w+)\}?", wanted)
        if name and self.of(name[1]) is None:
            self.known[name[1].decode()] = got
            return True
        if isinstance(got, list) or name and isinstance(self.of(name[1]), list):
            return name and self.of(name[1]) == got
        return Atom(self.filled(wanted)) == got

    def _lists(self, wanted, got):
        directives = [item for item in wanted if not isinstance(item, list) and item.startswith(b"$!")]
        banned = [Atom(item.removeprefix(b"$!ban=")) for item in directives if item.startswith(b"$!ban=")]
        wanted = [item for item in wanted if not any(item is directive for directive in directives)]
        if any(item in got for item in banned):
            return False
        if directives or wanted and all(not isinstance(item, list) and item.startswith(b"\\") for item in wanted):
            return all(any(self._same(item, one) for one in got) for item in wanted)
        return len(wanted) == len(got) and all(map(self._same, wanted, got))

    def response(self, wanted, got):
        """Of a whole one; behind a status there may be anything, and a FETCH may tell more than was wanted."""
        wanted, got = tokens(wanted), tokens(got)
        kind = next((word.lower() for word in got[:2] if not isinstance(word, list) and not word.isdigit()), b"")
        if kind in (b"fetch", b"status") and len(wanted) == len(got) and isinstance(got[-1], list) and isinstance(wanted[-1], list):
            return self.fit(wanted[:-1], got[:-1]) and self._pairs(wanted[-1], got[-1])
        if kind in (b"list", b"lsub") and len(got) > 1 and wanted[1:2] == [[]]:
            got[1] = []
        return self.fit(wanted, got[:len(wanted)] if kind in (b"ok", b"no", b"bad", b"bye") else got)

    def _pairs(self, wanted, got):
        known = dict(self.known)
        there = {bytes(name).lower(): value for name, value in zip(got[::2], got[1::2])}
        for name, value in zip(wanted[::2], wanted[1::2]):
            one = there.get(bytes(name).lower())
            one = [flag for flag in one if flag != b"\\Recent"] if name == b"flags" and isinstance(one, list) else one
            if one is None or not self.fit(value, one) or name == b"flags" and len(one) != len(value):
                self.known = known
                return False
        return True


# ---- run


class _Run:
    def __init__(self, script, sessions, user):
        local, _, domain = user.partition("@")
        self.script, self.sessions, self.mails = script, sessions, iter(script.mails * 9)
        self.values = Values(mailbox=MAILBOX, mailbox_url=MAILBOX, user=user.encode(), username=local.encode(), domain=domain.encode())
        self.counts = [0] * len(sessions)

    def message(self):
        date, octets = next(self.mails)
        return b'"%s" ' % date, Literal(octets)

    def prepare(self):
        first, state = self.sessions[0], self.script.state
        if state in ("nonauth", "auth"):
            return
        first.expect(b"CREATE " + MAILBOX)
        if state != "selected":
            return
        count = self.script.settings.get("messages", "all")
        for _ in range(len(self.script.mails) if count == "all" else int(count)):
            first.expect(b"APPEND %s " % MAILBOX, *self.message())
        for number, session in enumerate(self.sessions):
            self.counts[number] = session.select(MAILBOX.decode())

    def command(self, step):
        pieces = [Literal(self.values.filled(piece.octets)) if isinstance(piece, Literal) else self.values.filled(piece) for piece in step.command]
        word = re.match(rb"(?i)append\b(.*)\Z", pieces[0], re.DOTALL)
        if not word or len(pieces) > 1:
            return pieces
        return (pieces[0] if word[1].strip() else b"append " + quoted(MAILBOX)) + b" ", *self.message()

    def still_wanted(self, wanted, text):
        """Without what this response is: the first, or of FETCH all, as one may tell what another was to."""
        for one in list(wanted):
            if self.values.response(one, text):
                wanted = [other for other in wanted if other is not one]
                if not re.match(rb"\d+ FETCH ", text):
                    break
        return wanted

    def step(self, step):
        pieces = self.command(step)
        self.values.begin(self.counts[step.session])
        came = self.sessions[step.session].command(*pieces)
        tag, _, told = came[-1].partition(b" ")
        self.values.known["tag"] = tag
        if b"$searchtag" in b"".join(step.wanted) and "searchtag" not in self.values.known:
            self.values.known["searchtag"] = tag
        wanted, failures = list(step.wanted), []
        for response in came[:-1]:
            if not response.startswith(b"* "):
                continue
            if exists := re.match(rb"\* (\d+) EXISTS\r", response):
                self.counts[step.session] = int(exists[1])
            text = response.removeprefix(b"* ").removesuffix(b"\r\n")
            wanted = self.still_wanted(wanted, text)
            failures += ["banned: %r" % one for one in step.banned if Values.response(_copy(self.values), one, text)]
            self.values.heard(response)
            self.counts[step.session] -= response.endswith(b" EXPUNGE\r\n")
        failures += ["missing: %r" % one for one in wanted]
        if step.status != b'""' and told.split()[0].lower() != step.status:
            failures.append("not %s: %r" % (step.status.decode(), told))
        if step.code and step.code.lower() not in told.lower():
            failures.append("no %s: %r" % (step.code.decode(), told))
        return Outcome(b"".join(piece.octets if isinstance(piece, Literal) else piece for piece in pieces), " ".join(failures), came)


def _copy(values):
    copied = Values(**values.known)
    copied.left = list(values.left)
    return copied


def run(script, sessions, user):
    """The outcomes. The sessions are logged in, unless the script begins before that."""
    it = _Run(script, sessions, user)
    it.prepare()
    return [it.step(step) for step in script.steps]
