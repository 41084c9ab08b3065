# SPDX-License-Identifier: ISC
"""gatepostctl(1) names every member that a record can have."""
import re

from lab import needs


def test_every_member_of_a_record_is_in_the_manual():
    table = (needs.ROOT / "common" / "record.def").read_text()
    page = (needs.ROOT / "man" / "gatepostctl.1").read_text().partition(".Sh RECORDS")[2].partition(".Sh ENVIRONMENT")[0]
    words = set(re.findall(r"\w+", " ".join(line for line in page.splitlines() if line.startswith((".It Cm", ".Cm")))))
    members = re.findall(r"^RECORD_\w+\((\w+),", table, re.M)
    assert len(members) > 25 and not set(members) - words
