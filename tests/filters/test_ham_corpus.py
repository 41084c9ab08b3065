# SPDX-License-Identifier: ISC
"""The shipped policy delivers the good mail of a public corpus, as it came: lines ended as in SMTP."""
import pytest

from lab import check, needs
from lab.corpus import as_sent

HAM = [needs.CORPORA / "spamcorpus" / folder for folder in ("easy_ham", "hard_ham")]
FILES = sorted(path for folder in HAM if folder.exists() for path in folder.glob("*.txt"))

pytestmark = [pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
              pytest.mark.skipif(not FILES, reason="no corpus")]


def test_good_mail_is_delivered(tmp_path):
    paths = {}
    for file in FILES:
        paths[file.name] = tmp_path / file.name
        paths[file.name].write_bytes(as_sent(file.read_bytes()))
    results = check.batch(tmp_path, paths, check.configuration(tmp_path))
    held_up = {name: (result["verdict"], result["rules"]) for name, result in results.items() if result["verdict"] != "accept"}
    assert not held_up, (len(held_up), len(results), held_up)
