# SPDX-License-Identifier: ISC
"""Every event that a program may log stands in gatepost-log(5), and nothing else does."""
import re

from lab import needs

FLOORS = "base common filters keeper milter parent proxy transparent"
# Where the name is made elsewhere: a part of the expression, and what finds the names in that file.
MADE = {
    "base/log.c": r'"(no \w+ to log to, stderr is taken)"|"(log lines lost)"',
    "proxy/reader/reader_record.c": r'log_refusal\(reader_of\(base\), "([^"]+)"|\? "([^"]+)" : "([^"]+)",',
    "proxy/smtp/smtp_aside.c": r'COUNTER_\w+,\s*"([^"]+)"',
    "proxy/smtp/smtp_log.c": r'"(dropped)"|"(sent away)"|"(recipient refused)"|"(refused)"',
}
HELPERS = ("keeper", "gatepost-release", "gatepost-learn", "gatepost-sign", "gatepost-milter", "gatepost-source")


def arguments(text, at):
    """Those of the call whose parenthesis has just been opened."""
    depth, start, found = 1, at, []
    while depth:
        c = text[at]
        if c == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        depth += (c in "([{") - (c in ")]}")
        if (c == "," and depth == 1) or depth == 0:
            found.append(text[start:at])
            start = at + 1
        at += 1
    return found


def events():
    """{event: file}"""
    found = {}
    for floor in FLOORS.split():
        for path in sorted((needs.ROOT / floor).rglob("*.c")):
            name, text = str(path.relative_to(needs.ROOT)), path.read_text()
            if name in ("base/log.c", "base/log_line.c"):
                text = text.replace("void log_write(", "void (")
            for call in re.finditer(r"\blog_(?:at|write)\(", text):
                event = arguments(text, call.end())[2]
                literals = re.findall(r'"((?:[^"\\]|\\.)+)"', event)
                if "event(helper" in event:
                    literals = ["%s %s" % (helper, literal) for helper in HELPERS for literal in literals]
                if not literals:
                    literals = [word for match in re.findall(MADE[name], text) for word in ([match] if isinstance(match, str) else match) if word]
                assert literals, "%s: which events are %s?" % (name, event)
                found.update((literal, name) for literal in literals)
    return found


def described():
    text = (needs.ROOT / "man" / "gatepost-log.5").read_text()
    return {line.replace("\\(dq", '"').replace("\\&", "") for line in re.findall(r"(?m)^\.It Sy (.*?)(?: Ta.*)?$", text)}


def test_each_event_is_described():
    made, told = events(), described()
    assert len(made) > 90
    assert not sorted("%s (%s)" % row for row in made.items() if row[0] not in told)
    assert not sorted(told - set(made)), "described, and logged by nobody"
