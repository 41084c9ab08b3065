/* SPDX-License-Identifier: ISC
 * What is told of the sessions, whatever stands in the shared table. */
#include "parent/parent_sessions.h"

#include "common/keeping.h"
#include "tests/harness/unit.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096 };

static struct parent parent;
static struct buf out;
static unsigned row, other;

static void set_up(void)
{
    int fd;
    parent.shared = shared_new(&fd);
    assert_non_null(parent.shared);
    close(fd);
    row = (unsigned)shared_row_claim(parent.shared);
    other = (unsigned)shared_row_claim(parent.shared);
    out = buf_init(KEEPING_SESSIONS_MAX);
}

static void tear_down(void)
{
    buf_release(&out);
    shared_free(&parent.shared);
}

EACH_TEST(set_up, tear_down);

static void show(unsigned of, const struct live_session *session)
{
    struct live_sessions *live = shared_live(parent.shared, of);
    live_session_put(live, live_session_begin(live), session);
}

/* How many lines there are, each of them JSON; the first, or the one with this id, is kept. */
static json_t *told;

static unsigned tell(const char *id)
{
    unsigned lines = 0;
    assert_true(parent_sessions(&parent, &out));
    struct slice left = buf_slice(&out);
    while (left.len) {
        size_t end = slice_find(left, '\n');
        json_t *line = json_loadb(left.ptr, end, 0, NULL);
        assert_true(json_is_object(line));
        const char *its = json_string_value(json_object_get(line, "id"));
        if (!told && (!id || (its && strcmp(its, id) == 0)))
            told = json_incref(line);
        json_decref(line);
        left = slice_from(left, end + 1);
        lines++;
    }
    return lines;
}

static const char *word(const char *name)
{
    return json_string_value(json_object_get(told, name));
}

static void forget(void)
{
    json_decref(told);
    told = NULL;
}

TEST(test_a_session_is_told_as_it_was_written)
{
    struct live_session session = {.client = {4, {192, 0, 2, 1}}, .port = 999, .secured = 1};
    live_text(session.id, sizeof session.id, SLICE("abc"));
    live_text(session.sender, sizeof session.sender, SLICE("r\xc3\xb6@x.example"));
    show(row, &session);
    assert_int_equal(tell("abc"), 1);
    assert_string_equal(word("client"), "192.0.2.1");
    assert_string_equal(word("from"), "r\xc3\xb6@x.example");
    assert_true(json_is_true(json_object_get(told, "tls")));
    forget();
}

TEST(test_controls_and_families_that_are_none_are_not_told)
{
    struct live_session session = {.client = {9, {1}}};
    live_text(session.id, sizeof session.id, SLICE("a\x1b[2Jb\r\n\xc2\x9b\xc3\xa4"));
    show(row, &session);
    assert_int_equal(tell(NULL), 1);
    assert_string_equal(word("id"), "a?[2Jb???\xc3\xa4");
    assert_null(word("client"));
    forget();
}

static void fill_places(unsigned char octet)
{
    struct live_session full;
    memset(&full, octet, sizeof full);
    for (int place = 0; place < LIVE_SESSIONS_MAX; place++)
        show(row, &full);
}

static void fill_pages(unsigned char octet)
{
    memset((void *)shared_live(parent.shared, row), octet, LIVE_SESSIONS_ROOM);
}

static unsigned told_beside(void (*fill)(unsigned char), unsigned char octet)
{
    struct live_session session = {.id = "good"};
    fill(octet);
    show(other, &session);
    unsigned lines = tell("good");
    assert_non_null(told);
    tear_down();
    forget();
    set_up();
    return lines;
}

TEST(test_whatever_one_row_is_full_of_the_sessions_of_others_are_told)
{
    static const unsigned char octets[] = {0xff, 0x01, 0x22, 0x5c, 0x7f, 0x80};
    for (size_t i = 0; i < sizeof octets; i++) {
        assert_int_equal(told_beside(fill_places, octets[i]), MOST);
        assert_in_range(told_beside(fill_pages, octets[i]), 1, MOST);
    }
}
