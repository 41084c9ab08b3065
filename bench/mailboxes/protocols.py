# SPDX-License-Identifier: ISC
"""What is measured of each protocol."""
import enum
from collections import namedtuple


class Legs(enum.IntEnum):
    """Where TLS is: nowhere, between client and program, also between program and server."""
    PLAIN, FRONT, BOTH = range(3)


KB, MB = 1 << 10, 1 << 20
SMALL, LARGE = range(2)  # which mailbox, of Protocol.sizes

# count: of messages that a session reads or sends, or of commands if it gives `commands`; sessions: at once;
# same: each message has been read before, as it is the same as the others
Mode = namedtuple("Mode", "title box count sessions legs commands same", defaults=(Legs.PLAIN, False, False))
# sizes: of the messages in each mailbox; base: the row that the others are set beside; idles: sessions that are idle are measured too
Protocol = namedtuple("Protocol", "name sizes base modes idles", defaults=(True,))


def _with_tls(modes):
    """{name: mode}, and each once more over TLS."""
    return {**modes, **{name + "tls": mode._replace(title=mode.title + ", TLS on both legs", legs=Legs.BOTH) for name, mode in modes.items()}}


POP3 = Protocol("pop3", (4 * KB, 1 * MB), "direct", _with_tls({
    "login": Mode("logins", SMALL, 0, 20),
    "command": Mode("NOOP and LIST", SMALL, 100, 20, commands=True),
    "small": Mode("RETR of 4 KB", SMALL, 100, 20),
    "large": Mode("RETR of 1 MB", LARGE, 100, 10),
    "again": Mode("RETR of 1 MB, read before", LARGE, 100, 10, same=True),
}))
IMAP = Protocol("imap", (4 * KB, 10 * MB), "haproxy", _with_tls({
    "login": Mode("connections with a LOGIN", SMALL, 0, 20),
    "command": Mode("NOOP and UID FETCH of FLAGS", SMALL, 100, 20, commands=True),
    "small": Mode("UID FETCH of 4 KB", SMALL, 100, 20),
    "large": Mode("UID FETCH of 10 MB", LARGE, 100, 4),
    "again": Mode("UID FETCH of 10 MB, read before", LARGE, 100, 4, same=True),
}))
SUBMISSION = Protocol("submission", (4 * KB, 1 * MB), "direct", _with_tls({
    "small": Mode("4 KB, a session and a login each", SMALL, 1, 20),
    "keep": Mode("4 KB, 100 a session", SMALL, 100, 20),
    "large": Mode("1 MB, a session and a login each", LARGE, 1, 10),
}), idles=False)

# count: of messages that were read before a session became idle
IDLE = {
    "idle": Mode("TLS on both legs", SMALL, 0, 1, Legs.BOTH),
    "idleread": Mode("a message was read", SMALL, 1, 1, Legs.BOTH),
    "idlefront": Mode("TLS to the client only", SMALL, 0, 1, Legs.FRONT),
}
CROWD = Mode("TLS on both legs", SMALL, 0, 4, Legs.BOTH)
FRESH = Mode("a login and a message of 4 KB", SMALL, 1, 1, Legs.BOTH)
