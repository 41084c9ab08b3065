# SPDX-License-Identifier: ISC
"""Outlook's winmail.dat (MS-OXTNEF)."""


def _attribute(kind, data):
    return b"\2" + kind.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data + (sum(data) & 0xffff).to_bytes(2, "little")


def with_file(name, content):
    """With one attachment (2.1)."""
    return (0x223e9f78).to_bytes(4, "little") + b"\1\0" + _attribute(0x69002, bytes(14)) \
        + _attribute(0x18010, name.encode() + b"\0") + _attribute(0x6800f, content)
