# SPDX-License-Identifier: ISC
"""The mail server's side of the milter protocol (version 6), octet by octet: what it says need not make sense."""
import socket
import struct

ACTIONS, LEADING_BLANKS = 0x1FF, 0x00100000
DONE = b"cartdy"  # what a mail server is told to do, and no change comes behind it


def names(*words):
    return b"".join((word if isinstance(word, bytes) else word.encode()) + b"\0" for word in words)


class MilterClient:
    """One connection; `said` are changes that came before the last answer, as (letter, octets)."""

    def __init__(self, place, protocol=0x1FFFFF, actions=ACTIONS):
        local = place.startswith("/")
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self.socket.settimeout(30)
        self.socket.connect(place if local else ("127.0.0.1", int(place)))
        self.said = []
        self.send(b"O", struct.pack(">III", 6, actions, protocol))
        self.letter, options = self.packet()
        self.leading_blanks = self.letter == b"O" and bool(struct.unpack(">III", options[:12])[2] & LEADING_BLANKS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, letter, octets=b""):
        self.socket.sendall(struct.pack(">I", len(octets) + 1) + letter + octets)

    def _octets(self, count):
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise ConnectionError("the milter has hung up")
            got += more
        return got

    def packet(self):
        size = struct.unpack(">I", self._octets(4))[0]
        octets = self._octets(size)
        return octets[:1], octets[1:]

    def ask(self, letter, octets=b""):
        """What it answers: "c" (go on), "t", "r", "d", or "550 5.7.1 text"."""
        self.send(letter, octets)
        self.said = []
        while True:
            letter, octets = self.packet()
            if letter in DONE:
                return octets.rstrip(b"\0").decode() if letter == b"y" else letter.decode()
            self.said.append((letter, octets))

    def connect(self, address="192.0.2.7", port=1234, family=b"4", name="client.example"):
        where = struct.pack(">H", port) + names(address) if family != b"U" else b""
        return self.ask(b"C", names(name) + family + where)

    def macros(self, of, **values):
        self.send(b"D", of + names(*(word for pair in values.items() for word in ("{%s}" % pair[0], pair[1]))))

    def helo(self, name="client.example"):
        return self.ask(b"H", names(name))

    def mail(self, *words):
        return self.ask(b"M", names(*(words or ("<sender@client.example>",))))

    def rcpt(self, *words):
        return self.ask(b"R", names(*(words or ("<user@example.com>",))))

    def field(self, name, value):
        return self.ask(b"L", names(name, value))

    def envelope(self):
        return self.connect() + self.helo() + self.mail() + self.rcpt()

    def message(self, *fields, body=b"body\r\n", data=True):
        """From DATA to the end: what is said at last."""
        if data and self.ask(b"T") != "c":
            return "refused at DATA"
        for name, value in fields:
            if self.field(name, value) != "c":
                return "refused at a field"
        for letter, octets in ((b"N", b""), (b"B", body)):
            if self.ask(letter, octets) != "c":
                return "refused at %s" % letter
        return self.ask(b"E")

    def quit(self):
        self.send(b"Q")
