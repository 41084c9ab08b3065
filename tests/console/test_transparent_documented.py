# SPDX-License-Identifier: ISC
"""docs/transparent.md: its commands, as they stand there, on hosts such as it draws."""
import re

import pytest

from lab import documents, needs
from lab.bare_host import bare_hosts

PAGE = "docs/transparent.md"
CTL = needs.BUILD / "gatepostctl"


def below(heading, language):
    """The blocks of a section."""
    lines = (needs.ROOT / PAGE).read_text().splitlines()
    begin = lines.index("## " + heading)
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
    return [block.text for block in documents.of_text(PAGE) if begin < block.line <= end and block.language == language]


@pytest.fixture
def config(own_dir):
    """The configuration that the page shows, without the files that it names."""
    path = own_dir / "gatepost.conf"
    text = "".join(below("The configuration", "conf")).replace('  recipients from file "recipients.txt"', "")
    path.write_text(re.sub(r'include "(.*)"', 'include "%s/etc/\\1"' % needs.ROOT, text))
    return path


@pytest.mark.parametrize("heading, options", [("Routed", ""), ("Bridged", "--bridge br0")])
def test_every_command_runs_and_leaves_nothing_missing(heading, options, config, own_dir):
    with bare_hosts(3) as (outside, gateway, inside):
        gateway.joined("eth0", outside, "eth0")
        gateway.joined("eth1", inside, "eth0")
        for commands in below(heading, "sh"):
            gateway.must("sh", "-e", said=commands)
        commands, = below("The rules of the kernel", "sh")[:1]
        called = "%s transparent rules -c %s %s" % (CTL, config, options)
        said = gateway.must("sh", "-e", said=commands.replace("gatepostctl transparent rules", called).replace("/etc/gatepost", str(own_dir)))
        assert said == "nothing is missing\n"
        shown, = [line for text in below("The rules of the kernel", "text") for line in text.splitlines() if line.startswith("missing: ")]
        gateway.must("ip", "-4", "rule", "del", "fwmark", "1", "lookup", "100")
        assert gateway.run("sh", "-c", called + " --check").stdout == shown + "\n"
        for commands in below("The rules of the kernel", "sh")[1:]:
            gateway.must("sh", "-e", said=commands)
