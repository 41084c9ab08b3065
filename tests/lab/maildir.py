# SPDX-License-Identifier: ISC
"""Mailboxes as folders of files."""
import itertools
import os

from lab import users

_numbers = itertools.count(1)


def fill(box, messages, seen=False):
    """Puts messages (octets) into a Maildir, in this order, each a minute younger than the one before it."""
    for name in ("new", "cur", "tmp"):
        make_owned(os.path.join(box, name))
    for place, octets in enumerate(messages):
        number = next(_numbers)
        name = "%d.%d.lab" % (1700000000 + number, number)
        write_owned(os.path.join(box, "cur", name + ":2,S") if seen else os.path.join(box, "new", name), octets, received(place))


def make_owned(folder):
    """A folder that belongs to the owner of all mailboxes, as those above it that are not there yet."""
    if not os.path.isdir(folder):
        make_owned(os.path.dirname(folder))
        os.mkdir(folder)
        os.chown(folder, users.OWNER.pw_uid, users.OWNER.pw_gid)


def received(place):
    """When the message at this place of a mailbox came, wherever that is."""
    return 1700000000 + 60 * place


def write_owned(path, octets, time=None):
    with open(path, "wb") as f:
        f.write(octets)
    if time:
        os.utime(path, (time, time))
    os.chown(path, users.OWNER.pw_uid, users.OWNER.pw_gid)
