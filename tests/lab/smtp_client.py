# SPDX-License-Identifier: ISC
"""A client that sends exactly the bytes it is given: for conversations, right and wrong ones."""
import re
import ssl

from lab.wire import Closed, Wire


class Reply:
    """One complete reply: `code`, and its lines without the code."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def enhanced(self):
        """The enhanced status code ("5.7.1") of the first line, or ""."""
        found = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)", self.lines[0])
        return found.group() if found else ""

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


def client_context(ca=None, **settings):
    """A TLS context that verifies against `ca`, or nothing without it. Settings are attributes of ssl.SSLContext."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = ca is not None
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        context.load_verify_locations(ca)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def stuffed(message):
    """The message as it goes over the wire after DATA, with the final dot."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    return re.sub(rb"(\A|\r\n)\.", rb"\1..", message) + b".\r\n"


class Session(Wire):
    """A connection, of which the greeting is read at once."""

    def __init__(self, port, greeting=True, **how):
        super().__init__(port, **how)
        self.extensions = {}
        self.greeting = self.reply() if greeting else None

    def line(self):
        """One line without its CRLF. A reply line that ends otherwise is an error of the server."""
        while b"\n" not in self.pending:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
                more = b""
            if not more:
                raise Closed("closed; unfinished: %r" % self.pending)
            self.pending += more
        line, self.pending = self.pending.split(b"\n", 1)
        assert line.endswith(b"\r") and b"\r" not in line[:-1], "reply line not ended by CRLF: %r" % line
        assert len(line) <= 511, "reply line longer than 512 octets (RFC 5321 4.5.3.1.5)"
        return line[:-1].decode("utf-8", "backslashreplace")

    def reply(self):
        lines = []
        while True:
            line = self.line()
            assert re.match(r"[2-5]\d\d[ -]", line) or re.fullmatch(r"[2-5]\d\d", line), "no SMTP reply: %r" % line
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), lines)

    def command(self, line):
        self.send(line + (b"\r\n" if isinstance(line, bytes) else "\r\n"))
        return self.reply()

    def expect(self, line, *codes):
        """Sends a command line; its reply must have one of these codes."""
        reply = self.command(line)
        assert reply.code in codes, "%s: got %r, expected %s" % (line, reply, " or ".join(map(str, codes)))
        return reply

    def ehlo(self, name="client.example"):
        reply = self.expect("EHLO " + name, 250)
        self.extensions = {line.split(" ")[0].upper(): line.partition(" ")[2] for line in reply.lines[1:]}
        return reply

    def starttls(self, context=None, server_name=None):
        self.expect("STARTTLS", 220)
        self.handshake(context, server_name)

    def handshake(self, context=None, server_name=None):
        """TLS from here on; plaintext that was read ahead is an error of the server."""
        assert not self.pending, "plaintext after the reply to STARTTLS: %r" % self.pending
        self.socket = (context or client_context()).wrap_socket(self.socket, server_hostname=server_name)
        self.extensions = {}

    def envelope(self, *recipients, sender="sender@client.example"):
        self.expect("MAIL FROM:<%s>" % sender, 250)
        for recipient in recipients:
            self.expect("RCPT TO:<%s>" % recipient, 250)

    def data(self, message):
        """DATA and the message; the reply to the final dot (or the one to DATA when that is not 354)."""
        reply = self.command("DATA")
        if reply.code != 354:
            return reply
        self.send(stuffed(message))
        return self.reply()

    def rest(self):
        """Everything until the server closes, as bytes."""
        data, self.pending = self.pending, b""
        while True:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
                more = b""
            if not more:
                return data
            data += more


def send(port, message, *recipients, sender="sender@client.example", **how):
    """One message in a session of its own; the first reply that is not 2xx, or the last one."""
    with Session(port, **how) as session:
        if session.greeting.code != 220:
            return session.greeting
        session.ehlo()
        for line in ["MAIL FROM:<%s>" % sender] + ["RCPT TO:<%s>" % r for r in recipients]:
            reply = session.command(line)
            if reply.code != 250:
                return reply
        return session.data(message)
