# SPDX-License-Identifier: ISC
"""What IMAP servers of others have said, as the corpora have it."""
import re

import pytest

from lab import needs

LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
STATUS = re.compile(rb"(\*|[^ ]+) (OK|NO|BAD|BYE|PREAUTH)\b|\+", re.I)


def as_sent(said):
    return said.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def by_lines(said):
    """The responses and their literals, framed by lines alone as simple clients do it."""
    while said:
        at, literals = 0, []
        while True:
            end = said.index(b"\n", at) + 1
            announced = LITERAL.search(said[at:end])
            at = end
            if not announced or STATUS.match(said):
                break
            literals.append(said[at : at + int(announced[1])])
            at += int(announced[1])
        yield said[:at], literals
        said = said[at:]


# ---- MailKit: whole conversations of many servers


def conversations():
    folder = needs.corpus("imap-pop3", "mailkit", "imap")
    said = {str(path.relative_to(folder)): as_sent(path.read_bytes()) for path in sorted(folder.rglob("*.txt"))}
    return {name: text if text.endswith(b"\n") else text + b"\r\n" for name, text in said.items()}


# ---- net-imap: what its authors read in each response


def net_imap():
    """(name, octets, the case), of which the YAML's tags for Ruby do not count."""
    yaml = pytest.importorskip("yaml", reason="no python3-yaml")

    class Loader(yaml.SafeLoader):
        pass

    def untagged(loader, _, node):
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", untagged)
    for path in sorted(needs.corpus("imap-pop3", "net-imap").glob("*.yml")):
        for name, case in yaml.load(path.read_text(), Loader)[":tests"].items():
            if isinstance(case, dict) and case.get(":response"):
                yield path.stem + " " + name, case[":response"].encode(), case
