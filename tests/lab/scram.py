# SPDX-License-Identifier: ISC
"""The client's half of SCRAM (RFC 5802), without channel binding."""
import base64
import hashlib
import hmac
import os


class Scram:
    """first() and final(challenge) are what the client says, decoded; right(challenge) is whether the server knows the password
    as well. `flag`: "n", or "y" of a client that could bind and has not heard that the server can."""

    def __init__(self, digest, user, password, flag="n"):
        self._digest, self._password, self._gs2 = digest, password.encode(), flag + ",,"
        self._bare = "n=%s,r=%s" % (user, base64.b64encode(os.urandom(18)).decode())

    def first(self):
        return (self._gs2 + self._bare).encode()

    def _hmac(self, key, text):
        return hmac.new(key, text, self._digest).digest()

    def final(self, challenge):
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac(self._digest, self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        client = self._hmac(salted, b"Client Key")
        without = "c=%s,r=%s" % (base64.b64encode(self._gs2.encode()).decode(), fields["r"])
        said = ",".join((self._bare, challenge.decode(), without)).encode()
        signature = self._hmac(hashlib.new(self._digest, client).digest(), said)
        proof = bytes(a ^ b for a, b in zip(client, signature))
        self._server = self._hmac(self._hmac(salted, b"Server Key"), said)
        return ("%s,p=%s" % (without, base64.b64encode(proof).decode())).encode()

    def right(self, challenge):
        return challenge == b"v=" + base64.b64encode(self._server)
