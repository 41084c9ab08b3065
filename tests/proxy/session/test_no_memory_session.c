/* SPDX-License-Identifier: ISC
 * Memory runs out somewhere in a session's life, from its first octet to QUIT, with a scanner
 * beside it and a server behind: what is answered with 250 the server has, what the rules refuse it
 * has not, nothing that was counted stays counted, and the next session is served. */
#include "tests/harness/failing_memory.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/examine.h"
#include "filters/scanner/scan_serve.h"
#include "proxy/examine/asked_before.h"
#include "proxy/session/listener.h"
#include "proxy/session/session.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_protocol.h"
#include "tests/harness/certificate.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/smtp_script.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>

enum { STEPS_MAX = 12, PATIENCE_MS = 10000, BACKOFF_MS = 31000, PEM_MAX = 6000, HEARD_MAX = 8192 };

/* Names below .test and the addresses of this machine libunbound answers by itself. */
static const char configuration[] =
    "certificate \"mx.test\" { chain \"mx.pem\"  key \"mx.key\" }\n"
    "listen smtp on \"127.0.0.1:2525\" { starttls }\n"
    "backend a { smtp \"127.0.0.1:%u\" tls opportunistic  recipient_check on  probe off }\n"
    "domain \"x.test\" { backend a  recipients from file \"users.txt\" }\n"
    "blocklist \"list.test\" { \"127.0.0.2\" }\n"
    "antivirus { enabled off }\n"
    "rule \"listed\" when dnsbl.listed(\"list.test\") then drop\n"
    "rule \"spf\" when spf.result == fail then reject 550 5.7.1 \"no, {sender}\"\n"
    "rule \"dmarc\" when dmarc.result == fail then reject\n"
    "rule \"attached\" when any a in attachments (a.extension == \"exe\") then reject 550 5.7.1 "
    "\"no\"\n"
    "rule \"subject\" when message.subject matches /lottery/i then reject\n"
    "rule \"mark\" when client.ip == \"127.0.0.1\" then header add \"X-Mark\" "
    "\"{message.subject}\"\n";

static struct {
    struct event_base *base; /* of what is not under test */
    struct script_server server;
    SSL_CTX *tls;
    int queue, kept;
    struct scan_channel channel;
    char chain[PEM_MAX], key[PEM_MAX], text[4096];
    struct memory_files files;
} world;
static struct proxy proxy;
static struct config *config;

/* ---- the client: says each step once the one before has been answered */

static struct {
    const char *const *steps;
    size_t step;
    int fd, replies[STEPS_MAX];
    SSL *ssl;
    char heard[HEARD_MAX];
    size_t heard_len;
    bool hello, gone, refused, refused_for_good;
} client;

static void say(const char *text)
{
    if (client.ssl)
        SSL_write(client.ssl, text, (int)strlen(text));
    else
        (void)!write(client.fd, text, strlen(text));
}

static bool shaking(void)
{
    return client.ssl && !SSL_is_init_finished(client.ssl);
}

static void hear(void)
{
    char *to = client.heard + client.heard_len;
    size_t room = sizeof client.heard - client.heard_len;
    int n = client.ssl ? SSL_read(client.ssl, to, (int)room)
                       : (int)recv(client.fd, to, room, MSG_DONTWAIT);
    bool later =
        client.ssl ? SSL_get_error(client.ssl, n) == SSL_ERROR_WANT_READ : n < 0 && errno == EAGAIN;
    client.heard_len += n > 0 ? (size_t)n : 0;
    client.gone = n <= 0 && !later;
}

/* The code of the reply that is complete; 0: none is. */
static int next_reply(void)
{
    struct slice rest = {client.heard, client.heard_len}, line;
    while (slice_cut(rest, '\n', &line, &rest))
        if (line.len > 3 && line.ptr[3] != '-') {
            int code = atoi(line.ptr);
            client.heard_len = rest.len;
            memmove(client.heard, rest.ptr, rest.len);
            return code;
        }
    return 0;
}

