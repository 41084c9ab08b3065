/* SPDX-License-Identifier: ISC
 * The programs themselves, as the parent starts them:
 * jailed, and as root with chroot and mounts of their own. */
#include "base/process.h"
#include "filters/scanner/family_control.h"
#include "filters/scanner/scan_ask.h"
#include "filters/sender/dkim.h"
#include "filters/sender/dkim_example.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/spf.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 60000, ARENA = 8 << 20, OPTIONS_MAX = 16 };

static struct {
    pid_t head;
    int control, queue;
} up;
static char folder[] = "/tmp/gatepost-scanners-XXXXXX";
static char empty[64], database[64], program[512];

static const char eicar[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
                            "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/* The program beside the folder of the tests. False when it was not built. */
static bool find_program(const char *name)
{
    char self[400];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    for (int up_one = 0; up_one < 2 && strrchr(self, '/'); up_one++)
        *strrchr(self, '/') = '\0';
    snprintf(program, sizeof program, "%s/%s", self, name);
    return access(program, X_OK) == 0;
}

static void start(const char *name, const char *signatures, struct family_heard *heard,
                  enum family_message expected)
{
    if (!find_program(name)) {
        print_message("%s is not built\n", name);
        skip();
    }
    int control[2], queue[2];
    assert_int_equal(ipc_pair(control), 0);
    assert_int_equal(ipc_pair(queue), 0);
    const char *argv[OPTIONS_MAX] = {program,    "--workers",   "1",     "--user",
                                     "nobody",   "--chroot",    empty,   "--database",
                                     signatures, "--log-level", "error", NULL};
    const char *const environment[] = {"GATEPOST_SANDBOX", "ASAN_OPTIONS", NULL};
    up.head = process_spawn(program, (char *const *)(uintptr_t)argv, environment,
                            (int[]){control[1], queue[1]}, 2, true);
    assert_true(up.head > 0);
    close(control[1]);
    close(queue[1]);
    up.control = control[0];
    up.queue = queue[0];
    struct pollfd wait = {.fd = up.control, .events = POLLIN};
    enum family_message message = FAMILY_NONE;
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    assert_int_equal(family_hear(up.control, FAMILY_HEAD, &message, heard), 1);
    assert_int_equal(message, expected);
}

static void stop(int expected)
{
    int status = -1;
    close(up.control);
    assert_int_equal(waitpid(up.head, &status, 0), up.head);
    close(up.queue);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

/* Without a message when its ptr is NULL. */
static int submit(struct slice text, const struct scan_job *job)
{
    int message = -1;
    if (text.ptr) {
        message = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(write(message, text.ptr, text.len), (ssize_t)text.len);
        assert_int_equal(fcntl(message, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW),
                         0);
    }
    int sock = scan_submit(up.queue, message, job);
    assert_true(sock >= 0);
    if (message >= 0)
        close(message);
    return sock;
}

static void ask_for(const struct scan_job *job, struct slice text, struct arena *arena,
                    struct scan_answer *answer)
{
    int sock = submit(text, job);
    struct scan_failure failure = {.reason = ""};
    struct pollfd wait = {.fd = sock, .events = POLLIN};
    struct scan_pieces pieces = {0};
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    if (scan_collect(sock, arena, 0, &pieces, answer, &failure) != 1)
        fail_msg("no answer: %s", failure.reason);
    close(sock);
}

static void ask(const char *text, struct arena *arena, struct scan_answer *answer)
{
    const struct scan_job job = {
        .message = true, .attachments = true, .limits = {8, 100, 1000, 64 << 20, 2000, 200, 0}};
    ask_for(&job, slice_of(text), arena, answer);
}

TEST(test_scan_tells_facts_from_its_jail)
{
    struct family_heard heard;
    struct scan_answer answer;
    start("gatepost-scan", "", &heard, FAMILY_READY);
    struct arena *arena = arena_new(ARENA);
    ask("Subject: =?koi8-r?b?8NLJ18XU?=\r\nMIME-Version: 1.0\r\nContent-Type: "
        "application/octet-stream; name=a.exe\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n",
        arena, &answer);
    const struct value *fact = answer.facts.fact;
    assert_true(slice_eq(fact[FACT_MESSAGE_SUBJECT].text, SLICE("Привет")));
    assert_int_equal(fact[FACT_ATTACHMENTS].list.count, 1);
    assert_true(slice_eq(fact[FACT_ATTACHMENTS].list.items[0].fields[attachment_extension].text,
                         SLICE("exe")));
    arena_free(&arena);
    stop(0);
}

TEST(test_scan_opens_what_is_locked_in_its_jail)
{
    struct family_heard heard;
    struct scan_answer answer;
    start("gatepost-scan", "", &heard, FAMILY_READY);
    struct arena *arena = arena_new(ARENA);
    ask("Subject: password: a1b\r\nMIME-Version: 1.0\r\nContent-Type: application/zip; "
        "name=b.zip\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
        "UEsDBDMAAQBjAK6CfV0AAAAANAAAABgAAAAFAAsAYS50eHQBmQcAAgBBRQMAAOH0kLtZC3TWZaYC\r\n"
        "eZdNo6OI+YVAdNzwYF6VVIByKp4VgrDEoVZKeYXHOlCMhMX95nYYz+BQSwECPwMzAAEAYwCugn1d\r\n"
        "AAAAADQAAAAYAAAABQAvAAAAAAAAACCApIEAAAAAYS50eHQKACAAAAAAAAEAGAB6X3qvHYDdAQAA\r\n"
        "AAAAAAAAAAAAAAAAAAABmQcAAgBBRQMAAFBLBQYAAAAAAQABAGIAAABiAAAAAAA=\r\n",
        arena, &answer);
    const struct value *list = &answer.facts.fact[FACT_ATTACHMENTS];
    assert_int_equal(list->list.count, 2);
    assert_true(list->list.items[1].fields[attachment_encrypted].truth);
    assert_true(slice_eq(list->list.items[1].fields[attachment_type].text, SLICE("text/plain")));
    arena_free(&arena);
    stop(0);
}

static struct dns_answer text_answer(struct arena *arena, struct slice text)
{
    struct dns_record *record = arena_alloc(arena, sizeof *record);
    record->text = text;
    return (struct dns_answer){.status = DNS_FOUND, .records = record, .count = 1};
}

TEST(test_scan_judges_senders_from_its_jail)
{
    struct family_heard heard;
    struct scan_answer answer;
    struct arena *arena = arena_new(ARENA);
    struct dns_answers *dns = dns_answers_new(arena);
    struct scan_job job = {.spf = true,
                           .from = {.helo = SLICE("[192.0.2.1]"),
                                    .sender = SLICE("joe@football.example.com"),
                                    .now = DKIM_EXAMPLE_TIME},
                           .dns = dns};
    assert_true(ip_parse(SLICE("192.0.2.1"), &job.from.client));
    start("gatepost-scan", "", &heard, FAMILY_READY);
    ask_for(&job, (struct slice){NULL, 0}, arena, &answer);
    assert_int_equal(answer.wanted_count, 1);
    struct dns_answer record = text_answer(arena, SLICE("v=spf1 ip4:192.0.2.1 -all"));
    assert_true(dns_answers_add(dns, answer.wanted[0].name, answer.wanted[0].type, &record));
    ask_for(&job, (struct slice){NULL, 0}, arena, &answer);
    assert_int_equal(answer.facts.fact[FACT_SPF_RESULT].integer, SPF_PASS);

    assert_true(dkim_example_keys(dns));
    job.message = job.authentication = job.dns_complete = true;
    ask_for(&job, dkim_example(), arena, &answer);
    assert_int_equal(answer.wanted_count, 0);
    assert_int_equal(answer.facts.fact[FACT_DKIM_RESULT].integer, DKIM_PASS);
    assert_int_equal(answer.facts.fact[FACT_DMARC_RESULT].integer, DMARC_NONE);
    assert_true(answer.facts.fact[FACT_DMARC_SPF_ALIGNED].truth);
    static const char *const odd[] = {
        "From: a@b\xc3\xbc"
        "cher.\xe4\xbe\x8b\xe5\xad\x90\r\n\r\n",
        "From: =?iso-2022-jp?b?GyRC?= <a@b.example>\r\nFrom: a@\xff\r\n\r\n",
        "DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=test; h=from; bh=AAAA; "
        "b=AAAA\r\nFrom: a@b.example\r\n\r\nbody\r\n",
        "",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        ask_for(&job, slice_of(odd[i]), arena, &answer);
        assert_int_not_equal(answer.facts.fact[FACT_DMARC_RESULT].state, VALUE_PENDING);
    }
    arena_free(&arena);
    stop(0);
}

static void refuses_without_a_message(struct arena *arena)
{
    struct scan_answer answer;
    struct scan_failure failure = {.reason = ""};
    int sock = submit((struct slice){NULL, 0}, &(struct scan_job){.spf = true});
    struct pollfd wait = {.fd = sock, .events = POLLIN};
    struct scan_pieces pieces = {0};
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    assert_int_equal(scan_collect(sock, arena, 0, &pieces, &answer, &failure), -1);
    assert_string_equal(failure.reason, "no message");
    close(sock);
}

TEST(test_av_finds_from_its_jail)
{
    struct family_heard heard;
    struct scan_answer answer;
    char message[512];
    start("gatepost-av", database, &heard, FAMILY_READY);
    struct arena *arena = arena_new(ARENA);
    for (int round = 0; round < 25; round++) { /* past its canaries */
        ask("Subject: x\r\n\r\nnothing here\r\n", arena, &answer);
        assert_int_equal(answer.facts.fact[FACT_AV_RESULT].integer, AV_RESULT_CLEAN);
        assert_int_equal(answer.facts.fact[FACT_AV_SIGNATURES].list.count, 0);
    }
    snprintf(message, sizeof message,
             "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/x; name=a\r\n\r\n%s\r\n",
             eicar);
    refuses_without_a_message(arena);
    ask(message, arena, &answer);
    assert_int_equal(answer.facts.fact[FACT_AV_RESULT].integer, AV_RESULT_INFECTED);
    assert_true(slice_starts(answer.facts.fact[FACT_AV_SIGNATURES].list.items[0].text,
                             SLICE("Test.Eicar")));
    arena_free(&arena);
    stop(0);
}

TEST(test_av_without_signatures_does_not_start)
{
    struct family_heard heard;
    start("gatepost-av", empty, &heard, FAMILY_FAILED);
    assert_non_null(strstr(heard.text, empty));
    stop(1);
    start("gatepost-av", "/nowhere/at/all", &heard, FAMILY_FAILED);
    assert_non_null(strstr(heard.text, "/nowhere/at/all"));
    stop(1);
}

static void write_signature(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/test.ndb", database);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "Test.Eicar:0:0:");
    for (const char *c = eicar; *c; c++)
        fprintf(file, "%02x", (unsigned char)*c);
    fprintf(file, "\n");
    fclose(file);
}

static void make_folders(void)
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    snprintf(database, sizeof database, "%s/database", folder);
    assert_int_equal(mkdir(empty, 0755), 0);
    assert_int_equal(mkdir(database, 0755), 0);
    write_signature();
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_folders(void)
{
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

ALL_TESTS(make_folders, remove_folders);
