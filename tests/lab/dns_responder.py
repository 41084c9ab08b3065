# SPDX-License-Identifier: ISC
"""A name server that misbehaves on demand, over UDP and TCP, and counts what it is asked."""
import asyncio
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from lab.ports import free_port
from lab.process import wait_until

SO_RCVBUFFORCE = 33
HEADER = 12  # octets before the question

# A behaviour is called with the query (a dns.message), the usual answer to it, and whether it came over TCP. It returns
# what is sent: a list of (seconds from now, octets).


def never(query, answer, tcp):
    return []


def late(seconds):
    return lambda query, answer, tcp: [(seconds, answer.to_wire())]


def octets(wire):
    """The same octets for everybody, behind the id of the query."""
    return lambda query, answer, tcp: [(0, struct.pack(">H", query.id) + wire)]


def rcode(code):
    def behave(query, answer, tcp):
        answer.set_rcode(code)
        answer.answer.clear()
        return [(0, answer.to_wire())]
    return behave


def wrong_id(query, answer, tcp):
    answer.id = (query.id + 1) & 0xffff
    return [(0, answer.to_wire())]


def wrong_question(query, answer, tcp):
    answer.question[0].name = dns.name.from_text("other.test.")
    return [(0, answer.to_wire())]


def truncated(query, answer, tcp):
    """TC over UDP; the whole over TCP."""
    whole = answer.to_wire(max_size=65535)
    if not tcp:
        answer.answer.clear()
        answer.flags |= dns.flags.TC
    return [(0, whole if tcp else answer.to_wire())]


def lost(times):
    """The first packets of each name are lost."""
    seen = {}

    def behave(query, answer, tcp):
        key = (query.question[0].name, query.question[0].rdtype)
        seen[key] = seen.get(key, 0) + 1
        return [(0, answer.to_wire())] if seen[key] > times else []
    return behave


def _question(wire):
    """Name and type alone: thousands a second, and the questions behind them do not wait long."""
    name, length = dns.name.from_wire(wire, HEADER)
    kind, = struct.unpack_from(">H", wire, HEADER + length)
    return name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(kind)


def _bound(sock, port):
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


class Responder:
    """`records`: {(name, type): [values]}; a name with records of another type has no data, any other does not exist.
    `behaviours`: {name or "*.parent": behaviour}. `queries`: (name, type, "udp" or "tcp") as they came."""

    def __init__(self):
        self.records, self.behaviours, self.queries, self.ttl = {}, {}, [], 300
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self._loop = asyncio.new_event_loop()
        self._thread = None

    def add(self, name, kind, *values, behaviour=None):
        self.records[name, kind] = list(values)
        if behaviour:
            self.behaviours[name] = behaviour
        return self

    def count(self, name, kind=None):
        """How often it was asked."""
        return sum(1 for n, k, _ in list(self.queries) if n == name and kind in (None, k))

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self):
        if self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        udp, _ = self._loop.run_until_complete(
            self._loop.create_datagram_endpoint(lambda: _Udp(self), sock=self._udp_socket()))
        tcp = self._loop.run_until_complete(asyncio.start_server(self._serve_tcp, "127.0.0.1", self.port))
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        udp.close()
        tcp.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _udp_socket(self):
        """Room for a burst of some thousand questions (root only), else the kernel drops what comes too quickly."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 * 1024 * 1024)
        except PermissionError:
            pass
        # Resolvers ask from any port for a moment.
        if not wait_until(lambda: _bound(sock, self.port), 5, 0.05):
            raise OSError("port %d is taken" % self.port)
        sock.setblocking(False)
        return sock

    def _usual(self, query, name, kind):
        question = query.question[0]
        answer = dns.message.make_response(query, recursion_available=True)
        answer.flags |= dns.flags.AA
        values = self.records.get((name, kind)) or self.records.get((name, "CNAME"))
        if values:
            kind = kind if (name, kind) in self.records else "CNAME"
            answer.answer.append(dns.rrset.from_text_list(question.name, self.ttl, "IN", kind, values))
        elif not any(n == name for n, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def _behaviour(self, name):
        while name not in self.behaviours:
            name = name.removeprefix("*.").partition(".")[2]
            if not name:
                return late(0)
            name = "*." + name
        return self.behaviours[name]

    def respond(self, wire, tcp):
        name, kind = _question(wire)
        self.queries.append((name, kind, "tcp" if tcp else "udp"))
        behaviour = self._behaviour(name)
        if behaviour is never:
            return []
        query = dns.message.from_wire(wire)
        return behaviour(query, self._usual(query, name, kind), tcp)

    async def _serve_tcp(self, reader, writer):
        try:
            while True:
                size, = struct.unpack(">H", await reader.readexactly(2))
                for delay, octets_out in self.respond(await reader.readexactly(size), True):
                    framed = struct.pack(">H", len(octets_out)) + octets_out
                    self._loop.call_later(delay, writer.write, framed)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, responder):
        self.responder = responder

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        for delay, octets_out in self.responder.respond(data, False):
            if delay:
                self.responder._loop.call_later(delay, self.transport.sendto, octets_out, addr)
            else:
                self.transport.sendto(octets_out, addr)
