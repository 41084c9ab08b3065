# SPDX-License-Identifier: ISC
"""What clients of the lab have in common: a connection, and what was read of it and not taken yet (`pending`)."""
import socket
import ssl


class Wire:
    """A connection. With `tls` (a context) it starts encrypted."""

    def __init__(self, port, host="127.0.0.1", tls=None, server_name=None, timeout=10, source=None):
        self.socket = socket.create_connection((host, port), timeout=timeout, source_address=(source, 0) if source else None)
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
