# SPDX-License-Identifier: ISC
"""What README, docs/ and man/ show: blocks of configurations, commands and screens, and the frame that makes a part a whole."""
import itertools
import re
from collections import namedtuple

from lab import needs

Block = namedtuple("Block", "page line language text")

WORDS = re.findall(r'\{"(\w+)", parse_', re.search(r"sentences\[\] = \{.*?\n\};", (needs.ROOT / "policy" / "parse_file.c").read_text(), re.S).group())
BLOCKS = sorted(set(re.findall(r"^SETTING_\w+\((\w+),", (needs.ROOT / "policy" / "settings.def").read_text(), re.M)))
FIRST = re.compile(r"(?:#[^\n]*\n\s*)*(?:(?:%s)\b|(?:%s)\s*\{)" % ("|".join(WORDS), "|".join(BLOCKS)))
COMMAND = re.compile(r"\s*(?:[$#] )?(?:\S+/)?(gatepost(?:ctl)?)(?= |$)")

ESCAPES = {r"\(dq": '"', r"\(aq": "'", r"\(:u": "ü", r"\e": "\\", r"\&": "", r"\-": "-", r"\ ": " "}


def _language(text):
    """What a block without a mark is."""
    if FIRST.match(text.lstrip()):
        return "conf"
    return "sh" if COMMAND.match(text) or re.match(r"\s*[$#] ", text) else ""


def _plain(text):
    """mdoc as it is read."""
    return re.sub(r"\\(?:\(..|.)", lambda found: ESCAPES[found.group()], text)


def of_manual(page):
    """The literal displays and lines of a page."""
    lines = (needs.ROOT / "man" / page).read_text().splitlines()
    at = 0
    while at < len(lines):
        begin, text = at + 1, None
        if lines[at].startswith(".Bd -literal"):
            end = lines.index(".Ed", at)
            text, at = "\n".join(lines[at + 1:end]) + "\n", end
        elif lines[at].startswith(".Dl "):
            text = lines[at][4:] + "\n"
        at += 1
        if text is not None:
            text = _plain(text)
            yield Block(page, begin, "json" if text.startswith("{") else _language(text), text)


def of_text(path):
    """The blocks of a Markdown page: fenced ones with their language, indented ones by what they begin with."""
    lines = (needs.ROOT / path).read_text().splitlines()
    at = 0
    while at < len(lines):
        begin = at + 1
        if lines[at].lstrip().startswith("```"):
            end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == "```")
            yield Block(path, begin, lines[at].strip()[3:], "\n".join(lines[at + 1:end]) + "\n")
            at = end + 1
        elif lines[at].startswith("    ") and not lines[at - 1].strip():
            block = list(itertools.takewhile(lambda line: not line.strip() or line.startswith("    "), lines[at:]))
            text = "\n".join(block).strip("\n") + "\n"
            yield Block(path, begin, _language(text), re.sub("^ {%d}" % min(len(re.match(" *", line).group()) for line in text.splitlines() if line), "", text, flags=re.M))
            at += len(block)
        else:
            at += 1


def shown(page, language):
    """The first block of a page in that language."""
    return next(block.text for block in of_text(page) if block.language == language)


def commands(block):
    """Its lines that call a program of ours: where some have a prompt, those; of a screen only those."""
    lines = block.text.replace("\\\n", " ").splitlines()
    typed = [line for line in lines if re.match(r"[$#] ", line)]
    if block.language == "sh" and not typed:
        typed = lines
    return [line for line in typed if re.search(r"\bgatepost(ctl)?\b", line)]


def pages():
    return ["README.md", *sorted("docs/" + path.name for path in (needs.ROOT / "docs").glob("*.md"))]


def manuals():
    return sorted(path.name for path in (needs.ROOT / "man").iterdir())


def blocks():
    for page in pages():
        yield from of_text(page)
    for page in manuals():
        yield from of_manual(page)


# What a part may leave out: (what needs it, what defines it, a definition).
PARTS = [
    (r"", r"\bhostname ", 'hostname "mx.example.com"'),
    (r"\bstarttls\b|^listen \w+s ", r"^certificate ", 'certificate "mx.example.com" { chain "tls/fullchain.pem"  key "tls/privkey.pem" }'),
    (r"", r"^listen ", 'listen smtp on "0.0.0.0:25"'),
    (r'condition "from outside"', r'condition "from outside" when', 'condition "from outside" when direction == inbound'),
    (r"\bour_networks\b", r"table our_networks\b", 'table our_networks { "192.0.2.0/24" }'),
    (r"\bold_scanners\b", r"table old_scanners\b", 'table old_scanners { "192.0.2.0/24" }'),
    (r"\bin banned\b", r"table banned\b", 'table banned { "exe" }'),
    (r"\bbanned_extensions\b", r"table banned_extensions\b", 'table banned_extensions from file "banned-extensions.txt"'),
    (r'\blisted\("zen.example"\)', r"blocklist ", 'blocklist "zen.example" { "127.0.0.2" }'),
]
SERVERS = '{ smtp "192.0.2.5:25"  pop3 "192.0.2.5:110"  imap "192.0.2.5:143" }'
USERS = 'process { user "nobody" }\nkeeper { user "daemon" }\nredis { account "bin" }\n'


def _with_rules(block, before):
    """The text, behind those of its page that have the rules which its tests expect."""
    for rule in re.findall(r'\b(?:by|fired) "([^"]+)"', block.text):
        if 'rule "%s"' % rule not in block.text:
            return next((b.text for b in reversed(before) if 'rule "%s"' % rule in b.text), "") + block.text
    return block.text


def whole(block, before=()):
    """A part with all that it names, as a configuration that the machine of a test can use. `before`: earlier blocks of its page."""
    text = _with_rules(block, before)
    frame = [row for used, defined, row in PARTS if re.search(used, text, re.M) and not re.search(defined, text, re.M)]
    named = re.findall(r"\bbackend (\w+)", text) or ["behind"]
    frame += ["backend %s %s" % (name, SERVERS) for name in sorted(set(named)) if not re.search(r"\bbackend %s\s*\{" % name, text)]
    if not re.search(r'\bdomain "', text):
        frame.append('domain "example.com" { backend %s }' % named[0])
    return "\n".join(frame) + "\n" + USERS + text
