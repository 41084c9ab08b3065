# SPDX-License-Identifier: ISC
"""The mails of the corpora, in the form in which a client sends them."""
import json
import re

from lab import needs

NO_MAIL = re.compile(r"(LICENSE|COPYING|README|SOURCES|NOTICE)|_decoded_|\.(json|xml|out|list|md|tnef|dat|py|gz|zip)$", re.I)


def mails(*folders):
    """Every mail below these folders of the corpora."""
    paths = []
    for folder in folders:
        root = needs.CORPORA / folder
        paths += [p for p in root.rglob("*") if p.is_file() and not NO_MAIL.search(p.name)] if root.is_dir() else []
    return sorted(paths)


def as_sent(octets):
    """With CRLF at every line end, as a client must send it; everything else as it is."""
    octets = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def manifest(*parts):
    """The cases of a manifest, [] where the corpus is absent."""
    path = needs.CORPORA.joinpath(*parts)
    if not path.exists():
        return []
    content = json.loads(path.read_text())
    return content.get("cases") or content.get("files")
