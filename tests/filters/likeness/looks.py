# SPDX-License-Identifier: ISC
"""filters/likeness/looks.def: what letters look like, by ICU's data for UTS 39, Unicode's decompositions and case.

python3 looks.py writes the table anew; test_looks.py holds it to this."""
import ctypes
import ctypes.util
import pathlib
import unicodedata

TABLE = pathlib.Path(__file__).parents[3] / "filters" / "likeness" / "looks.def"
LAST = 0x20000
# Alphabets that stand in order are ranges in look.c.
ORDERED = [(0x24B6, 0x24E9), (0xFF10, 0xFF19), (0xFF21, 0xFF5A), (0x1D400, 0x1D6A3), (0x1D7CE, 0x1D7FF), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]
# Beside those that ICU leaves at a small capital: Cyrillic в, к, м, н, т.
SMALL = {"ĸ": "k", "ʍ": "m"}
CASED = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN")
HEAD = """/* SPDX-License-Identifier: ISC
 * What a letter beyond ASCII looks like in ASCII, and which is its small letter: LOOK(code, look, small), by code; "" and 0: none.
 * Written by tests/filters/likeness/looks.py from Unicode's data (terms: www.unicode.org/copyright.html). */
"""


class Icu:
    """The skeletons of UTS 39 4, of whichever ICU is installed. None of its versions: OSError."""

    def __init__(self):
        name = ctypes.util.find_library("icui18n")
        if not name:
            raise OSError("no ICU")
        library = ctypes.CDLL(name)
        version = name.rsplit(".", 1)[1]
        error = ctypes.c_int(0)
        begin = getattr(library, "uspoof_open_" + version)
        begin.restype = ctypes.c_void_p
        self.checker = ctypes.c_void_p(begin(ctypes.byref(error)))
        self.function = getattr(library, "uspoof_getSkeletonUTF8_" + version)

    def skeleton(self, text):
        octets, error, out = text.encode(), ctypes.c_int(0), ctypes.create_string_buffer(256)
        length = self.function(self.checker, 0, octets, len(octets), out, len(out), ctypes.byref(error))
        return out.raw[:length].decode()


def without_marks(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.category(c).startswith("M"))


def small_capital(char):
    name = unicodedata.name(char, "")
    return name[-1].lower() if name.startswith("LATIN LETTER SMALL CAPITAL ") and name[-2] == " " else SMALL.get(char, char)


def plain(text):
    """Letters and digits of ASCII, at most three; else nothing."""
    text = "".join(small_capital(c) for c in without_marks(text)).lower()
    return text if 0 < len(text) <= 3 and all(c.isascii() and c.isalnum() for c in text) else ""


def look(icu, char):
    whole = without_marks(unicodedata.normalize("NFKD", char))
    return plain(whole.casefold()) or plain(icu.skeleton(whole if len(whole) == 1 else char))


def small(char):
    lower = char.casefold()  # of ς, too: it is σ at the end of a word
    cased = unicodedata.name(char, "").startswith(CASED)
    return ord(lower) if cased and len(lower) == 1 and lower != char else 0


def rows(icu):
    for code in range(0x80, LAST):
        char = chr(code)
        if unicodedata.category(char)[0] not in "LN" or any(low <= code <= high for low, high in ORDERED):
            continue
        found = look(icu, char), small(char)
        if found != ("", 0):
            yield code, *found


def table(icu):
    lines, line = [], ""
    for code, text, lower in rows(icu):
        row = 'LOOK(0x%x, "%s", %s)' % (code, text, "0x%x" % lower if lower else "0")
        if len(line) + len(row) > 158:
            lines.append(line)
            line = ""
        line += (" " if line else "") + row
    return HEAD + "\n".join(lines + [line]) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(Icu()))
