/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/errands.h"

#include "tests/harness/unit.h"

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct proxy proxy;

static int events(void)
{
    return event_base_get_num_events(proxy.base, EVENT_BASE_COUNT_ADDED);
}

TEST(test_of_a_pair_that_somebody_has_closed_no_more_is_heard)
{
    static struct errands *errands; /* a proxy has them until it ends */
    int pair[2], another[2];
    assert_non_null(proxy.base = event_base_new());
    assert_int_equal(ipc_pair(pair), 0);
    assert_int_equal(ipc_pair(another), 0);
    assert_non_null(errands = errands_new(&proxy, pair[1], NULL));
    assert_int_equal(events(), 1);
    shutdown(pair[1], SHUT_RDWR); /* as any proxy can */
    event_base_loop(proxy.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(events(), 0);
    errands_move(errands, another[1]);
    assert_int_equal(events(), 1);
    assert_false(errands_drain(errands));
    close(pair[0]);
    close(another[0]);
}
