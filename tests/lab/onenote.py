# SPDX-License-Identifier: ISC
"""Sections of OneNote (MS-ONESTORE): files, and what declares and names them."""
import struct

SECTION = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
STORE = bytes.fromhex("3fdd9a101b91f549a5d01791edc8aed8")
PACKAGE = bytes.fromhex("2fe98d63d4a6c14b9a36b3fc2511a5b7")
FILE = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
FOOTER = bytes.fromhex("22a7fb71790f0b4abb138992 56426b24".replace(" ", ""))
FRAGMENT, END = bytes.fromhex("c4f4f7f5b17a56a4"), struct.pack("<I", 0xff | 4 << 10) + bytes(12) + bytes.fromhex("4bba3382c315c28b")


def _text(value):
    return value.encode("utf-16-le")


def _node(number, body, reference=b""):
    return struct.pack("<I", number | (4 + len(reference) + len(body)) << 10 | (1 << 27 if reference else 0)) + reference + body


def _data(content):
    octets = FILE + struct.pack("<Q", len(content)) + bytes(12) + content
    return octets + bytes(-(len(octets) + 16) % 8) + FOOTER


def _declared(number, guid, extension):
    file = "<ifndf>{00112233-4455-6677-8899-AABBCCDDEE%02X}" % guid
    return _node(0x72, struct.pack("<IIB", number, 0x80039, 1) + struct.pack("<I", len(file)) + _text(file)
                 + struct.pack("<I", len(extension)) + _text(extension))


def _properties(name, container):
    return struct.pack("<II", 0x80000001, container) + struct.pack("<HIII", 3, 0x14001c01, 0x20001d9b, 0x1c001d9c) \
        + struct.pack("<II", 7, 2 * len(name)) + _text(name)


def section(*files, form=STORE):
    """(name, content) each; a picture on a page has no name, and is (None, content)."""
    octets, places, nodes = bytes(1024), b"", b""
    for guid, (name, content) in enumerate(files):
        octets += bytes(-len(octets) % 8)
        places += _node(0x94, bytes.fromhex("33221100554477668899aabbccddee%02x" % guid), struct.pack("<QI", len(octets), 0))
        octets += _data(content)
        number = 0x201 + 256 * guid
        nodes += _declared(number, guid, "." + name.rpartition(".")[2] if name else ".png")
        if name:
            properties = _properties(name, number)
            nodes += _node(0xa4, struct.pack("<IIH", 0x101, 0x60035, 0), struct.pack("<QI", len(octets), len(properties)))
            octets += properties
    for number, of_list in enumerate([places, nodes]):
        octets += FRAGMENT + struct.pack("<II", 0x10 + number, 0) + of_list + END
    header = (SECTION + bytes(32) + form).ljust(196, b"\0") + struct.pack("<Q", len(octets))
    return header.ljust(1024, b"\0") + octets[1024:]
