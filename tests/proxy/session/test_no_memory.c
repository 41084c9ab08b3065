/* SPDX-License-Identifier: ISC
 * Memory runs out while something is made: what was made so far is given back, nothing crashes, and
 * a proxy serves on. */
#include "tests/harness/memory_loader.h"

#include "base/log.h"
#include "filters/dns/inquiry.h"
#include "filters/dns/resolver.h"
#include "policy/table.h"
#include "proxy/process/list_watch.h"
#include "proxy/session/listener.h"
#include "proxy/session/session.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_protocol.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/failing_memory.h"
#include "tests/harness/unit.h"

static const char text[] =
    "backend a { smtp \"127.0.0.1:1\"  smtp \"127.0.0.1:2\"  recipient_check off  probe off }\n"
    "backend b { smtp \"127.0.0.1:3\" }\n"
    "domain \"x.test\" \"*.y.test\" { backend a  recipients from file \"users.txt\" }\n"
    "table t { \"a.test\" \"*.b.test\" }\n"
    "table n { \"192.0.2.0/24\" }\n"
    "blocklist \"list.test\" { \"127.0.0.2\" }\n"
    "rule \"helo\" when helo in t or client.ip in n then drop\n"
    "rule \"words\" when sender matches /spam|ham/i then reject 550 5.7.1 \"no, {sender}\"\n"
    "rule \"attached\" when any a in attachments (a.extension in [\"exe\", \"scr\"]) then discard\n"
    "rule \"mark\" when score > 1 then header add \"X-Score\" \"{score}\"\n"
    "test \"t\" { given helo \"a.test\" expect drop by \"helo\" }\n";

static const struct memory_files files = {{{"users.txt", "user@x.test\n@a.y.test\n"}}};

static struct proxy proxy;
static struct config *config;
static struct listener listener = {.name = SLICE("smtp")};

static struct config *load(void)
{
    struct buf report = buf_init(65536);
    struct config *loaded = load_with(files, text, &report);
    if (!loaded && !hit)
        fail_msg("%.*s", SLICE_ARGS(buf_slice(&report)));
    if (loaded) {
        assert_int_equal(policy_rule_count(loaded->policy), 4);
        assert_int_equal(loaded->domain_count, 2);
        assert_int_equal(table_count(loaded->domains[1].recipients), 2);
    }
    buf_release(&report);
    return loaded;
}

static void load_and_test(void)
{
    struct config *loaded = load();
    unsigned total;
    struct buf report = buf_init(65536);
    if (loaded)
        assert_true(config_run_tests(loaded, &total, &report) == 0 || hit);
    config_free(&loaded);
    buf_release(&report);
}

TEST(test_a_configuration_is_read_whole_or_not)
{
    memory_fails_everywhere(load_and_test, 10);
}

static void make_backends(void)
{
    struct smtp_pools *all =
        smtp_pools_new(proxy.base, config, SLICE(""), proxy.shared, proxy.row, 1);
    assert_true(all || hit);
    smtp_pools_free(&all);
}

TEST(test_backends_are_made_whole_or_not)
{
    memory_fails_everywhere(make_backends, 5);
}

static void nobody_asks(void *ctx)
{
    (void)ctx;
}

static void make_parts(void)
{
    static const struct redis_owner owner = {.wanted = nobody_asks};
    const char *reason;
    struct redis *redis =
        redis_new(proxy.base, config, &(struct redis_files){.password = SLICE("secret")}, &owner);
    struct state *memory = redis ? state_new(proxy.base, redis, config, SLICE("a secret")) : NULL;
    struct resolver *resolver = resolver_new(proxy.base, config, &reason);
    struct list_watch *watch =
        resolver ? list_watch_new(proxy.base, resolver, config, proxy.shared, proxy.row) : NULL;
    struct recipient_cache *cache = recipient_cache_new();
    struct acceptor *acceptor = acceptor_new(&proxy, &smtp_protocol, &listener,
                                             socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    assert_true((redis && memory && resolver && watch && cache && acceptor) || hit);
    acceptor_free(&acceptor);
    recipient_cache_free(&cache);
    list_watch_free(&watch);
    resolver_free(&resolver);
    state_free(&memory);
    redis_free(&redis);
}

TEST(test_what_a_proxy_is_made_of_is_made_whole_or_not)
{
    memory_fails_everywhere(make_parts, 10);
}

TEST(test_a_line_of_the_log_needs_no_memory)
{
    char said[200] = "";
    int log = memfd_create("log", 0), before = dup(STDERR_FILENO);
    dup2(log, STDERR_FILENO);
    allowed = 0;
    for_ever = true;
    log_at(LEVEL_ERROR, "s1", "in-doubt", field_str("to", "user@x.test"));
    allowed = -1;
    dup2(before, STDERR_FILENO);
    assert_true(pread(log, said, sizeof said - 1, 0) > 0);
    assert_non_null(strstr(said, "error: s1 in-doubt to=user@x.test\n"));
    close(before);
    close(log);
}

static void turn(int times)
{
    for (int i = 0; i < times; i++)
        event_base_loop(proxy.base, EVLOOP_NONBLOCK);
}

static const struct ip client = {.family = 4, .bytes = {127, 0, 0, 1}};

/* The session's end of a connection on which all this is said at once. */
static int connection(const char *said, int *other)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(write(pair[1], said, strlen(said)) == (ssize_t)strlen(said));
    *other = pair[1];
    return pair[0];
}

static void say(const char *said)
{
    int other, fd = connection(said, &other);
    session_begin(&proxy, &smtp_protocol, &listener,
                  &(struct arrival){.fd = fd, .client = client, .local = client, .port = 1});
    turn(30);
    allowed = -1;
    turn(30);
    close(other);
    turn(30);
    while (!TAILQ_EMPTY(&proxy.sessions)) /* an event of its was never set */
        session_end(TAILQ_FIRST(&proxy.sessions));
    assert_int_equal(proxy.session_count, 0);
}

static void begin_and_leave(void)
{
    say("QUIT\r\n");
}

TEST(test_a_session_that_cannot_begin_ends)
{
    memory_fails_everywhere(begin_and_leave, 5);
}

static void send_a_message(void)
{
    say("EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<user@x.test>\r\n"
        "RCPT TO:<user@elsewhere.test>\r\nRCPT TO:<any@a.y.test>\r\nDATA\r\n"
        "Subject: x\r\n\r\nhello\r\n.\r\nRSET\r\nQUIT\r\n");
}

TEST(test_a_dialogue_without_memory_ends_only_itself)
{
    memory_fails_everywhere(send_a_message, 20);
}

static void open_all(void)
{
    int fd;
    memory_take_libevent();
    log_open("test", SINK_STDERR, LEVEL_ERROR);
    config = load();
    proxy.config = config;
    proxy.base = event_base_new();
    proxy.shared = shared_new(&fd);
    close(fd);
    proxy.row = (unsigned)shared_row_claim(proxy.shared);
    proxy.queue[0] = proxy.queue[1] = proxy.keeper = -1;
    TAILQ_INIT(&proxy.sessions);
    TAILQ_INIT(&proxy.unshown);
    proxy.backends = smtp_pools_new(proxy.base, config, SLICE(""), proxy.shared, proxy.row, 1);
    proxy.recipients = recipient_cache_new();
    assert_true(proxy_learn_policy(&proxy));
}

static void close_all(void)
{
    smtp_pools_free(&proxy.backends);
    recipient_cache_free(&proxy.recipients);
    shared_free(&proxy.shared);
    event_base_free(proxy.base);
    config_free(&config);
}

ALL_TESTS(open_all, close_all);