/* After a refusal it only says good bye. */
static void go_on(int code)
{
    bool secured = client.step > 0 && strncmp(client.steps[client.step - 1], "STARTTLS", 8) == 0;
    if (client.refused)
        return;
    client.replies[client.step] = code;
    if (secured && code == 220) {
        client.ssl = SSL_new(world.tls);
        SSL_set_fd(client.ssl, client.fd);
        SSL_set_connect_state(client.ssl);
        SSL_do_handshake(client.ssl);
        client.hello = true;
        return;
    }
    client.refused |= code >= 400;
    client.refused_for_good |= code >= 500;
    if (client.steps[client.step])
        say(client.refused ? "QUIT\r\n" : client.steps[client.step++]);
}

static void client_turn(void)
{
    if (client.gone)
        return;
    if (shaking()) {
        int r = SSL_do_handshake(client.ssl);
        client.gone = r <= 0 && SSL_get_error(client.ssl, r) != SSL_ERROR_WANT_READ;
        return;
    }
    if (client.hello) {
        client.hello = false;
        say(client.steps[client.step++]);
        return;
    }
    hear();
    for (int code; !client.hello && (code = next_reply()) != 0;)
        go_on(code);
}

/* ---- the scanner */

static void serve_scanner(void)
{
    struct arena *arena = arena_new(64 << 20);
    struct scan_taken taken;
    while (scan_take(world.queue, false, arena, &taken) > 0) {
        struct scan_answer answer;
        static char text[65536];
        ssize_t n = taken.file >= 0 ? pread(taken.file, text, sizeof text, 0) : -1;
        struct slice bytes = n < 0 ? taken.octets : (struct slice){text, (size_t)n};
        taken.reply = (struct scan_reply){world.channel.sock, taken.address.number, &world.channel};
        if (!examine(arena, bytes, &taken.job, &answer) ||
            !scan_answer(&taken.reply, &taken.job, &answer))
            scan_refuse(&taken.reply, &(struct scan_failure){.reason = "out of memory"});
        scan_taken_end(&taken);
        arena_reset(arena);
    }
    arena_free(&arena);
}

/* ---- a dialogue */

static void turn(void)
{
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    long before = memory_suffices();
    client_turn();
    serve_scanner();
    event_base_loop(world.base, EVLOOP_NONBLOCK);
    memory_fails_again(before);
}

static void hang_up(void)
{
    SSL_free(client.ssl);
    close(client.fd);
}

/* What the last step but QUIT was answered with; 0: it was not. */
static int talk(const char *const *steps)
{
    static const struct ip localhost = {.family = 4, .bytes = {127, 0, 0, 1}};
    int pair[2], last = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    memset(&client, 0, sizeof client);
    client.fd = pair[1];
    client.steps = steps;
    session_begin(
        &proxy, &smtp_protocol, &config->listeners[0],
        &(struct arrival){.fd = pair[0], .client = localhost, .local = localhost, .port = 1});
    for (int64_t until = clock_ms() + PATIENCE_MS; !client.gone && clock_ms() < until;)
        turn();
    for (size_t i = 0; steps[i]; i++)
        last = strncmp(steps[i], "QUIT", 4) == 0 ? client.replies[i] : last;
    hang_up();
    return client.refused && last / 100 == 2 ? 0 : last;
}

