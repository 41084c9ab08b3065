# SPDX-License-Identifier: ISC
"""The shipped policy delivers the good mail of a public corpus, as it came (lines ended as in SMTP), and its rules about forged
names would have touched hardly any of it."""
import collections

import pytest

from lab import check, needs
from lab.corpus import as_sent

HAM = [needs.CORPORA / folder for folder in ("spamcorpus/easy_ham", "spamcorpus/hard_ham", "spam2025/ham")]
FILES = sorted(path for folder in HAM if folder.exists() for path in folder.iterdir())

pytestmark = [pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built"),
              pytest.mark.skipif(not FILES, reason="no corpus")]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    own = tmp_path_factory.mktemp("ham")
    paths = {}
    for file in FILES:
        paths[file.name] = own / file.name
        paths[file.name].write_bytes(as_sent(file.read_bytes()))
    return check.batch(own, paths, check.configuration(own))


def test_good_mail_is_delivered(results):
    held_up = {name: (result["verdict"], result["rules"]) for name, result in results.items() if result["verdict"] != "accept"}
    assert not held_up, (len(held_up), len(results), held_up)


def test_rules_that_observe_names_say_little_of_good_mail(results):
    told = collections.Counter(rule for result in results.values() for rule in result["observed"])
    assert {rule: count for rule, count in told.items() if count > len(results) / 100} == {}, told
