# SPDX-License-Identifier: ISC
"""filters/likeness/looks.def is what ICU and Unicode say of letters (looks.py writes it)."""
import unicodedata

import pytest

import looks

pytestmark = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="Python knows another Unicode than the table is of")


@pytest.fixture(scope="module")
def icu():
    try:
        return looks.Icu()
    except OSError:
        pytest.skip("ICU is not installed")


def test_the_table_of_looks_is_what_unicode_says(icu):
    assert looks.table(icu) == looks.TABLE.read_text()
