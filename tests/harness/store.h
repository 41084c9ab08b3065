/* SPDX-License-Identifier: ISC
 * A store of held messages for a test: keys, messages, a look at all of it. To be included by one
 * file of a program. */
#ifndef TESTS_HARNESS_STORE_H
#define TESTS_HARNESS_STORE_H

#include "base/clock.h"
#include "keeper/held_internal.h"
#include "keeper/unseal.h"
#include "tests/harness/folder.h"
#include "tests/harness/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 86400, MEGABYTE = 1 << 20, TO_MOST = 40, OPENED_MOST = 4 * MEGABYTE };

static struct unseal_keys keys;
static struct held *held;
static char base[64], folder[80];

static void read_keys(void)
{
    static const struct slice pem =
        SLICE("-----BEGIN PRIVATE KEY-----\n"
              "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
              "-----END PRIVATE KEY-----\n");
    const char *reason = "";
    assert_true(seal_prepare());
    if (!unseal_keys_read(pem, &keys, &reason))
        fail_msg("%s", reason);
}

static struct held *open_store(uint64_t size, uint64_t era)
{
    const char *reason = "";
    struct seal_key public;
    struct held *opened = held_open(folder, size, era, &reason);
    if (!opened)
        fail_msg("%s", reason);
    unseal_keys_public(&keys, 0, &public);
    held_seal_to(opened, &public);
    return opened;
}

static void make_base(void)
{
    assert_true(folder_new(base, "held"));
    snprintf(folder, sizeof folder, "%s/held", base);
}

static void remove_tree(const char *path)
{
    char name[PATH_MAX];
    DIR *entries = opendir(path);
    for (struct dirent *e; entries && (e = readdir(entries));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_type == DT_DIR)
            remove_tree(name);
        else
            unlink(name);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

/* ---- messages ---- */

struct letter {
    const char *text, *sender; /* sender: NULL: somebody */
    const char *to[TO_MOST];   /* to the first NULL */
    uint64_t age, room;        /* 0: a week, any */
    const char *apart;         /* NULL: nothing makes it another */
    uint64_t ticket;           /* 0: another for each */
};

static uint64_t last_ticket = 1000;

static struct slice domain_of(struct slice address)
{
    return slice_from(address, slice_rfind(address, '@') + 1);
}

static struct hold_request request_of(const struct letter *letter,
                                      struct hold_recipient to[static TO_MOST])
{
    size_t count = 0;
    for (; count < TO_MOST && letter->to[count]; count++)
        to[count] = (struct hold_recipient){.address = slice_of(letter->to[count]),
                                            .domain = domain_of(slice_of(letter->to[count])),
                                            .why = SLICE("spam"),
                                            .rule = SLICE("the rule"),
                                            .age = letter->age ? letter->age : 7 * DAY,
                                            .room = letter->room};
    return (struct hold_request){
        .reference = SLICE("reference.1"),
        .client = SLICE("192.0.2.1"),
        .sender = slice_of(letter->sender ? letter->sender : "sender@client.example"),
        .subject = SLICE("a subject"),
        .fields = SLICE("Received: from somewhere\r\n"),
        .apart = slice_of(letter->apart),
        .ticket = letter->ticket ? letter->ticket : ++last_ticket,
        .recipients = to,
        .recipient_count = count};
}

/* Not committed. */
static struct hold_answer add(struct letter letter)
{
    struct hold_recipient to[TO_MOST];
    struct hold_answer answer;
    struct hold_request request = request_of(&letter, to);
    struct buf octets = buf_init(HOLD_MAX);
    assert_true(hold_encode(&octets, &request));
    held_add(held, buf_slice(&octets), &request, slice_of(letter.text), &answer);
    buf_release(&octets);
    return answer;
}

/* ---- what a container holds ---- */

static char opened_room[OPENED_MOST];
static size_t opened_len;

static bool collect(void *ctx, struct slice octets)
{
    (void)ctx;
    assert_true(octets.len <= sizeof opened_room - opened_len);
    memcpy(opened_room + opened_len, octets.ptr, octets.len);
    opened_len += octets.len;
    return true;
}

/* The message that the container of `id` holds; ptr NULL: it cannot be opened. */
static struct slice open_container(const struct held *of, uint64_t id)
{
    const char *reason = "";
    int fd = held_container(of, id);
    opened_len = 0;
    bool opened = fd >= 0 && unseal_read(fd, &keys, (struct slice){(const char *)&id, sizeof id},
                                         OPENED_MOST, collect, NULL, &reason);
    if (fd >= 0)
        close(fd);
    if (!opened)
        return (struct slice){NULL, 0};
    struct unpack in = {.left = {opened_room, opened_len}};
    unpack_slice(&in); /* the request */
    return in.bad ? (struct slice){NULL, 0} : in.left;
}

/* ---- whether all of it fits together ---- */

static int64_t number_by(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static uint64_t size_of_file(const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* What the containers in the folder take, and how many there are. */
static uint64_t containers(size_t *count)
{
    uint64_t octets = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    *count = 0;
    for (struct dirent *e; (e = readdir(entries));) {
        size_t len = strlen(e->d_name);
        if (len < 7 || strcmp(e->d_name + len - 7, ".sealed") != 0)
            continue;
        ++*count;
        octets += size_of_file(e->d_name);
    }
    closedir(entries);
    return octets;
}

/* Nothing is under way. */
static void assert_adds_up(struct held *of)
{
    size_t count;
    assert_true(of->db && !of->changing);
    uint64_t octets = containers(&count);
    assert_int_equal(octets, of->octets);
    assert_int_equal(number_by(of->db, "SELECT coalesce(sum(stored), 0) FROM message"), octets);
    assert_int_equal(number_by(of->db, "SELECT count(*) FROM message WHERE stored > 0"), count);
    assert_int_equal(number_by(of->db, "SELECT count(*) FROM message m WHERE (stored > 0) <> EXISTS"
                                       " (SELECT 1 FROM recipient WHERE message = m.id"
                                       " AND state < 5)"),
                     0);
    assert_int_equal(number_by(of->db,
                               "SELECT count(*) FROM share s WHERE octets <> (SELECT coalesce(sum("
                               "m.stored), 0) FROM recipient r JOIN message m ON m.id = r.message"
                               " WHERE r.domain = s.domain AND r.state < 5)"),
                     0);
    assert_int_equal(number_by(of->db, "SELECT count(*) FROM recipient WHERE state < 5 AND domain "
                                       "NOT IN (SELECT domain FROM share)"),
                     0);
}

#endif
