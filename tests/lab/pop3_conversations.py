# SPDX-License-Identifier: ISC
"""What a client asks about the mailbox of lab.odd_mails, so that the answers can be compared with those of the server itself."""
from lab.odd_mails import NAMES

WHOLE_MAILBOX = ["STAT", "LIST", "UIDL"] + ["RETR %d" % number for number in range(1, len(NAMES) + 1)] + ["RSET"]
ABOUT_ONE = ["LIST %d", "UIDL %d", "TOP %d 0", "TOP %d 1", "TOP %d 3", "RETR %d", "TOP %d 99999", "TOP %d 2", "RETR %d"]


def about(name):
    """Commands about the message of that name."""
    return [command % (NAMES.index(name) + 1) for command in ABOUT_ONE]


def any_command(chance):
    number = chance.choice([chance.randint(1, len(NAMES))] * 8 + [len(NAMES) + 1])
    lines = chance.choice([0, 1, 2, 5, 40, 1000])
    return chance.choice(["STAT", "LIST", "UIDL", "NOOP", "RSET"] + ["LIST %d" % number, "UIDL %d" % number, "DELE %d" % number]
                         + ["RETR %d" % number] * 4 + ["TOP %d %d" % (number, lines)] * 4)
