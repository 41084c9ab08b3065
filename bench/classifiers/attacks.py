# SPDX-License-Identifier: ISC
"""Good words put into spam: what stands in good mail that was learnt, where a reader of the spam sees it."""
import base64
import email
import email.generator
import email.policy
import html
import io
import quopri
import random
import re

PLACES = ("before", "behind", "between")
ENDS = re.compile(r"</p>|</td>|</div>|</li>|<br ?/?>|\n\r?\n", re.I)
HIDDEN = re.compile(r"<(style|script|head|title)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.I | re.S)


def _text(part):
    charset = part.get_content_charset() or "utf-8"
    octets = part.get_payload(decode=True) or b""
    try:
        return octets.decode(charset, "replace"), charset
    except LookupError:
        return octets.decode("latin-1"), "latin-1"


def _texts(message):
    return [part for part in message.walk() if part.get_content_type() in ("text/plain", "text/html") and not part.get_filename()]


def words_of(raw):
    """What a message says, roughly."""
    said = []
    for part in _texts(email.message_from_bytes(raw, policy=email.policy.compat32)):
        text = _text(part)[0]
        said.append(html.unescape(HIDDEN.sub(" ", text)) if part.get_content_type() == "text/html" else text)
    return re.sub(r"\s+", " ", " ".join(said)).strip()


def good_words(hams, count, chance):
    """So many characters of them; `hams` are what good messages say."""
    words = ""
    while len(words) < count:
        text = chance.choice(hams)
        at = chance.randrange(max(1, len(text) - count))
        words += text[at:at + count] + " "
    return words[:count]


def _between(text, good):
    """In six pieces, at ends of paragraphs or lines; where there are none, behind."""
    ends = [found.end() for found in ENDS.finditer(text)] or [len(text)]
    pieces = 6
    places = [ends[len(ends) * n // pieces] for n in range(pieces)]
    size = -(-len(good) // pieces)
    for n in reversed(range(pieces)):
        text = text[:places[n]] + good[n * size:(n + 1) * size] + text[places[n]:]
    return text


def _put(text, good, where, is_html):
    if is_html:
        good = html.escape(good)
        begin, end = re.search(r"<body[^>]*>", text, re.I), text.lower().rfind("</body>")
        first, last = begin.end() if begin else 0, end if end >= 0 else len(text)
        apart = "<p>%s</p>"
    else:
        first, last, apart = 0, len(text), "\n%s\n\n"
    if where == "before":
        return text[:first] + apart % good + text[first:]
    if where == "behind":
        return text[:last] + apart % good + text[last:]
    return text[:first] + _between(text[first:last], good) + text[last:]


def _encode(part, text, charset):
    octets = text.encode(charset, "xmlcharrefreplace" if part.get_content_type() == "text/html" else "replace")
    encoding = str(part.get("Content-Transfer-Encoding", "")).lower().strip()
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    part.set_payload(octets.decode("ascii", "surrogateescape"))


def attacked(raw, good, where):
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in _texts(message):
        text, charset = _text(part)
        _encode(part, _put(text.replace("\r\n", "\n"), good, where, part.get_content_type() == "text/html"), charset)
    out = io.BytesIO()
    email.generator.BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(message)
    return out.getvalue().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def write_attacked(messages, fold, out, seed, count=1500):
    """{place: [paths of what is scored of a fold, with good words in its spam]}"""
    learnt, scored = fold
    chance = random.Random(seed)
    hams = [words for words in (words_of(messages[n].path.read_bytes()) for n in learnt if not messages[n].spam) if len(words) > 200]
    out.mkdir(parents=True, exist_ok=True)
    written = {}
    for where in PLACES:
        written[where] = []
        for n in scored:
            message = messages[n]
            path = out / ("%s-%s" % (where, message.path.name)) if message.spam else message.path
            if message.spam:
                path.write_bytes(attacked(message.path.read_bytes(), good_words(hams, count, chance), where))
            written[where].append(path)
    return written
