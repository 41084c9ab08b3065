/* SPDX-License-Identifier: ISC
 * Memory runs out while the parent reads a configuration and makes a generation of proxies of it:
 * it says so, and goes on with what it has. */
#include "tests/harness/failing_memory.h"

#include "base/log.h"
#include "parent/parent_slot.h"
#include "parent/parent_watch.h"
#include "tests/harness/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] = "backend a { smtp \"127.0.0.1:1\" }\n"
                           "domain \"x.test\" { backend a  recipients from file \"users.txt\" }\n"
                           "log { to \"stderr\" }\n"
                           "keeper { user \"daemon\" } process { user \"nobody\"  chroot \"\" }\n";

static struct shared *shared;
static char folder[] = "/tmp/gatepost-memory-XXXXXX", path[64];

static void write_file(const char *name, const char *content)
{
    char at[64];
    snprintf(at, sizeof at, "%s/%s", folder, name);
    FILE *f = fopen(at, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static void load_and_prepare(void)
{
    struct parent parent = {.shared = shared};
    struct loaded loaded = {0};
    struct buf report = buf_init(65536);
    bool usable =
        loaded_read(&loaded, path, SLICE("mx.test"), &(struct succession){.before = NULL}, &report);
    bool watched = loaded.bundle && watch_bundle(&parent.signatures, loaded.bundle, NULL, NULL);
    struct generation *generation = usable ? generation_new(&parent, &loaded, &report) : NULL;
    assert_true(hit || (generation && watched));
    parent.old = generation; /* without proxies it ends at the next look */
    generation_settle(&parent, 1);
    assert_null(parent.old);
    watch_free(&parent.signatures);
    loaded_free(&loaded);
    buf_release(&report);
}

TEST(test_a_generation_is_made_whole_or_not)
{
    memory_fails_everywhere(load_and_prepare, 20);
}

static void make_files(void)
{
    int fd;
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    log_open("test", SINK_STDERR, LEVEL_ERROR);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t.conf", folder);
    write_file("t.conf", text);
    write_file("users.txt", "user@x.test\n");
}

static void remove_files(void)
{
    char users[64];
    snprintf(users, sizeof users, "%s/users.txt", folder);
    shared_free(&shared);
    assert_int_equal(unlink(path) + unlink(users) + rmdir(folder), 0);
}

/* A proxy that were told less would end, with all its sessions. */
TEST(test_a_proxy_is_told_all_ticket_keys_without_memory)
{
    static struct tickets tickets;
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int ends[2];
    assert_int_equal(ipc_pair(ends), 0);
    struct slot slot = {.control = ends[0], .state = PROXY_SERVING};
    allowed = 0;
    for_ever = true;
    bool sent = slot_send_tickets(&slot, &tickets);
    allowed = -1;
    assert_true(sent);
    assert_int_equal(ipc_recv(ends[1], &message, inbox, sizeof inbox, false), 1);
    assert_true(message_allowed(&message, MESSAGE_DOWN, PROXY_SERVING));
    close(ends[0]);
    close(ends[1]);
}

ALL_TESTS(make_files, remove_files);
