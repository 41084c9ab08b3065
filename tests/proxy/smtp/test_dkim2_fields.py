# SPDX-License-Identifier: ISC
"""The fields of DKIM2 (draft-ietf-dkim-dkim2-spec) tell what became of a message from hop to hop, each signed over those before it: whatever rules
change in a message, they arrive as they came, octet for octet and in their order."""
import re

import pytest

from lab import samples
from lab.gatepost import backend, domains
from lab.smtp_client import send

POLICY = """
rule "edits" when header["x-case"] == "edits" then header add "X-Marked" "yes", header remove "X-Secret", subject prefix "[out] "
rule "strips" when any a in attachments (a.extension == "exe") then strip each a in attachments (a.extension == "exe") "a program was removed"
"""
HOPS = [
    b"DKIM2-Signature: i=2; m=2; t=1767600010; d=list.example;\r\n\tmf=PGJvdW5jZUBsaXN0LmV4YW1wbGU+;\r\n  rt=PHVzZXJAZXhhbXBsZS5jb20+; f=exploded;\r\n"
    b" s=sel2:ed25519-sha256:QUJD\r\n \tREVG\r\n",
    b"Message-Instance: m=2; h=sha256:aGVhZGVy:Ym9keQ==;\r\n r=eyJoIjp7InN1YmplY3QiOltdfX0=\r\n",
    b"X-Secret: between\r\n of two lines\r\n",
    b"dkim2-signature:i=1;m=1;t=1767600000;d=client.example;mf=PD4=;rt=PGxpc3RAbGlzdC5leGFtcGxlPg==;s=sel1:rsa-sha256:R0hJ\r\n",
    b"MESSAGE-INSTANCE:   m=1; h=sha256:YQ==:Yg==  \r\n",
]
FIELD = re.compile(rb"^[^\s:]+[ \t]*:.*?\r\n(?![ \t])", re.M | re.S)


@pytest.fixture
def gateway(start, new_backend):
    server = new_backend()
    started = start(backend("behind", server.port) + domains("behind", "example.com") + POLICY)
    started.behind = server
    return started


def fields(content):
    return FIELD.findall(content.partition(b"\r\n\r\n")[0] + b"\r\n")


def is_of_hops(field):
    return field.partition(b":")[0].strip().lower() in (b"dkim2-signature", b"message-instance")


def arrived(gateway, message):
    gateway.behind.forget()
    assert send(gateway.port, message, "user@example.com").code == 250
    return gateway.behind.messages[0].content


@pytest.mark.parametrize("case", ["none", "edits", "strips", "both"])
def test_fields_of_dkim2_arrive_as_they_came(case, gateway):
    message = samples.with_attachment("setup.exe", samples.PROGRAM) if case in ("strips", "both") else samples.clean()
    kind = b"X-Case: edits\r\n" if case in ("edits", "both") else b"X-Case: none\r\n"
    message = HOPS[0] + HOPS[1] + kind + HOPS[2] + HOPS[3] + message.replace(b"Subject:", HOPS[4] + b"Subject:", 1)
    content = arrived(gateway, message)
    sent, came = fields(message), fields(content)
    assert [field for field in sent if is_of_hops(field)] == [HOPS[0], HOPS[1], HOPS[3], HOPS[4]]
    assert [field for field in came if is_of_hops(field)] == [HOPS[0], HOPS[1], HOPS[3], HOPS[4]]
    assert (b"a program was removed" in content) == (case in ("strips", "both"))
    edited = case in ("edits", "both")
    assert any(field.startswith(b"X-Marked: ") for field in came) == edited
    kept = [field for field in sent if not edited or not field.startswith((b"X-Secret:", b"Subject:"))]
    rest = iter(came)
    assert all(field in rest for field in kept), "not in the order in which they came"
