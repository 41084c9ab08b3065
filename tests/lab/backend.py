# SPDX-License-Identifier: ISC
"""A scriptable SMTP server as the server behind: it records every byte, and misbehaves where it is told to.

The script says what happens at a step: CONNECT, EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, DOT (the end of the body),
RSET, NOOP, QUIT. An action is
    "451 4.3.0 busy"            a reply
    [0.5, b"25", CLOSE]         in this order: seconds to wait, bytes to send, CLOSE, RESET, HANG
    function(session, line)     gives one of the above, or None for the usual reply
Steps that it does not name get the usual reply."""
import re
import socket
import ssl
import struct
import threading
from collections import namedtuple

CLOSE, RESET, HANG = "close", "reset", "hang"

EXTENSIONS = ("PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")

USUAL = {
    "CONNECT": "220 behind.example.com ESMTP",
    "STARTTLS": "220 2.0.0 go ahead",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go ahead",
    "DOT": "250 2.0.0 accepted",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}

# wire: the bytes after DATA up to the final CRLF.CRLF, dots still stuffed; content: without the stuffing
Message = namedtuple("Message", "sender recipients mail_line rcpt_lines wire content connection tls")


class Ended(Exception):
    """This session is over."""


class Backend:
    """start() listens on `port`. `messages` are those answered with 2xx, `refused` the others that came whole.
    With `lmtp` it speaks LMTP: DOT is a step for each recipient, whose RCPT is its line, and so each has a message of his own."""

    def __init__(self, script=None, extensions=EXTENSIONS, context=None, port=0, implicit_tls=False, lmtp=False, host="127.0.0.1"):
        self.script = dict(script or {})
        self.extensions = extensions
        self.context = context
        self.implicit_tls = implicit_tls
        self.lmtp = lmtp
        self.messages, self.refused, self.commands = [], [], []
        self.connections = self.open = self.most_open = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._sessions = set()
        self._threads = []
        self._listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512)
        self.port = self._listener.getsockname()[1]

    def start(self):
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def stop(self):
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)

    def hang_up(self):
        """Closes every open connection."""
        with self._lock:
            for session in self._sessions:
                try:
                    session.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def forget(self):
        """Empties the records and the script, for the next test."""
        with self._lock:
            self.script.clear()
            self.messages, self.refused, self.commands = [], [], []
            self.connections, self.most_open = 0, self.open

    def verbs(self):
        return [line.split(b" ")[0].split(b":")[0].upper().decode("ascii", "replace") for line in self.commands]

    def _session(self, connection, number):
        return BackendSession(self, connection, number)

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                session = self._session(connection, self.connections)
                self._sessions.add(session)
            thread = threading.Thread(target=self._serve, args=(session,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, session):
        try:
            session.run()
        except (Ended, OSError):
            pass
        finally:
            with self._lock:
                self.open -= 1
                self._sessions.discard(session)
            session.socket.close()


class BackendSession:
    def __init__(self, backend, connection, number):
        self.backend = backend
        self.socket = connection
        self.number = number
        self.tls = False
        self.pending = b""
        self._reset()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        if self.backend.implicit_tls:
            self._handshake()
        self._step("CONNECT", b"")
        while True:
            line = self._line()
            self.backend.commands.append(line)
            verb = re.split(rb"[ :]", line, maxsplit=1)[0].upper().decode("ascii", "replace")
            self._command(verb, line)

    def _command(self, verb, line):
        if self.backend.lmtp and verb in ("EHLO", "HELO", "LHLO"):
            verb = "EHLO" if verb == "LHLO" else "UNKNOWN"
        accepted = self._step(verb, line)
        if verb in ("EHLO", "HELO", "RSET"):
            self._reset()
        elif verb == "STARTTLS" and accepted and self.backend.context:
            self._handshake()
        elif verb == "MAIL" and accepted:
            self._reset()
            self.mail_line = line
        elif verb == "RCPT" and accepted:
            self.rcpt_lines.append(line)
        elif verb == "DATA" and accepted:
            self._body()
        elif verb == "QUIT":
            raise Ended

    def _body(self):
        wire = self._until_final_dot()
        if self.backend.lmtp:
            for line in self.rcpt_lines:
                self._dot(wire, line, [line])
        else:
            self._dot(wire, b"", self.rcpt_lines)
        self._reset()

    def _dot(self, wire, line, rcpt_lines):
        message = Message(_address(self.mail_line), [_address(line) for line in rcpt_lines], self.mail_line,
                          list(rcpt_lines), wire, re.sub(rb"(\A|\r\n)\.", rb"\1", wire), self.number, self.tls)
        # Recorded before the reply goes out, so that whoever was told 250 finds it here.
        self._step("DOT", line, lambda accepted: (self.backend.messages if accepted else self.backend.refused).append(message))

    def _reset(self):
        self.mail_line, self.rcpt_lines = b"", []

    def _step(self, step, line, before_reply=lambda accepted: None):
        """Acts as the script says; true when the reply was a whole 2xx (to DATA: 3xx)."""
        action = self.backend.script.get(step)
        if callable(action):
            action = action(self, line)
        if action is None:
            action = self._usual(step)
        if isinstance(action, str):
            action = [action.encode() + b"\r\n"]
        sent = b"".join(part for part in action if isinstance(part, bytes))
        accepted = re.search(rb"(?m)^%s\d\d [^\n]*\n" % (b"3" if step == "DATA" else b"2"), sent) is not None
        before_reply(accepted)
        for part in action:
            self._act(part)
        return accepted

    def _act(self, part):
        if isinstance(part, bytes):
            self.socket.sendall(part)
        elif isinstance(part, (int, float)):
            self.backend.stopping.wait(part)
        elif part == HANG:
            while self.socket.recv(65536):
                pass
            raise Ended
        elif part == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Ended
        else:
            raise Ended

    def _usual(self, step):
        if step == "EHLO":
            words = list(self.backend.extensions)
            if self.backend.context and not self.tls:
                words.append("STARTTLS")
            lines = ["behind.example.com"] + words
            return [b"".join(b"250%s%s\r\n" % (b" " if i == len(lines) - 1 else b"-", text.encode())
                             for i, text in enumerate(lines))]
        if step == "HELO":
            return "250 behind.example.com"
        return USUAL.get(step, "502 5.5.2 what?")

    def _handshake(self):
        self.pending = b""
        try:
            self.socket = self.backend.context.wrap_socket(self.socket, server_side=True)
        except ssl.SSLError as error:
            raise Ended from error
        self.tls = True

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Ended
        self.pending += data

    def _line(self):
        while b"\r\n" not in self.pending:
            self._more()
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line

    def _until_final_dot(self):
        """Only CRLF.CRLF ends the body; the first CRLF may be the one that ended DATA."""
        searched = 0
        while True:
            if self.pending.startswith(b".\r\n"):
                wire, self.pending = b"", self.pending[3:]
                return wire
            at = self.pending.find(b"\r\n.\r\n", searched)
            if at >= 0:
                wire, self.pending = self.pending[:at + 2], self.pending[at + 5:]
                return wire
            searched = max(0, len(self.pending) - 4)
            self._more()


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def _address(line):
    found = re.search(rb"<([^>]*)>", line)
    return found.group(1).decode("utf-8", "backslashreplace") if found else None
