/* SPDX-License-Identifier: ISC
 * What a process that somebody has taken over can do to the shared table, and what it cannot. It
 * maps it as a proxy does and writes whatever it likes wherever it can. */
#include "base/clock.h"
#include "common/shared_internal.h"
#include "common/shares.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALL_WELL = 0, WRONG = 1, ALIVE = -1 };

static struct shared *shared;
static int memfd, reader;
static unsigned row, other, server;
static const struct holder holder = {.client = 11, .network = 12, .wider = 13};

static void set_up(void)
{
    struct ip ip = {.family = 4, .bytes = {192, 0, 2, 1}};
    shared = shared_new(&memfd);
    assert_non_null(shared);
    reader = shared_reader(memfd);
    assert_true(reader >= 0);
    row = (unsigned)shared_row_claim(shared);
    other = (unsigned)shared_row_claim(shared);
    server = shared_server(shared, &ip, 25);
}

static void tear_down(void)
{
    close(memfd);
    close(reader);
    shared_free(&shared);
}

EACH_TEST(set_up, tear_down);

/* ---- the process ---- */

static bool (*act)(struct shared *);
static struct shared *its;

static _Noreturn void be_a_proxy(int tell)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
    its = shared_map(reader, memfd, row);
    close(reader);
    close(memfd);
    if (!its || !act(its))
        _exit(WRONG);
    if (tell < 0)
        _exit(ALL_WELL);
    if (write(tell, "", 1) == 1)
        pause();
    _exit(WRONG);
}

