# SPDX-License-Identifier: ISC
"""A scriptable POP3 server as the server behind: it behaves, and misbehaves where it is told to.

The script says what happens at CONNECT, at a verb ("RETR"), or at a whole command ("RETR 2", which goes before the verb). An action is
    "-ERR busy"                 a line
    [0.5, b"+OK\\r\\n", CLOSE]    in this order: seconds to wait, bytes to send, CLOSE, RESET, HANG; an iterator gives bytes
    function(session, line)     gives one of the above, or None for the usual answer
What it does not name gets the usual answer. `mails` are the messages, without their stuffing."""
import base64
import itertools
from collections import namedtuple

from lab import users
from lab.backend import Backend, BackendSession, Ended
from lab.pop3_client import stuffed

CAPABILITIES = ("TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "SASL PLAIN LOGIN", "UTF8", "LANG")

Login = namedtuple("Login", "user password tls connection")


def never_ending(line=b"a line of a message without end\r\n"):
    """An action of RETR: a message that goes on for as long as somebody takes it."""
    return [b"+OK message follows\r\nSubject: endless\r\n\r\n", itertools.repeat(line * 2000)]


def not_stuffed(content):
    """An action of RETR: the message, its dots as they are."""
    return [b"+OK message follows\r\n" + content + b".\r\n"]


class Pop3Stub(Backend):
    """`logins` are those that it took, `refused` the others; `deleted` what was deleted at QUIT: (user, number)."""

    def __init__(self, mails=(), script=None, password=users.PASSWORD, capabilities=CAPABILITIES, **how):
        self.mails = list(mails)
        self.password = password  # None: any
        self.capabilities = capabilities
        self.logins, self.deleted = [], []
        super().__init__(script, **how)

    def forget(self):
        super().forget()
        self.logins, self.deleted = [], []

    def _session(self, connection, number):
        return StubSession(self, connection, number)


class StubSession(BackendSession):
    def __init__(self, backend, connection, number):
        self.user, self.logged_in, self.marked = None, False, set()
        super().__init__(backend, connection, number)

    def run(self):
        if self.backend.implicit_tls:
            self._handshake()
        self._answer("CONNECT", b"")
        while True:
            line = self._line()
            self.backend.commands.append(line)
            self._answer(line.split(b" ")[0].upper().decode("ascii", "replace"), line)

    def _answer(self, verb, line):
        script = self.backend.script
        action = script.get(line.decode("utf-8", "replace"), script.get(verb))
        if callable(action):
            action = action(self, line)
        usual = action is None
        if usual:
            action = getattr(self, "usual_" + verb.lower(), self.usual_else)(*line.split(b" ")[1:])
        if isinstance(action, str):
            action = [action.encode() + b"\r\n"]
        for part in action:
            self._act(part)
        if verb == "STLS" and self.backend.context and not self.tls and any(b"+OK" in part for part in action if isinstance(part, bytes)):
            self._handshake()
        if verb == "USER":
            self.user = line[5:]
        if verb == "QUIT":
            if usual and self.logged_in:
                self.backend.deleted += [(self.user, number) for number in sorted(self.marked)]
            raise Ended

    def _act(self, part):
        if hasattr(part, "__next__"):
            for octets in part:
                super()._act(octets)
        else:
            super()._act(part)

    # ---- the usual answers

    def usual_connect(self):
        return "+OK the server behind is ready"

    def usual_capa(self):
        words = self.backend.capabilities + (("STLS",) if self.backend.context and not self.tls else ())
        return ["\r\n".join(("+OK",) + words + (".", "")).encode()]

    def usual_stls(self):
        return "+OK begin" if self.backend.context and not self.tls else "-ERR not here"

    def usual_user(self, *_):
        return "+OK"

    def usual_pass(self, *words):
        return self._login(self.user, b" ".join(words))

    def usual_auth(self, mechanism=b"", initial=None):
        if mechanism.upper() == b"PLAIN":
            _, user, password = base64.b64decode(self._asked(b"") if initial is None else initial).split(b"\0")
        elif mechanism.upper() == b"LOGIN":
            user, password = base64.b64decode(initial or self._asked(b"VXNlcm5hbWU6")), base64.b64decode(self._asked(b"UGFzc3dvcmQ6"))
        else:
            return "-ERR no such mechanism"
        return self._login(user, password)

    def _asked(self, challenge):
        self.socket.sendall(b"+ " + challenge + b"\r\n")
        return self._line()

    def _login(self, user, password):
        it = Login((user or b"").decode("utf-8", "replace"), password.decode("utf-8", "replace"), self.tls, self.number)
        self.user, self.logged_in = it.user, self.backend.password in (None, it.password)
        (self.backend.logins if self.logged_in else self.backend.refused).append(it)
        return "+OK logged in" if self.logged_in else "-ERR [AUTH] the server behind does not know you"

    def usual_stat(self):
        left = self._left()
        return "+OK %d %d" % (len(left), sum(len(self.backend.mails[n - 1]) for n in left))

    def usual_list(self, number=None):
        return self._rows(number, lambda n: "%d %d" % (n, len(self.backend.mails[n - 1])))

    def usual_uidl(self, number=None):
        return self._rows(number, lambda n: "%d uid-%d" % (n, n))

    def usual_retr(self, number):
        return self._mail(number, lambda content: content)

    def usual_top(self, number, lines):
        def cut(content):
            header, blank, body = content.partition(b"\r\n\r\n")
            return header + blank + b"".join(body.splitlines(True)[:int(lines)])
        return self._mail(number, cut)

    def usual_dele(self, number):
        if int(number) not in self._left():
            return "-ERR no such message"
        self.marked.add(int(number))
        return "+OK marked"

    def usual_rset(self):
        self.marked.clear()
        return "+OK none is marked"

    def usual_noop(self):
        return "+OK nothing done"

    def usual_utf8(self):
        return "+OK UTF-8 it is"

    def usual_lang(self, language=None):
        return "+OK now in English" if language else [b"+OK\r\nen English\r\n.\r\n"]

    def usual_quit(self):
        return "+OK bye"

    def usual_else(self, *_):
        return "-ERR unknown"

    def _left(self):
        return [n for n in range(1, len(self.backend.mails) + 1) if n not in self.marked]

    def _rows(self, number, row):
        if number is None:
            return ["".join(["+OK\r\n"] + [row(n) + "\r\n" for n in self._left()] + [".\r\n"]).encode()]
        return "+OK " + row(int(number)) if int(number) in self._left() else "-ERR no such message"

    def _mail(self, number, cut):
        if int(number) not in self._left():
            return "-ERR no such message"
        return [b"+OK message follows\r\n" + stuffed(cut(self.backend.mails[int(number) - 1]))]
