# SPDX-License-Identifier: ISC
"""The parent and scanners: which run, when they are replaced; and what the policy's own tests do to a start and a reload."""
import os
import signal

from lab.parent import parent  # noqa: F401
from lab.process import is_alive

SCANNED = 'rule "no programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'


def test_scanners_run_when_a_rule_needs_them_and_are_replaced_when_killed(parent):
    parent.configure(SCANNED)
    parent.start()
    assert parent.logged("scanners ready program=gatepost-scan")
    first, = parent.children("gatepost-scan")
    os.kill(first, signal.SIGKILL)
    assert parent.logged("scanners ready program=gatepost-scan", 2)
    assert parent.children("gatepost-scan") != [first]
    assert not parent.children("gatepost-av")


FAILING = SCANNED + 'test "programs pass" { given attachments [ { name "a.exe"  extension "exe" } ]  expect accept }\n'


def test_a_failing_test_fails_the_check(parent):
    parent.configure(FAILING)
    status, said = parent.run("-n")
    assert status == 1 and "1 of the 1 tests of the policy failed" in said


def test_a_failing_test_is_warned_of_at_the_start_and_stops_a_reload(parent):
    parent.configure(FAILING)
    parent.start()
    assert "1 of the 1 tests of the policy failed" in parent.log()
    before = parent.children()
    parent.signal(signal.SIGHUP)
    assert parent.logged("reload refused, nothing is changed")
    assert parent.children() == before


def test_no_scanner_runs_when_no_rule_needs_one(parent):
    parent.start()
    assert not parent.children("gatepost-scan") and not parent.children("gatepost-av")


def test_scanners_stay_as_long_as_an_old_session_needs_them(parent):
    parent.configure(SCANNED)
    parent.start()
    assert parent.logged("scanners ready")
    held = parent.connect()
    parent.configure()
    parent.reload()
    assert parent.children("gatepost-scan")
    held.close()
    assert parent.logged("scanners retired")


def test_other_settings_bring_other_scanners(parent):
    parent.configure(SCANNED)
    parent.start()
    assert parent.logged("scanners ready")
    first, = parent.children("gatepost-scan")
    parent.configure(SCANNED + "scan { recycle 7 }\n")
    parent.reload()
    assert parent.logged("scanners retired program=gatepost-scan pid=%d" % first)
    assert len(parent.children("gatepost-scan")) == 1


def test_changed_signatures_bring_a_new_family_before_the_old_one_goes(parent):
    database = parent.folder / "signatures"
    database.mkdir()
    parent.configure('rule "infected" when av.result == infected then reject 550 5.7.1 "infected"\n'
                     'antivirus { database "%s"  reload 1s }\n' % database)
    parent.start()
    assert parent.logged("scanners ready program=gatepost-av")
    first, = parent.children("gatepost-av")
    (database / "broken").write_text("")
    assert parent.logged("the database is broken")
    assert is_alive(first)
    (database / "broken").unlink()
    assert parent.logged("scanners ready program=gatepost-av", 2)
    assert parent.logged("scanners retired program=gatepost-av pid=%d how=\"exit 0\"" % first)
