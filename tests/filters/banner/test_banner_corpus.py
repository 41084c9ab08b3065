# SPDX-License-Identifier: ISC
"""Every mail of the corpora, with a banner or a disclaimer: it stands where it is said to, and all else is what it was, as Python's
parser reads both."""
import email
import email.policy
import html
import re
import subprocess

import pytest

from lab.corpus import as_sent
from lab.needs import BUILD, CORPORA

DUMP = BUILD / "tests/banner_dump"
TEXT = "Outside: gr\u00fc\u00dfe from --nobody"
FOLDERS = ("spamcorpus", "spam2025", "mime", "dkim", "arc", "dmarc")
AT_ONCE = 100
ENDINGS = {".txt", ".eml", ".msg", ".mail", ".mbox", ""}

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="banner_dump is not built")


def mails():
    for folder in FOLDERS:
        for path in sorted((CORPORA / folder).rglob("*")):
            if path.is_file() and path.suffix in ENDINGS and path.name not in ("README.md", "LICENSE"):
                yield path


def marked(folder, paths, action):
    """Pairs of a mail and the same with it; what became of it; what our own parser says is different."""
    before, after = folder / "before", folder / "after"
    before.mkdir(), after.mkdir()
    files = []
    for number, path in enumerate(paths):
        files.append(before / str(number))
        files[-1].write_bytes(as_sent(path.read_bytes()))
    for start in range(0, len(files), AT_ONCE):
        part = after / str(start)
        part.mkdir()
        out = subprocess.run([DUMP, part, action, TEXT, *files[start:start + AT_ONCE]], capture_output=True, check=True, timeout=600).stdout
        for number, line in enumerate(out.decode().splitlines()):
            fate, difference = line.split("\t")
            yield paths[start + number], files[start + number].read_bytes(), (part / str(number)).read_bytes(), fate, difference


def parse(content):
    return email.message_from_bytes(content, policy=email.policy.compat32)


def shape(message):
    return [(part.get_content_type(), part.get_filename() if not part.is_multipart() else None, [(name, str(value)) for name, value in part.items()]) for part in message.walk()]


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def decoded(part):
    encoding = part.get("Content-Transfer-Encoding")
    if encoding and "\n" in str(encoding):  # which Python does not know to be folded
        part.replace_header("Content-Transfer-Encoding", str(encoding).strip())
    return part.get_payload(decode=True) or b""


def plain(text):
    """As it may be written where a charset has not all of it."""
    return text.replace("\u00fc", "u").replace("\u00df", "ss")


def is_read_otherwise(message):
    """Python ends its header elsewhere, or sees other parts than there are: boundaries and names of fields that are
    folded, or have blanks, are beyond it."""
    head = str(message.get_payload() if not message.is_multipart() else "")
    return bool(message.defects) or bool(re.match(r"[\w-]+[ \t]+:|[\w-]+:|--", head)) or "\n" in str(message.get_boundary() or "")


def shows(part, action):
    """Whether it can be read at its top, or at its end."""
    octets = decoded(part)
    if part.get_content_type() == "text/html":
        page = octets.decode("ascii", "replace")
        return TEXT in html.unescape(re.sub(r"\r\n|<wbr\s*>", " ", page).replace("  ", " "))
    charset = (part.get_param("charset") or "us-ascii")
    charset = charset[2] if isinstance(charset, tuple) else charset
    try:
        text = octets.decode(charset.strip("\"' "), "replace")
    except (LookupError, ValueError):
        text = octets.decode("latin-1")
    if action == "disclaimer":
        return plain(text).rstrip().endswith("\n" + plain(TEXT))
    return plain(text).startswith(plain(TEXT) + "\r\n")


def is_inserted(before, after):
    """`after` is `before` with something between."""
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    return len(after) > len(before) and after.endswith(before[head:])


def difference(before, after, fate, action):
    if fate.startswith("left out"):
        return None if before == after else "it was changed"
    one, other = parse(before), parse(after)
    if shape(one) != shape(other):
        return "its parts"
    if is_read_otherwise(one):
        return None
    changed = [(x, y) for x, y in zip(leaves(one), leaves(other)) if decoded(x) != decoded(y)]
    if not changed:
        return "nothing was changed"
    for x, y in changed:
        if not is_inserted(decoded(x), decoded(y)):
            return "a part is not what it was"
        if not shows(y, action):
            return "it does not show it"
    seen = {"in HTML": {"text/html"}, "in text": {"text/plain"}}.get(fate, {"text/plain", "text/html"})
    return None if {y.get_content_type() for _, y in changed} == seen else "it stands elsewhere"


@pytest.mark.skipif(not any(True for _ in mails()), reason="no corpus")
@pytest.mark.parametrize("action", ["banner", "disclaimer"])
def test_what_is_written_changes_nothing_but_itself(tmp_path, action):
    wrong, fates, otherwise = [], {}, 0
    for path, before, after, fate, ours in marked(tmp_path, list(mails()), action):
        fates[fate] = fates.get(fate, 0) + 1
        otherwise += is_read_otherwise(parse(before))
        told = ours or difference(before, after, fate, action)
        if told:
            wrong.append((str(path.relative_to(CORPORA)), fate, told))
    assert not wrong, (len(wrong), wrong[:20])
    placed = sum(count for fate, count in fates.items() if fate.startswith("in "))
    assert placed > 1000 and otherwise < placed / 5, (fates, otherwise)