/* Its exit, or minus the signal that ended it. */
static int fate_of(bool (*does)(struct shared *))
{
    int status = 0;
    act = does;
    pid_t pid = fork();
    if (pid == 0)
        be_a_proxy(-1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* One that has done so, and lives. */
static pid_t proxy_that(bool (*does)(struct shared *))
{
    int done[2];
    char byte;
    act = does;
    assert_int_equal(pipe(done), 0);
    pid_t pid = fork();
    if (pid == 0)
        be_a_proxy(done[1]);
    close(done[1]);
    assert_int_equal(read(done[0], &byte, 1), 1);
    close(done[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    shared_row_distrust(shared, row);
    shared_row_clear(shared, row);
}

/* ---- walls ---- */

static bool writes_the_key(struct shared *s)
{
    s->table->parents.key[0] = 1;
    return true;
}

static bool claims_a_row(struct shared *s)
{
    return shared_row_claim(s) >= 0;
}

static bool writes_anothers_row(struct shared *s)
{
    shared_count(s, other, COUNTER_MESSAGES, 1);
    return true;
}

static bool writes_behind_its_row(struct shared *s)
{
    ((volatile char *)&s->table->rows[row + 1])[0] = 1;
    return true;
}

static bool writes_before_its_row(struct shared *s)
{
    ((volatile char *)&s->table->rows[row])[-1] = 1;
    return true;
}

static bool names_itself_the_watcher(struct shared *s)
{
    shared_watched_by(s, row);
    return true;
}

static bool cannot_make_writable(void *at, size_t size)
{
    return mprotect(at, size, PROT_READ | PROT_WRITE) == -1 && errno == EACCES &&
           madvise(at, size, MADV_REMOVE) == -1 && errno == EACCES;
}

static bool cannot_make_anything_writable(struct shared *s)
{
    return cannot_make_writable(&s->table->parents, sizeof s->table->parents) &&
           cannot_make_writable(&s->table->rows[other], sizeof s->table->rows[other]) &&
           cannot_make_writable(&s->table->rows[SHARED_ROWS - 1], sizeof s->table->rows[0]);
}

static bool writes_its_own(struct shared *s)
{
    static const uint64_t hash = 77;
    char note[] = "note";
    shared_count(s, row, COUNTER_MESSAGES, 1);
    notes_put(shared_notes(s), shared_key(s), hash, note, sizeof note, clock_ms() + 1000);
    ((volatile char *)&s->table->rows[row])[ROW_ROOM - 1] = 1;
    return shared_counter(s, COUNTER_MESSAGES) == 1 && shared_sessions(s) == 0;
}

TEST(test_a_process_can_write_its_own_row_and_the_notes_and_nothing_else)
{
    assert_int_equal(fate_of(writes_its_own), ALL_WELL);
    assert_int_equal(fate_of(writes_the_key), -SIGSEGV);
    assert_int_equal(fate_of(claims_a_row), -SIGSEGV);
    assert_int_equal(fate_of(writes_anothers_row), -SIGSEGV);
    assert_int_equal(fate_of(writes_behind_its_row), -SIGSEGV);
    assert_int_equal(fate_of(writes_before_its_row), -SIGSEGV);
    assert_int_equal(fate_of(names_itself_the_watcher), -SIGSEGV);
}

TEST(test_what_is_mapped_for_reading_can_never_be_made_writable)
{
    assert_int_equal(fate_of(cannot_make_anything_writable), ALL_WELL);
}

TEST(test_the_reader_opens_no_way_to_write)
{
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), MAP_FAILED);
    assert_int_equal(errno, EACCES);
    assert_int_equal(fcntl(reader, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(ftruncate(reader, 0), -1);
    assert_int_equal(ftruncate(memfd, 0), -1);
}

static bool finds_no_number_for_it(struct shared *s)
{
    struct ip ip = {.family = 4, .bytes = {192, 0, 2, 1}}, unknown = {.family = 4};
    return shared_server(s, &ip, 25) == server && shared_server(s, &unknown, 25) < SHARED_SERVERS;
}

TEST(test_servers_are_numbered_by_the_parent_and_found_by_the_others)
{
    assert_int_equal(fate_of(finds_no_number_for_it), ALL_WELL);
}

TEST(test_a_row_that_is_none_is_not_mapped)
{
    assert_null(shared_map(reader, memfd, SHARED_ROWS));
    assert_null(shared_map(STDIN_FILENO, memfd, 0));
}

/* ---- nonsense ---- */

/* What is written over and over; with `random` each word is another. */
static uint64_t pattern;
static bool is_random;

static uint64_t next_word(void)
{
    if (!is_random)
        return pattern;
    pattern ^= pattern << 13;
    pattern ^= pattern >> 7;
    pattern ^= pattern << 17;
    return pattern;
}

static void fill(void *at, size_t size)
{
    uint64_t *words = at;
    for (size_t i = 0; i < size / sizeof *words; i++)
        words[i] = next_word();
}

static bool writes_nonsense(struct shared *s)
{
    fill(&s->table->rows[row], sizeof(struct shared_row));
    fill(shared_notes(s), notes_size());
    return true;
}

static enum shared_session take(void)
{
    struct session_claim claim = {.holder = holder, .limit = 100, .limit_per_client = 10};
    enum shared_session result = shared_session_take(shared, other, &claim);
    if (result == SHARED_SESSION_TAKEN)
        shared_session_give(shared, other, &claim);
    return result;
}

static bool take_spool(void)
{
    struct spool_limit limit = {.limit = 1 << 20, .least = 1 << 10};
    bool taken = shared_spool_take(shared, other, &holder, 100, &limit);
    if (taken)
        shared_spool_give(shared, other, &holder, 100);
    return taken;
}

static bool take_scan(void)
{
    struct scan_claim claim = {.octets = 10,
                               .limit = 100,
                               .since = clock_ms(),
                               .now = clock_ms(),
                               .age = 1000,
                               .patience = 1000};
    bool taken = shared_scan_take(shared, other, &holder, &claim) == SHARED_SCAN_TAKEN;
    if (taken)
        shared_scan_give(shared, other, &holder, 10);
    return taken;
}

static bool take_others(void)
{
    bool login = shared_login_take(shared, other, &holder, 10);
    bool backend = shared_backend_take(shared, other, server, 10);
    if (login)
        shared_login_give(shared, other, &holder);
    if (backend)
        shared_backend_give(shared, other, server);
    return login && backend;
}

static bool has_a_note(void)
{
    char note[NOTE_MAX];
    return notes_get(shared_notes(shared), shared_key(shared), 77, note, sizeof note, clock_ms());
}

/* With it there, whatever it has written: nothing that is asked ends anywhere else than it should. */
static void ask_for_everything(void)
{
    static const uint64_t most = (SHARED_ROWS + 1) * ROW_MOST;
    char why[SHARED_WHY_MAX];
    struct doubt doubt;
    struct live_session session;
    unsigned at = 0;
    int64_t since = 0;
    assert_true(shared_sessions(shared) <= most && shared_spool(shared) <= most);
    assert_true(shared_scans(shared) <= most && shared_backend(shared, server) <= most);
    for (enum counter c = 0; c < COUNTER_COUNT; c++)
        assert_true(shared_counter(shared, c) <= most);
    for (unsigned s = 0; s < SHARED_SERVERS; s++)
        if (shared_server_is_down(shared, s, &since, why))
            assert_true(since > 0 && strlen(why) < sizeof why);
    (void)shared_server_offered(shared, server);
    (void)shared_server_recipients_most(shared, server, clock_ms());
    take();
    take_spool();
    take_scan();
    take_others();
    while (shared_doubt_next(shared, row, &at, &doubt))
        assert_true(at <= 128);
    at = 0;
    while (live_session_next(shared_live(shared, row), &at, &session))
        assert_true(at <= LIVE_SESSIONS_MAX);
    assert_int_equal(shared_suspended(shared), 0);
    assert_false(has_a_note());
}

/* A reload takes a row for each process of the new generation. */
static void reload(void)
{
    for (unsigned i = 2; i < SHARED_ROWS; i++)
        assert_int_equal(shared_row_claim(shared), i);
    assert_int_equal(shared_row_claim(shared), -1);
    for (unsigned i = 2; i < SHARED_ROWS; i++)
        shared_row_clear(shared, i);
}

/* When it is gone everything is as if it had never been. */
static void find_nothing_of_it(void)
{
    char why[SHARED_WHY_MAX], note[] = "note";
    struct live_session session;
    int64_t since;
    unsigned at = 0;
    assert_int_equal(shared_sessions(shared) + shared_spool(shared) + shared_scans(shared) +
                         shared_backend(shared, server),
                     0);
    assert_int_equal(take(), SHARED_SESSION_TAKEN);
    assert_true(take_spool() && take_scan() && take_others());
    assert_false(shared_server_is_down(shared, server, &since, why));
    assert_int_equal(shared_server_offered(shared, server), 0);
    assert_int_equal(shared_server_recipients_most(shared, server, clock_ms()), 0);
    assert_int_equal(shared_suspended(shared), 0);
    assert_false(live_session_next(shared_live(shared, row), &at, &session));
    for (enum counter c = 0; c < COUNTER_COUNT; c++)
        assert_true(shared_counter(shared, c) <= UINT64_C(1) << 53);
    notes_put(shared_notes(shared), shared_key(shared), 77, note, sizeof note, clock_ms() + 1000);
    assert_true(notes_get(shared_notes(shared), shared_key(shared), 77, note, 1, clock_ms()));
    notes_forget(shared_notes(shared), 77);
    assert_int_equal(shared_row_claim(shared), row);
}

static void suffer_nonsense(uint64_t word, bool random)
{
    pattern = word;
    is_random = random;
    pid_t pid = proxy_that(writes_nonsense);
    ask_for_everything();
    reload();
    end(pid);
    find_nothing_of_it();
}

TEST(test_nonsense_of_one_row_harms_nobody_for_longer_than_its_process_lives)
{
    static const uint64_t words[] = {UINT64_MAX,
                                     INT64_MAX,
                                     (uint64_t)INT64_MIN,
                                     1,
                                     UINT64_C(0x0101010101010101),
                                     UINT64_C(0x0d0a0d0a0d0a0d0a)};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        suffer_nonsense(words[i], false);
    suffer_nonsense((uint64_t)clock_ms(), false);
    for (uint64_t seed = 1; seed <= 8; seed++)
        suffer_nonsense(seed * UINT64_C(0x9e3779b97f4a7c15), true);
}

TEST(test_counts_that_are_made_up_again_and_again_stay_numbers)
{
    pattern = UINT64_MAX;
    is_random = false;
    for (int i = 0; i < 50; i++) {
        end(proxy_that(writes_nonsense));
        assert_int_equal(shared_row_claim(shared), row);
    }
    assert_int_equal(shared_counter(shared, COUNTER_MESSAGES), UINT64_C(1) << 53);
    shared_count(shared, row, COUNTER_MESSAGES, 1);
    assert_int_equal(shared_counter(shared, COUNTER_MESSAGES), (UINT64_C(1) << 53) + 1);
}

static bool suspends_all(struct shared *s)
{
    shared_lists(s, row, 7);
    shared_suspend(s, row, UINT64_MAX);
    return true;
}

TEST(test_lists_are_suspended_by_the_watcher_alone)
{
    shared_watched_by(shared, other);
    pid_t pid = proxy_that(suspends_all);
    assert_int_equal(shared_suspended(shared), 0);
    shared_watched_by(shared, row);
    assert_true(shared_suspended(shared) == UINT64_MAX);
    end(pid);
    assert_int_equal(shared_suspended(shared), 0);
}
