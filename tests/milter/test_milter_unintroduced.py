# SPDX-License-Identifier: ISC
"""What a milter is told by whoever has not said what he grants: anybody who reaches its socket may say it."""
import socket
import struct

import pytest

from lab.gatepost import Gatepost, backend, domains, running
from lab.milter_client import MilterClient, names
from lab.ports import free_port

CONNECT = (b"C", names("client.example") + b"U")
HELO = (b"H", names("client.example"))
MAIL = (b"M", names("<sender@client.example>"))
RCPT = (b"R", names("<user@example.com>"))
FIELD = (b"L", names("Subject", "hello"))
PUT_OFF = struct.pack(">I", 1) + b"t"
END_OF_FIELDS, BODY, END = (b"N", b""), (b"B", b"body\r\n"), (b"E", b"")


@pytest.fixture(scope="module")
def gateway(run_dir):
    folder = run_dir / "milter-unintroduced"
    folder.mkdir()
    port = free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com")
    gateway = Gatepost(folder, body)
    gateway.milter = str(port)
    with running(gateway, ready=("gatepost-milter ready",)):
        yield gateway


def say(gateway, *words):
    """Until it hangs up, as the last word is that this is the end."""
    heard = b""
    with socket.create_connection(("127.0.0.1", int(gateway.milter)), timeout=30) as other:
        for letter, octets in (*words, (b"Q", b"")):
            other.sendall(struct.pack(">I", len(octets) + 1) + letter + octets)
        while more := other.recv(4096):
            heard += more
    return heard


@pytest.mark.parametrize("words", [(CONNECT,), (HELO,), (MAIL,), (MAIL, RCPT, FIELD, END_OF_FIELDS, BODY, END), (HELO, MAIL, RCPT, END),
                                   (RCPT,), (FIELD,), (END_OF_FIELDS,), (BODY,), (END,)], ids=lambda words: b"".join(w[0] for w in words).decode())
def test_who_has_not_negotiated_is_put_off_and_harms_nobody(words, gateway):
    with MilterClient(gateway.milter) as other:
        assert other.envelope() == "cccc"
        assert say(gateway, *words).replace(PUT_OFF, b"") == b""
        assert other.message(("Subject", "of another")) == "c", "whoever was there goes on"
