# SPDX-License-Identifier: ISC
"""The parent and scanners: which run, when they are replaced; and what the policy's own tests do to a start and a reload."""
import os
import signal

from lab.parent import parent  # noqa: F401
from lab.process import is_alive, wait_until

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


def test_scanners_that_talk_what_nobody_asked_are_replaced(parent):
    parent.configure(SCANNED)
    parent.start()
    assert parent.logged("scanners ready program=gatepost-scan")
    first, = parent.children("gatepost-scan")
    parent.connect().distrust_scanners()
    assert parent.logged("scanners answer what they were not asked, and are replaced program=gatepost-scan")
    assert parent.logged("scanners ready program=gatepost-scan", 2)
    assert parent.children("gatepost-scan") != [first]


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


INFECTED = 'rule "infected" when av.result == infected then reject 550 5.7.1 "infected"\n'


def without_signatures(parent):
    """A parent whose antivirus cannot start until the returned file goes."""
    database = parent.folder / "signatures"
    database.mkdir()
    (database / "broken").write_text("")
    parent.configure(INFECTED + 'antivirus { database "%s"  reload 1s }\n' % database)
    parent.steer_clock().start()
    return database / "broken"


def test_proxies_are_told_that_scanners_are_down_and_that_they_are_back(parent):
    broken = without_signatures(parent)
    assert wait_until(lambda: parent.connect().scanners_down() == {"1": "the database is broken"})
    broken.unlink()
    assert parent.logged("scanners ready program=gatepost-av")
    assert wait_until(lambda: parent.connect().scanners_down() == {"1": ""})


def test_a_proxy_that_starts_while_scanners_are_down_is_told(parent):
    without_signatures(parent)
    session = parent.connect()
    assert wait_until(lambda: session.scanners_down() == {"1": "the database is broken"})
    os.kill(session.pid, signal.SIGKILL)

    def told():
        other = parent.connect()
        return other.pid != session.pid and other.slot == session.slot and other.scanners_down() == {"1": "the database is broken"}
    assert wait_until(told)


def test_what_fails_again_and_again_is_logged_once(parent):
    without_signatures(parent)
    assert parent.in_time(lambda: parent.log().count("no signatures read") >= 4)
    assert parent.log().count("the database is broken") == 2  # it failed; none serves
    assert parent.log().count("scanners down") == 1


def test_one_that_served_and_dies_once_is_not_down(parent):
    parent.configure(SCANNED)
    parent.steer_clock().start()
    assert parent.logged("scanners ready")
    parent.move_clock(1.1)
    os.kill(parent.children("gatepost-scan")[0], signal.SIGKILL)
    assert parent.logged("scanners ready program=gatepost-scan", 2)
    assert "scanners down" not in parent.log()


def test_one_that_dies_again_and_again_is_down_until_it_serves(parent):
    def served(times):
        return parent.log().count("scanners ready program=gatepost-scan") >= times

    parent.configure(SCANNED)
    parent.steer_clock().start()
    for ready in range(1, 4):
        assert parent.in_time(lambda: served(ready))
        os.kill(parent.children("gatepost-scan")[0], signal.SIGKILL)
        assert wait_until(lambda: parent.log().count("scanners died") == ready)
    assert parent.logged("scanners down")
    assert parent.in_time(lambda: served(4))
    assert wait_until(lambda: parent.connect().scanners_down() == {"0": ""})
