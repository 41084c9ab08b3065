# SPDX-License-Identifier: ISC
"""Outlook's messages in files (MS-OXMSG), as Outlook writes them: a compound file (MS-CFB) whose small streams share one."""
import struct

END, FREE, FAT_SECTOR, NONE = 0xfffffffe, 0xffffffff, 0xfffffffd, 0xffffffff
SECTOR, SMALL, CUTOFF = 512, 64, 4096


class Storage(dict):
    """Names to octets, or to storages."""


def _text(value):
    return value.encode("utf-16-le")


def _property(tag, value):
    return struct.pack("<IIII", tag, 6, value, 0)


def attachment(name, content, display=None):
    """By value; content that is a Storage is a message within, or an object."""
    method, tag = (1, "37010102") if isinstance(content, bytes) else (5, "3701000D")
    fields = Storage({"__properties_version1.0": bytes(8) + _property(0x37050003, method), "__substg1.0_" + tag: content})
    fields["__substg1.0_3001001F"] = _text(display or name)
    if isinstance(content, bytes):
        fields["__substg1.0_3707001F"] = _text(name)
    return fields


def message(*attachments, subject="subject", rtf=None, top=True):
    """The storage of a message; of the whole file's, unless `top` is false."""
    fields = Storage({"__properties_version1.0": bytes(32 if top else 24) + _property(0x3ffd0003, 1252),
                      "__substg1.0_001A001F": _text("IPM.Note"), "__substg1.0_0037001F": _text(subject),
                      "__substg1.0_1000001F": _text("Hello,\r\nas promised.\r\n"), "__recip_version1.0_#00000000": Storage()})
    if top:
        fields["__nameid_version1.0"] = Storage({"__substg1.0_00020102": bytes(16)})
    if rtf is not None:
        fields["__substg1.0_10090102"] = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    for number, one in enumerate(attachments):
        fields["__attach_version1.0_#%08X" % number] = one
    return fields


class _Writer:
    def __init__(self):
        self.data, self.fat, self.small, self.small_fat, self.entries = b"", [], b"", [], []

    def chain(self, content):
        first, count = len(self.fat), -(-len(content) // SECTOR)
        self.data += content.ljust(count * SECTOR, b"\0")
        self.fat += [first + i + 1 for i in range(count - 1)] + [END] * (count > 0)
        return first if count else END

    def stream(self, content):
        if len(content) >= CUTOFF or not content:
            return self.chain(content)
        first, count = len(self.small_fat), -(-len(content) // SMALL)
        self.small += content.ljust(count * SMALL, b"\0")
        self.small_fat += [first + i + 1 for i in range(count - 1)] + [END]
        return first

    def add(self, name, kind, first, size):
        self.entries.append([name, kind, NONE, NONE, NONE, first, size])
        return len(self.entries) - 1

    def fill(self, at, storage):
        def order(name):
            return len(name), name.upper()
        numbers = []
        for name in sorted(storage, key=order):
            content = storage[name]
            if isinstance(content, Storage):
                numbers.append(self.add(name, 1, 0, 0))
                self.fill(numbers[-1], content)
            else:
                numbers.append(self.add(name, 2, self.stream(content), len(content)))
        self.entries[at][4] = self.balance(numbers)

    def balance(self, numbers):
        if not numbers:
            return NONE
        middle = len(numbers) // 2
        self.entries[numbers[middle]][2] = self.balance(numbers[:middle])
        self.entries[numbers[middle]][3] = self.balance(numbers[middle + 1:])
        return numbers[middle]


def octets(storage):
    """The whole file."""
    w = _Writer()
    w.add("Root Entry", 5, END, 0)
    w.fill(0, storage)
    w.entries[0][5:] = w.chain(w.small), len(w.small)
    small_fat = w.chain(b"".join(struct.pack("<I", n) for n in w.small_fat).ljust(-(-4 * len(w.small_fat) // SECTOR) * SECTOR, b"\xff"))
    directory = b""
    for name, kind, left, right, child, first, size in w.entries:
        raw = _text(name) + b"\0\0"
        directory += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, left, right, child) + bytes(36) + struct.pack("<IQ", first, size)
    first_directory = w.chain(directory)
    sectors = 1
    while sectors * 128 < len(w.fat) + sectors:
        sectors += 1
    assert sectors <= 109, "too large for this"
    where = list(range(len(w.fat), len(w.fat) + sectors))
    fat = w.fat + [FAT_SECTOR] * sectors
    table = b"".join(struct.pack("<I", n) for n in fat).ljust(sectors * SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3e, 3, 0xfffe, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, sectors, first_directory, 0, CUTOFF, small_fat, -(-4 * len(w.small_fat) // SECTOR), END, 0)
    header += b"".join(struct.pack("<I", n) for n in where).ljust(436, b"\xff")
    return header + w.data + table
