/* SPDX-License-Identifier: ISC
 * What somebody says of messages: how much of it scanners are given at once. */
#include "proxy/examine/labelling.h"

#include "tests/harness/unit.h"

#include <event2/event.h>
#include <unistd.h>

enum { AT_ONCE = 64, MS = 60000 };

static struct config config;
static struct proxy proxy;
static int queue[2];
static struct ipc_message jobs[AT_ONCE];
static char room[IPC_PAYLOAD_MAX + 2];

static void start(void)
{
    assert_int_equal(ipc_pair(queue), 0);
    config.settings.timeouts_scan = MS;
    proxy = (struct proxy){
        .config = &config, .base = event_base_new(), .queue[SCANNER_SCAN] = queue[0]};
    assert_non_null(proxy.base);
}

static void stop(void)
{
    event_base_free(proxy.base);
    close(queue[0]);
    close(queue[1]);
}

EACH_TEST(start, stop);

static struct labelling *begin(void)
{
    const struct label label = {.account = SLICE("a@example.org"), .reference = SLICE("1.2")};
    return labelling_begin(&proxy, SLICE("Subject: hello\r\n\r\nhello\r\n"), &label);
}

TEST(test_a_job_counts_until_a_scanner_is_through_with_it_whoever_has_gone)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct labelling *labelling = begin();
        assert_non_null(labelling);
        assert_int_equal(ipc_recv(queue[1], &jobs[i], room, sizeof room, true), 1);
        labelling_drop(labelling);
    }
    assert_null(begin());
    for (size_t i = 0; i < AT_ONCE; i++)
        ipc_close_fds(&jobs[i]);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    struct labelling *last = begin();
    assert_non_null(last);
    assert_int_equal(ipc_recv(queue[1], &jobs[0], room, sizeof room, true), 1);
    labelling_drop(last);
    ipc_close_fds(&jobs[0]);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
}
