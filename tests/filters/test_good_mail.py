# SPDX-License-Identifier: ISC
"""Good mail of many kinds passes the shipped policy, unchanged."""
import pytest

from lab import check, good_mail, needs

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")
KINDS = good_mail.all_kinds()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    paths = {}
    for number, (what, octets) in enumerate(KINDS.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(octets)
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", KINDS)
def test_is_delivered_as_it_is(what, judged):
    result = judged[what]
    assert result["verdict"] == "accept" and not result.get("edits"), result
    odd = ("unscannable", "macros", "active", "remote", "encrypted", "fragmented")
    assert not [(a["name"], fact) for a in result["facts"]["attachments"] for fact in odd if a[fact]]
