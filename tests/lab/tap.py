# SPDX-License-Identifier: ISC
"""A wire between a client and a server that shows what the client sends: how it is cut, too."""
import socket
import threading


class Tap:
    """start() listens on `port`, and passes on to a port of the gateway's, from `source`. `sent`: what the clients sent, as it came."""

    def __init__(self, target, source="127.0.0.1"):
        self.target, self.source = target, source
        self.sent = []
        self._sockets, self._threads = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def start(self):
        self._run(self._accept)
        return self

    def stop(self):
        for it in [self._listener] + self._sockets:
            _end(it)
        for thread in self._threads:
            thread.join(5)
        for it in [self._listener] + self._sockets:
            it.close()

    def forget(self):
        self.sent = []

    def _run(self, what, *words):
        self._threads.append(threading.Thread(target=what, args=words, daemon=True))
        self._threads[-1].start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target), source_address=(self.source, 0))
            except OSError:
                return
            for it in (client, server):
                it.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            self._run(self._pass_on, client, server, True)
            self._run(self._pass_on, server, client, False)

    def _pass_on(self, come, go, of_client):
        """Until it is said that no more comes, which is passed on too."""
        try:
            while octets := come.recv(65536):
                if of_client:
                    self.sent.append(octets)
                go.sendall(octets)
            go.shutdown(socket.SHUT_WR)
        except OSError:
            _end(come)
            _end(go)


def _end(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
