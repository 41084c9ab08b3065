# SPDX-License-Identifier: ISC
"""A POP3 client that sends exactly the bytes it is given and keeps those that it gets; and what tells two conversations apart."""
import base64
import re

from lab import users
from lab.smtp_client import client_context
from lab.wire import Reader

# Their response has lines behind the status line: always, or when they come without an argument.
MANY, EITHER = {b"RETR", b"TOP", b"CAPA"}, {b"LIST", b"UIDL", b"LANG"}


def as_octets(line):
    return line if isinstance(line, bytes) else line.encode()


def has_lines(command):
    """Whether what answers this command with +OK goes on behind its status line."""
    words = as_octets(command).split()
    return bool(words) and (words[0].upper() in MANY or words[0].upper() in EITHER and len(words) == 1)


def stuffed(content):
    """The message as it goes over the wire, with the final dot."""
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return re.sub(rb"(\A|\r\n)\.", rb"\1..", content) + b".\r\n"


def unstuffed(raw):
    """The content of the lines of a response: without doubled dots, and without the final one."""
    assert raw == b".\r\n" or raw.endswith(b"\r\n.\r\n"), raw[-40:]
    return re.sub(rb"(\A|\r\n)\.\.", rb"\1.", raw[:-3])


def base64_of(text):
    return base64.b64encode(as_octets(text))


def plain(user, password=users.PASSWORD, acting_for=""):
    """The response of SASL PLAIN."""
    return base64_of(b"\0".join(map(as_octets, (acting_for, user, password))))


class Session(Reader):
    """A connection, of which the greeting is read at once."""

    def __init__(self, port, greeting=True, **how):
        super().__init__(port, **how)
        self.greeting = self.status() if greeting else None

    def line(self):
        """One line with its end."""
        return self._until(b"\n")

    def status(self):
        """The status line without its CRLF. One that is none, or that ends otherwise, is an error of the server."""
        line = self.line()
        assert re.fullmatch(rb"(\+OK|-ERR|\+)( [^\r\n]*)?\r\n", line), "no status line: %r" % line[:200]
        return line[:-2]

    def lines(self):
        """What follows a status line, up to the line with the final dot, as it came."""
        if self._peek(3) == b".\r\n":
            return self._take(3)
        return self._until(b"\r\n.\r\n")

    def command(self, line):
        """Sends a command; its status line."""
        self.send(as_octets(line) + b"\r\n")
        return self.status()

    def pipelined(self, *lines):
        """Sends these commands in one write; the status line of each."""
        self.send(b"".join(as_octets(line) + b"\r\n" for line in lines))
        return [self.status() for _ in lines]

    def expect(self, line, sign="+OK"):
        """Sends a command whose status line must begin so."""
        status = self.command(line)
        assert status.startswith(sign.encode()), "%s: got %r, expected %s" % (line, status, sign)
        return status

    def many(self, line):
        """Sends a command that is answered with lines: they, as they came."""
        self.expect(line)
        return self.lines()

    def response(self, command):
        """All octets that answer a command which was sent before."""
        line = self.line()
        return line + (self.lines() if line.startswith(b"+OK") and has_lines(command) else b"")

    def ask(self, command):
        """Sends a command; all octets that answer it."""
        self.send(as_octets(command) + b"\r\n")
        return self.response(command)

    def message(self, number):
        """RETR: the message."""
        return unstuffed(self.many("RETR %d" % number))

    def capabilities(self):
        """{word: rest of its line}"""
        rows = unstuffed(self.many("CAPA")).decode().splitlines()
        return {row.split(" ")[0]: row.partition(" ")[2] for row in rows}

    def login(self, user="user@example.com", password=users.PASSWORD):
        self.expect(b"USER " + as_octets(user))
        return self.expect(b"PASS " + as_octets(password))

    def stls(self, context=None, server_name=None):
        self.expect("STLS")
        self.handshake(context, server_name)

    def handshake(self, context=None, server_name=None):
        """TLS from here on; plaintext that was read ahead is an error of the server."""
        assert not self.pending, "plaintext after the answer to STLS: %r" % self.pending
        self.socket = (context or client_context()).wrap_socket(self.socket, server_hostname=server_name)


def logged_in(port, user="user@example.com", password=users.PASSWORD, **how):
    """A session after USER and PASS; closed again when it is refused."""
    session = Session(port, **how)
    try:
        session.login(user, password)
    except BaseException:
        session.close()
        raise
    return session


def connected(server, tls="plain", **how):
    """A session with the server's port of POP3, in plaintext, "stls" or "pop3s"."""
    if tls == "pop3s":
        return Session(server.pop3s_port, tls=client_context(), **how)
    session = Session(server.pop3_port, **how)
    if tls == "stls":
        session.stls()
    return session


def differences(direct, through, commands, pipelined=False):
    """The first command that two sessions answer with different octets: [(command, directly, through)], else []."""
    if pipelined:
        for session in (direct, through):
            session.send(b"".join(as_octets(command) + b"\r\n" for command in commands))
    for command in commands:
        answers = [session.response(command) if pipelined else session.ask(command) for session in (direct, through)]
        if answers[0] != answers[1]:
            return [(command, *_around_the_first_difference(*answers))]
    return []


def _around_the_first_difference(one, other):
    at = next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return tuple((len(octets), at, octets[max(0, at - 40):at + 80]) for octets in (one, other))
