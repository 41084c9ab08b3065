/* SPDX-License-Identifier: ISC */
#include "common/live_sessions.h"
#include "tests/harness/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct live_sessions *new_live(void)
{
    struct live_sessions *live = calloc(1, LIVE_SESSIONS_ROOM);
    assert_non_null(live);
    return live;
}

static unsigned count(const struct live_sessions *live)
{
    struct live_session session;
    unsigned at = 0, found = 0;
    while (live_session_next(live, &at, &session))
        found++;
    return found;
}

TEST(test_a_session_is_there_from_its_first_words_to_its_end)
{
    struct live_sessions *live = new_live();
    struct live_session session = {.id = "1", .commands = 3, .port = 25}, got;
    unsigned at = 0;
    live_text(session.doing, sizeof session.doing, SLICE("idle"));
    int place = live_session_begin(live);
    assert_true(place >= 0);
    assert_int_equal(count(live), 0);
    live_session_put(live, place, &session);
    assert_true(live_session_next(live, &at, &got));
    assert_int_equal(got.commands, 3);
    assert_int_equal(got.port, 25);
    assert_true(slice_eq(live_slice(got.doing, sizeof got.doing), SLICE("idle")));
    assert_false(live_session_next(live, &at, &got));
    live_session_end(live, place);
    assert_int_equal(count(live), 0);
    free(live);
}

TEST(test_a_place_that_is_taken_anew_tells_nothing_of_who_had_it)
{
    struct live_sessions *live = new_live();
    struct live_session session = {.id = "1", .commands = 3};
    for (int i = 0; i < 2 * LIVE_SESSIONS_MAX; i++) {
        int place = live_session_begin(live);
        assert_true(place >= 0);
        assert_int_equal(count(live), 0);
        live_session_put(live, place, &session);
        live_session_end(live, place);
    }
    free(live);
}

TEST(test_past_the_last_place_a_session_is_not_shown_and_costs_nobody_anything)
{
    struct live_sessions *live = new_live();
    struct live_session session = {.id = "1", .commands = 3};
    for (int i = 0; i < LIVE_SESSIONS_MAX; i++)
        live_session_put(live, live_session_begin(live), &session);
    assert_int_equal(live_session_begin(live), -1);
    live_session_put(live, -1, &session);
    live_session_end(live, -1);
    assert_int_equal(count(live), LIVE_SESSIONS_MAX);
    free(live);
}

TEST(test_texts_are_cut_to_their_room_whoever_wrote_them)
{
    struct live_session session;
    memset(&session, 'x', sizeof session);
    assert_int_equal(live_slice(session.doing, sizeof session.doing).len, LIVE_WORD_MAX);
    live_text(session.doing, sizeof session.doing, SLICE("short"));
    assert_int_equal(live_slice(session.doing, sizeof session.doing).len, 5);
    char longer[2 * LIVE_WORD_MAX];
    memset(longer, 'y', sizeof longer);
    live_text(session.doing, sizeof session.doing, (struct slice){longer, sizeof longer});
    assert_int_equal(live_slice(session.doing, sizeof session.doing).len, LIVE_WORD_MAX);
    assert_int_equal(session.sender[0], 'x');
}

/* ---- readers and a writer at once ---- */

struct race {
    struct live_sessions *live;
    int place;
    atomic_bool over;
};

static void *write_on(void *arg)
{
    struct race *race = arg;
    struct live_session session = {.id = "1"};
    for (uint32_t i = 1; !atomic_load(&race->over); i++) {
        memset(session.sender, (int)('a' + i % 26), sizeof session.sender);
        session.octets = i;
        session.errors = i;
        live_session_put(race->live, race->place, &session);
    }
    return NULL;
}

TEST(test_what_is_read_while_it_is_written_is_whole)
{
    struct race race = {.live = new_live()};
    pthread_t writer;
    unsigned whole = 0;
    race.place = live_session_begin(race.live);
    assert_int_equal(pthread_create(&writer, NULL, write_on, &race), 0);
    for (int i = 0; i < 200000 || whole == 0; i++) {
        struct live_session got;
        unsigned at = (unsigned)race.place;
        if (!live_session_next(race.live, &at, &got))
            continue;
        whole++;
        assert_int_equal(got.octets, got.errors);
        assert_int_equal(got.sender[0], (char)('a' + got.octets % 26));
        assert_int_equal(got.sender[LIVE_ADDRESS_MAX - 1], got.sender[0]);
    }
    atomic_store(&race.over, true);
    pthread_join(writer, NULL);
    free(race.live);
}
