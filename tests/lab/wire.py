# SPDX-License-Identifier: ISC
"""What clients of the lab have in common: a connection, and what was read of it and not taken yet (`pending`)."""
import socket
import ssl


class Closed(Exception):
    """The server closed the connection where more was expected."""


class Wire:
    """A connection. With `tls` (a context) it starts encrypted. It comes from `source` and its `source_port`, where they are given."""

    def __init__(self, port, host="127.0.0.1", tls=None, server_name=None, timeout=10, source=None, source_port=0):
        self.socket = socket.create_connection((host, port), timeout=timeout, source_address=(source, source_port) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def silent(self, seconds):
        """True when the server sends nothing (and does not close) for so long."""
        if self.pending:
            return False
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self.pending = self.socket.recv(65536)
            return False
        except (TimeoutError, ssl.SSLWantReadError):
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(before)


class Reader(Wire):
    """What is read of it in pieces: up to an end, or so many octets."""

    def rest(self):
        """Everything until the server closes."""
        try:
            while True:
                self._more()
        except Closed:
            data, self.pending = self.pending, b""
            return data

    def _more(self):
        try:
            more = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
            more = b""
        if not more:
            raise Closed("closed; unfinished: %r" % self.pending[:200])
        self.pending += more

    def _peek(self, count):
        while len(self.pending) < count:
            self._more()
        return self.pending[:count]

    def _take(self, count):
        self._peek(count)
        taken, self.pending = self.pending[:count], self.pending[count:]
        return taken

    def _until(self, end):
        searched = 0
        while (at := self.pending.find(end, searched)) < 0:
            searched = max(0, len(self.pending) - len(end) + 1)
            self._more()
        return self._take(at + len(end))