/* An event that libevent had no memory for never comes: time-outs would end such a session. */
static void end_sessions(void)
{
    for (int i = 0; i < 100; i++)
        turn();
    while (!TAILQ_EMPTY(&proxy.sessions))
        session_end(TAILQ_FIRST(&proxy.sessions));
    for (int i = 0; i < 100; i++)
        turn();
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

static void make_backends(void)
{
    proxy.backends = smtp_pools_new(proxy.base, config, SLICE(""), proxy.shared, proxy.row, 1);
    assert_non_null(proxy.backends);
}

static void expect_nothing_held(void)
{
    static size_t at_first;
    struct ip ip = {.family = 4, .bytes = {127, 0, 0, 1}};
    end_sessions();
    smtp_pools_free(&proxy.backends);
    end_sessions();
    script_forget(&world.server);
    buf_clear(&world.server.commands);
    assert_int_equal(proxy.session_count, 0);
    assert_int_equal(shared_sessions(proxy.shared), 0);
    assert_int_equal(shared_spool(proxy.shared), 0);
    assert_int_equal(shared_scans(proxy.shared), 0);
    assert_int_equal(
        shared_backend(proxy.shared, shared_server(proxy.shared, &ip, world.server.port)), 0);
    unsigned doubts = 0;
    struct doubt doubt;
    assert_false(shared_doubt_next(proxy.shared, proxy.row, &doubts, &doubt));
    if (at_first == 0)
        at_first = descriptors();
    assert_int_equal(descriptors(), at_first);
    make_backends();
}

#define ENVELOPE                                                                                   \
    "EHLO client.test\r\n", "MAIL FROM:<a@client.test> SIZE=300\r\n", "RCPT TO:<user@x.test>\r\n", \
        "DATA\r\n"
#define HEADER                                                                                     \
    "From: a@client.test\r\nSubject: =?utf-8?q?hello?=\r\nMessage-ID: <1@client.test>\r\n"         \
    "MIME-Version: 1.0\r\n"
#define GOOD HEADER "\r\n..hello\r\n.\r\n"
#define BAD HEADER "Content-Type: application/octet-stream; name=\"run.exe\"\r\n\r\nMZ\r\n.\r\n"

static const char *const good[] = {ENVELOPE, GOOD, "QUIT\r\n", NULL};
static const char *const bad[] = {ENVELOPE, BAD, "QUIT\r\n", NULL};
static const char *const in_tls[] = {
    "EHLO client.test\r\n", "STARTTLS\r\n", ENVELOPE, GOOD, "QUIT\r\n", NULL};
static const char *const chunked[] = {"EHLO client.test\r\n",
                                      "MAIL FROM:<a@client.test>\r\n",
                                      "RCPT TO:<user@x.test>\r\n",
                                      "RSET\r\n",
                                      "MAIL FROM:<> SIZE=20\r\n",
                                      "RCPT TO:<user@x.test>\r\n",
                                      "BDAT 9\r\nTo: x\r\n\r\n",
                                      "BDAT 7 LAST\r\nhello\r\n",
                                      "QUIT\r\n",
                                      NULL};

static void expect_service(void)
{
    unsigned before = world.server.messages;
    allowed = -1;
    end_sessions();
    clock_advance(BACKOFF_MS); /* a server that could not be reached is asked again */
    assert_int_equal(talk(good), 250);
    assert_int_equal(world.server.messages, before + 1);
    expect_nothing_held();
}

static void deliver(const char *const *steps)
{
    unsigned before = world.server.messages;
    int code = talk(steps);
    assert_true(code == 250 || hit);
    assert_true(client.gone);
    if (code / 100 == 2) {
        assert_int_equal(world.server.messages, before + 1);
        assert_true(slice_search(buf_slice(&world.server.body), SLICE("hello\r\n.\r\n")) <
                    buf_len(&world.server.body));
    }
    assert_false(client.refused_for_good);
    expect_service();
}

static void deliver_plain(void)
{
    deliver(good);
}

static void deliver_in_tls(void)
{
    deliver(in_tls);
}

static void deliver_chunks(void)
{
    deliver(chunked);
}

static void refuse_it(void)
{
    unsigned before = world.server.messages;
    int code = talk(bad);
    assert_true(client.gone);
    assert_true(code == 550 || hit);
    assert_int_equal(world.server.messages, before);
    assert_true(code / 100 != 2);
    expect_service();
}

TEST(test_a_message_that_is_accepted_is_delivered)
{
    memory_fails_everywhere(deliver_plain, 60);
}

TEST(test_a_message_that_is_accepted_in_tls_is_delivered)
{
    memory_fails_everywhere(deliver_in_tls, 60);
}

TEST(test_a_message_is_delivered_in_tls_or_not_accepted)
{
    world.server.script.tls = server_context("behind.test");
    world.server.script.ehlo = "250-hi\r\n250-STARTTLS\r\n250 PIPELINING\r\n";
    assert_int_equal(talk(good), 250);
    assert_non_null(stream_ssl(world.server.all[0]->stream));
    memory_fails_everywhere(deliver_plain, 60);
    SSL_CTX_free(world.server.script.tls);
    world.server.script = (struct script){0};
}

TEST(test_a_message_in_chunks_that_is_accepted_is_delivered)
{
    memory_fails_everywhere(deliver_chunks, 60);
}

TEST(test_a_message_that_is_to_be_refused_is_never_delivered)
{
    memory_fails_everywhere(refuse_it, 60);
}

/* ---- making all that */

static void keep(BIO *pem, char *out)
{
    int n = BIO_read(pem, out, PEM_MAX - 1);
    assert_true(n > 0);
    BIO_free(pem);
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_for("mx.test", key);
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, cert);
    keep(pem, world.chain);
    pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    keep(pem, world.key);
    X509_free(cert);
    EVP_PKEY_free(key);
    world.tls = SSL_CTX_new(TLS_client_method());
}

