/* SPDX-License-Identifier: ISC
 * The parent's small pure pieces: arguments, back-off, ticket keys, the table of messages, watched
 * files, listening sockets. */
#include "base/child.h"
#include "common/messages.h"
#include "parent/parent_args.h"
#include "parent/parent_backoff.h"
#include "parent/parent_listen.h"
#include "parent/parent_notify.h"
#include "parent/parent_tickets.h"
#include "parent/parent_watch.h"
#include "tests/harness/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct arguments parse(const char *const words[])
{
    char *argv[8] = {NULL};
    int argc = 0;
    while (words[argc]) {
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    return arguments_parse(argc, argv);
}

#define PARSE(...) parse((const char *const[]){"gatepost", __VA_ARGS__, NULL})

TEST(test_without_arguments_it_runs_on_the_standard_file)
{
    struct arguments got = PARSE(NULL);
    assert_int_equal(got.want, ARGUMENTS_RUN);
    assert_false(got.foreground);
    assert_string_equal(got.path, "/etc/gatepost/gatepost.conf");
}

TEST(test_options_are_understood_together_and_apart)
{
    struct arguments got = PARSE("-Fnc", "a.conf");
    assert_int_equal(got.want, ARGUMENTS_CHECK);
    assert_true(got.foreground);
    assert_string_equal(got.path, "a.conf");
    assert_int_equal(PARSE("-v").want, ARGUMENTS_VERSION);
    assert_string_equal(PARSE("-c", "b.conf", "-F").path, "b.conf");
}

TEST(test_the_first_run_has_options_of_its_own)
{
    assert_int_equal(PARSE("--first-run").want, ARGUMENTS_FIRST_RUN);
    assert_int_equal(PARSE("-c", "a.conf", "--first-run", "--domain", "a").want,
                     ARGUMENTS_FIRST_RUN);
}

TEST(test_wrong_arguments_are_told)
{
    assert_int_equal(PARSE("-x").want, ARGUMENTS_WRONG);
    assert_int_equal(PARSE("-c").want, ARGUMENTS_WRONG);
    assert_int_equal(PARSE("-c", "").want, ARGUMENTS_WRONG);
    assert_int_equal(PARSE("-F", "extra").want, ARGUMENTS_WRONG);
    assert_int_equal(PARSE("-n", "-x", "-n").want, ARGUMENTS_WRONG);
}

TEST(test_the_first_death_costs_no_time_the_next_ones_more_and_more)
{
    static const int64_t delays[] = {0, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct backoff backoff = {0};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++)
        assert_int_equal(backoff_after(&backoff, 0, 5000), 5000 + delays[i]);
}

TEST(test_having_served_for_a_while_makes_it_the_first_death_again)
{
    struct backoff backoff = {.delay = 16000};
    assert_int_equal(backoff_after(&backoff, 4500, 5000), 21000);
    assert_int_equal(backoff_after(&backoff, 5000, 6000), 6000);
    assert_int_equal(backoff_after(&backoff, 6000, 6500), 7500);
}

TEST(test_ticket_keys_move_from_next_to_now_to_before)
{
    struct tickets tickets;
    assert_true(tickets_init(&tickets, 100));
    struct tickets first = tickets;
    assert_false(tickets_rotate(&tickets, 100 + TICKETS_LIFE - 1));
    assert_memory_equal(&tickets, &first, sizeof first);
    assert_true(tickets_rotate(&tickets, 100 + TICKETS_LIFE));
    assert_memory_equal(tickets.keys[0], first.keys[2], TICKET_KEY_SIZE);
    assert_memory_equal(tickets.keys[1], first.keys[0], TICKET_KEY_SIZE);
    assert_memory_not_equal(tickets.keys[2], first.keys[1], TICKET_KEY_SIZE);
}

static bool allowed(uint16_t type, const char *payload, size_t size, size_t fds,
                    enum message_direction direction, enum proxy_state proxy)
{
    struct ipc_message message = {.type = type, .payload = {payload, size}, .fd_count = fds};
    return message_allowed(&message, direction, proxy);
}

TEST(test_a_message_comes_only_when_and_as_the_table_says)
{
    assert_true(allowed(MESSAGE_READY, "", 0, 0, MESSAGE_UP, PROXY_STARTING));
    assert_false(allowed(MESSAGE_READY, "", 0, 0, MESSAGE_UP, PROXY_SERVING));
    assert_false(allowed(MESSAGE_READY, "", 0, 0, MESSAGE_DOWN, PROXY_STARTING));
    assert_false(allowed(MESSAGE_READY, "x", 1, 0, MESSAGE_UP, PROXY_STARTING));
    assert_false(allowed(MESSAGE_READY, "", 0, 1, MESSAGE_UP, PROXY_STARTING));
    assert_true(allowed(MESSAGE_LISTENER, "\1\0\0\0", 4, 1, MESSAGE_DOWN, PROXY_CONFIGURING));
    assert_false(allowed(MESSAGE_LISTENER, "\1\0\0\0", 4, 0, MESSAGE_DOWN, PROXY_CONFIGURING));
    assert_false(allowed(MESSAGE_LISTENER, "\1\0\0", 3, 1, MESSAGE_DOWN, PROXY_CONFIGURING));
    assert_true(allowed(MESSAGE_FAILED, "\2\0\0\0no", 6, 0, MESSAGE_UP, PROXY_STARTING));
    assert_false(allowed(MESSAGE_FAILED, "\2\0\0\0now", 7, 0, MESSAGE_UP, PROXY_STARTING));
    assert_false(allowed(MESSAGE_COUNT, "", 0, 0, MESSAGE_UP, PROXY_STARTING));
    assert_string_equal(message_name(MESSAGE_DRAIN), "DRAIN");
    assert_string_equal(message_name(MESSAGE_COUNT), "?");
}

TEST(test_a_death_is_told_with_its_signal)
{
    assert_string_equal(child_death(3 << 8), "exit 3");
    assert_string_equal(child_death(SIGSEGV), "killed by SIGSEGV");
}

TEST(test_systemd_is_left_in_peace_when_it_did_not_ask)
{
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_alive_interval(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_alive_interval(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_alive_interval(), 0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

/* Files */

static char folder[64], path[128];

static void write_file(const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/test_parent.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a", folder);
}

static void remove_folder(void)
{
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

TEST_WITH(test_a_change_counts_once_it_has_settled, make_folder, remove_folder)
{
    write_file("one");
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason;
    assert_true(bundle_read(bundle, slice_of(path), &content, &reason));
    struct watch watch = {0};
    assert_true(watch_bundle(&watch, bundle, NULL, NULL));
    assert_false(watch_look(&watch));
    write_file("longer");
    assert_false(watch_look(&watch));
    write_file("longer still");
    assert_false(watch_look(&watch));
    assert_true(watch_look(&watch));
    assert_false(watch_look(&watch));
    unlink(path);
    assert_false(watch_look(&watch));
    assert_true(watch_look(&watch));
    watch_free(&watch);
    bundle_free(&bundle);
}

TEST_WITH(test_a_file_that_was_missing_is_seen_when_it_comes, make_folder, remove_folder)
{
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason;
    assert_false(bundle_read(bundle, slice_of(path), &content, &reason));
    struct watch watch = {0};
    assert_true(watch_bundle(&watch, bundle, NULL, NULL));
    assert_false(watch_look(&watch));
    write_file("here");
    assert_false(watch_look(&watch));
    assert_true(watch_look(&watch));
    watch_free(&watch);
    bundle_free(&bundle);
}

TEST_WITH(test_a_folder_is_watched_with_its_entries, make_folder, remove_folder)
{
    struct watch watch = {0};
    assert_true(watch_folder(&watch, folder));
    assert_false(watch_look(&watch));
    write_file("signature");
    assert_false(watch_look(&watch));
    assert_true(watch_look(&watch));
    write_file("another signature");
    assert_false(watch_look(&watch));
    assert_true(watch_look(&watch));
    watch_free(&watch);
}

/* Sockets */

static uint16_t free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static struct listener listener_on(uint16_t port)
{
    return (struct listener){
        .ip = {4, {127, 0, 0, 1}}, .port = port, .address = SLICE("127.0.0.1:x")};
}

TEST(test_each_slot_has_its_socket_and_keeps_it)
{
    struct listener listeners[] = {listener_on(free_port()), listener_on(free_port())};
    struct config config = {.listeners = listeners, .listener_count = 1};
    struct sockets sockets = {0};
    struct buf report = buf_init(1000);
    assert_true(sockets_open(&sockets, &config, 2, &report));
    assert_int_equal(sockets.count, 2);
    size_t at = 0;
    int second = sockets_next(&sockets, &listeners[0], 1, 2, &at);
    assert_true(second >= 0);
    assert_int_equal(sockets_next(&sockets, &listeners[0], 1, 2, &at), -1);
    int nodelay = 0, listens = 0;
    socklen_t size = sizeof nodelay;
    getsockopt(second, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
    getsockopt(second, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    assert_true(nodelay && listens);

    config.listener_count = 2;
    assert_true(sockets_open(&sockets, &config, 3, &report));
    assert_int_equal(sockets.count, 6);
    at = 0;
    assert_int_equal(sockets_next(&sockets, &listeners[0], 1, 3, &at), second);

    at = 0; /* one slot alone serves them all */
    for (int i = 0; i < 3; i++)
        assert_true(sockets_next(&sockets, &listeners[0], 0, 1, &at) >= 0);
    assert_int_equal(sockets_next(&sockets, &listeners[0], 0, 1, &at), -1);

    config.listener_count = 1;
    sockets_prune(&sockets, &config);
    assert_int_equal(sockets.count, 3);
    sockets_prune(&sockets, NULL);
    assert_int_equal(sockets.count, 0);
    buf_release(&report);
}

TEST(test_a_socket_that_cannot_be_had_leaves_all_as_it_was)
{
    struct listener listeners[] = {listener_on(free_port()), listener_on(free_port())};
    struct config taken = {.listeners = &listeners[1], .listener_count = 1};
    struct config config = {.listeners = listeners, .listener_count = 2};
    struct sockets other = {0}, sockets = {0};
    struct buf report = buf_init(1000);
    assert_true(sockets_open(&other, &taken, 1, &report));
    assert_false(sockets_open(&sockets, &config, 2, &report));
    assert_int_equal(sockets.count, 0);
    assert_true(slice_starts(buf_slice(&report), SLICE("error: cannot listen on 127.0.0.1:x: ")));
    sockets_prune(&sockets, NULL);
    sockets_prune(&other, NULL);
    buf_release(&report);
}

TEST(test_two_listeners_on_one_address_are_refused)
{
    uint16_t port = free_port();
    struct listener listeners[] = {listener_on(port), listener_on(port)};
    struct config config = {.listeners = listeners, .listener_count = 2};
    struct sockets sockets = {0};
    struct buf report = buf_init(1000);
    assert_false(sockets_open(&sockets, &config, 1, &report));
    assert_int_equal(sockets.count, 0);
    buf_release(&report);
}

static int connected(int family, uint16_t port)
{
    struct sockaddr_storage to = {.ss_family = (sa_family_t)family};
    if (family == AF_INET)
        *(struct sockaddr_in *)&to =
            (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    else
        *(struct sockaddr_in6 *)&to = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM, 0);
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (connect(fd, (const struct sockaddr *)&to, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Below those that the kernel gives to connections, whose other ends would be in the way of all addresses. */
static uint16_t free_port_of_all(void)
{
    static uint16_t port = 10000;
    for (;; port++) {
        int four = sockets_bind(&(struct ip){.family = 4}, port, false);
        int six = sockets_bind(&(struct ip){.family = 6}, port, false);
        if (four >= 0)
            close(four);
        if (six >= 0)
            close(six);
        if (four >= 0 && six >= 0)
            return port++;
    }
}

static bool answers(int family, uint16_t port)
{
    int fd = connected(family, port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static struct listener listener_of_all(uint8_t family, uint16_t port, bool takes_ipv4)
{
    return (struct listener){.ip = {.family = family},
                             .port = port,
                             .takes_ipv4 = takes_ipv4,
                             .address = SLICE("[::]:x")};
}

TEST(test_a_listener_of_all_of_ipv6_has_a_socket_of_ipv4_as_well)
{
    uint16_t port = free_port_of_all();
    struct listener listener = listener_of_all(6, port, true);
    struct config config = {.listeners = &listener, .listener_count = 1};
    struct sockets sockets = {0};
    struct buf report = buf_init(1000);
    size_t at = 0;
    assert_true(sockets_open(&sockets, &config, 1, &report));
    int six = sockets_next(&sockets, &listener, 0, 1, &at);
    int four = sockets_next(&sockets, &listener, 0, 1, &at);
    assert_true(six >= 0 && four >= 0);
    assert_int_equal(sockets_next(&sockets, &listener, 0, 1, &at), -1);
    assert_true(answers(AF_INET, port) && answers(AF_INET6, port));

    listener.takes_ipv4 = false;
    sockets_prune(&sockets, &config);
    assert_false(answers(AF_INET, port));
    assert_true(answers(AF_INET6, port));
    sockets_prune(&sockets, NULL);
    buf_release(&report);
}

/* What waits in the queues outlives it: no socket is another one afterwards. */
TEST(test_a_reload_that_parts_ipv4_from_ipv6_keeps_both_queues)
{
    uint16_t port = free_port_of_all();
    struct listener both = listener_of_all(6, port, true);
    struct listener apart[] = {listener_of_all(6, port, false), listener_of_all(4, port, false)};
    struct config before = {.listeners = &both, .listener_count = 1};
    struct config after = {.listeners = apart, .listener_count = 2};
    struct sockets sockets = {0};
    struct buf report = buf_init(1000);
    size_t at = 0;
    assert_true(sockets_open(&sockets, &before, 1, &report));
    int six = sockets_next(&sockets, &both, 0, 1, &at);
    int four = sockets_next(&sockets, &both, 0, 1, &at);
    int waits = connected(AF_INET, port);
    assert_true(sockets_open(&sockets, &after, 1, &report));
    sockets_prune(&sockets, &after);
    assert_int_equal(sockets.count, 2);
    at = 0;
    assert_int_equal(sockets_next(&sockets, &apart[0], 0, 1, &at), six);
    at = 0;
    assert_int_equal(sockets_next(&sockets, &apart[1], 0, 1, &at), four);
    int served = accept(four, NULL, NULL);
    assert_true(served >= 0);
    close(served);
    close(waits);
    sockets_prune(&sockets, NULL);
    buf_release(&report);
}

TEST(test_a_reload_that_narrows_an_address_or_widens_it_is_taken)
{
    uint16_t port = free_port_of_all();
    struct listener all = listener_of_all(4, port, false), one = listener_on(port);
    struct config wide = {.listeners = &all, .listener_count = 1};
    struct config narrow = {.listeners = &one, .listener_count = 1};
    struct sockets sockets = {0};
    struct buf report = buf_init(1000);
    assert_true(sockets_open(&sockets, &wide, 1, &report));
    assert_true(sockets_open(&sockets, &narrow, 1, &report));
    sockets_prune(&sockets, &narrow);
    assert_true(sockets_open(&sockets, &wide, 1, &report));
    sockets_prune(&sockets, NULL);
    buf_release(&report);
}

TEST(test_that_only_ipv4_is_taken_by_another_is_said)
{
    uint16_t port = free_port_of_all();
    struct listener four = listener_of_all(4, port, false), both = listener_of_all(6, port, true);
    struct config taken = {.listeners = &four, .listener_count = 1};
    struct config config = {.listeners = &both, .listener_count = 1};
    struct sockets other = {0}, sockets = {0};
    struct buf report = buf_init(1000);
    assert_true(sockets_open(&other, &taken, 1, &report));
    assert_false(sockets_open(&sockets, &config, 1, &report));
    assert_true(slice_starts(buf_slice(&report),
                             SLICE("error: cannot listen on [::]:x for IPv4 as well (ipv6_only")));
    assert_int_equal(sockets.count, 0);
    sockets_prune(&sockets, NULL);
    sockets_prune(&other, NULL);
    buf_release(&report);
}
