# SPDX-License-Identifier: ISC
"""What real programs read through Gatepost, whatever they speak: mailboxes, rules for what must not be seen, and how it is looked for in
what a program has stored."""
import email

from lab import samples
from lab.forbidden import leaks, of_each_kind
from lab.odd_mails import ODD

RULES = """
rule "malware" when av.result == infected then reject 554 5.7.1 "malware"
rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"
rule "macros" when any a in attachments (a.macros) then quarantine "macros"
"""
CHANGES = {"antivirus": {"enabled": "on"}}
# Without NULs, dots alone and cut headers: programs themselves disagree about those.
NAMES = ("clean", "with an attachment", "dots at line beginnings", "no final newline", "an empty body", "many lines", "a long header line")
MAILBOX = [ODD[name] for name in NAMES] + [samples.clean("grüße", **{"X-Note": "a field more"}), samples.of_size(300000)]
FORBIDDEN = of_each_kind()
# Clean ones stand between them.
MIXED = [octets for message, _, _ in FORBIDDEN.values() for octets in (samples.clean("neighbour"), message)] + [samples.clean("last")]


def decoded(octets):
    """All contents of a message, decoded."""
    return b"\n".join(part.get_payload(decode=True) or b"" for part in email.message_from_bytes(octets).walk())


def assert_lengths_alone(directly, through):
    """Of MIXED, as a program has stored it: the clean messages, and of the others nothing but their length and why."""
    assert list(map(len, through)) == list(map(len, directly)) and len(through) == len(MIXED)
    assert through[::2] == directly[::2], "a clean neighbour"
    for shown, original, (_, content, encoded) in zip(through[1::2], directly[1::2], FORBIDDEN.values()):
        encoded = encoded.replace(b"\r\n", b"\n")
        assert encoded in original and content in decoded(original)
        assert not leaks(encoded, shown) and not leaks(content, decoded(shown))
        assert b"Gatepost" in decoded(shown)