static void make_world(void)
{
    const char *reason;
    assert_true(examine_warm_up(&reason));
    make_certificate();
    world.base = event_base_new();
    script_start(&world.server, world.base);
    world.files = (struct memory_files){
        {{"users.txt", "user@x.test\n"}, {"mx.pem", world.chain}, {"mx.key", world.key}}};
    snprintf(world.text, sizeof world.text, configuration, world.server.port);
}

static void make_channel(void)
{
    static const struct scan_answers_owner owner = {0};
    int pair[2];
    assert_int_equal(scan_channel_pair(pair), 0);
    world.channel = (struct scan_channel){.sock = pair[1]};
    proxy.answers = scan_answers_new(proxy.base, &owner);
    assert_non_null(proxy.answers);
    assert_true(scan_answers_open(proxy.answers, SCANNER_SCAN, pair[0], proxy.row, 0));
}

static void make_proxy(void)
{
    struct buf report = buf_init(65536);
    struct loader loader = {.read = memory_read, .ctx = &world.files};
    const char *reason = "";
    int fd, queue[2], kept[2];
    config = load_with(world.files, world.text, &report);
    if (!config)
        fail_msg("%.*s", SLICE_ARGS(buf_slice(&report)));
    buf_release(&report);
    proxy = (struct proxy){.config = config, .base = event_base_new(), .shared = shared_new(&fd)};
    close(fd);
    proxy.row = (unsigned)shared_row_claim(proxy.shared);
    assert_int_equal(ipc_pair(queue), 0);
    proxy.queue[SCANNER_SCAN] = queue[0];
    proxy.queue[SCANNER_AV] = -1;
    make_channel();
    assert_int_equal(ipc_pair(kept), 0);
    proxy.keeper = kept[0]; /* nobody reads it: in the end it is full */
    world.queue = queue[1];
    world.kept = kept[1];
    TAILQ_INIT(&proxy.sessions);
    TAILQ_INIT(&proxy.unshown);
    TAILQ_INIT(&proxy.line);
    TAILQ_INIT(&proxy.under_way);
    make_backends();
    proxy.recipients = recipient_cache_new();
    proxy.tls = tls_contexts_new(config, &loader, &reason);
    proxy.resolver = resolver_new(proxy.base, config, &reason);
    proxy.asked_before = asked_before_new();
    if (!proxy.tls || !proxy.resolver || !proxy.asked_before)
        fail_msg("%s", reason);
    assert_true(proxy_learn_policy(&proxy));
}

static void make_all(void)
{
    signal(SIGPIPE, SIG_IGN);
    memory_take_libevent();
    log_open("test", SINK_STDERR, LEVEL_PANIC);
    make_world();
    make_proxy();
    expect_service();
}

static void free_all(void)
{
    close(proxy.queue[SCANNER_SCAN]);
    close(world.channel.sock);
    scan_answers_free(&proxy.answers);
    close(world.queue);
    close(proxy.keeper);
    close(world.kept);
    resolver_free(&proxy.resolver);
    asked_before_free(&proxy.asked_before);
    tls_contexts_free(&proxy.tls);
    smtp_pools_free(&proxy.backends);
    recipient_cache_free(&proxy.recipients);
    shared_free(&proxy.shared);
    event_base_free(proxy.base);
    config_free(&config);
    script_stop(&world.server);
    event_base_free(world.base);
    SSL_CTX_free(world.tls);
}

ALL_TESTS(make_all, free_all);
