/* SPDX-License-Identifier: ISC
 * libclamav with signatures of our own: what it must find, and that no failure counts as clean.
 * Each test is a process, since an engine is one a process. */
#include "base/sandbox.h"
#include "filters/files/inspect.h"
#include "filters/scanner/av_folder.h"
#include "filters/scanner/av_message.h"
#include "tests/harness/unit.h"

#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20, TIMEOUT_MS = 20000, MESSAGE_MAX = 1 << 20, PASS = 0, SKIP = 77 };

static char folder[] = "/tmp/gatepost-av-test-XXXXXX";
static char database[64], scratch[64];
static const struct scan_limits limits = {
    .depth = 8, .parts = 1000, .members = 1000, .unpacked = 64 << 20};

/* In two pieces, so that no scanner takes this file for it. */
static const char eicar[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
                            "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

static void write_file(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

/* `offset` "0" matches only at the beginning of a file: so it must really be unpacked. */
static void add_signature(const char *file, const char *name, const char *offset,
                          struct slice bytes)
{
    struct buf line = buf_init(MESSAGE_MAX);
    buf_printf(&line, "%s:0:%s:", name, offset);
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(&line, "%02x", (unsigned char)bytes.ptr[i]);
    buf_char(&line, '\n');
    char path[128];
    snprintf(path, sizeof path, "%s/%s", database, file);
    write_file(path, buf_slice(&line));
    buf_release(&line);
}

static void append_base64(struct buf *out, struct slice in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        unsigned group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? (unsigned char)in.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_char(out, k <= n ? digits[group >> (18 - 6 * k) & 63] : '=');
        if (i % 57 == 54)
            buf_cstr(out, "\r\n");
    }
    buf_cstr(out, "\r\n");
}

static void append_le(struct buf *out, uint64_t n, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_char(out, i < 8 ? (char)(n >> 8 * i) : '\0');
}

/* A zip with one stored member. */
static void append_zip(struct buf *out, const char *name, struct slice content)
{
    size_t name_len = strlen(name), start = buf_len(out);
    for (int central = 0; central <= 1; central++) {
        size_t at = buf_len(out) - start;
        buf_append(out, central ? SLICE("PK\1\2\24\0\24\0") : SLICE("PK\3\4\24\0"));
        append_le(out, 0, 12); /* flags or method, time, date, checksum */
        append_le(out, content.len, 4);
        append_le(out, content.len, 4);
        append_le(out, name_len, 2);
        append_le(out, 0, central ? 16 : 2); /* extra, comment, disk, attributes, offset 0 */
        buf_cstr(out, name);
        if (!central) {
            buf_append(out, content);
            continue;
        }
        size_t size = buf_len(out) - start - at;
        buf_append(out, SLICE("PK\5\6\0\0\0\0\1\0\1\0"));
        append_le(out, size, 4);
        append_le(out, at, 4);
        append_le(out, 0, 2);
    }
}

/* A mail with one attachment, below the given first header lines. */
static struct slice mail_with(struct arena *arena, const char *header, struct slice attachment)
{
    struct buf out = buf_init(MESSAGE_MAX * 8);
    buf_printf(&out,
               "%sContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello, you\r\n--b\r\n"
               "Content-Type: application/octet-stream; name=a\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\n",
               header);
    append_base64(&out, attachment);
    buf_cstr(&out, "--b--\r\n");
    assert_false(out.failed);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

/* -- each test's body, in a process of its own -- */

static struct arena *arena;

static bool load(const char **reason)
{
    return av_message_warm_up(reason) && av_engine_load(database, scratch, TIMEOUT_MS, reason) &&
           av_engine_enter(scratch, reason);
}

static int complain(const char *what)
{
    fprintf(stderr, "%s\n", what);
    return 1;
}

static int expect(struct slice message, enum av_verdict verdict, const char *name)
{
    struct av_findings found;
    enum av_verdict got = av_message_scan(arena, message, &limits, &found);
    if (got != verdict) {
        fprintf(stderr, "verdict %d, failure %s\n", (int)got,
                found.failure ? found.failure : "none");
        return 1;
    }
    if (name && (found.name_count != 1 || !slice_eq(found.names[0], slice_of(name))))
        return complain("another name");
    return PASS;
}

static int load_in_jail(void)
{
    const char *reason = "";
    if (!load(&reason) || !sandbox_enter(JAIL_ANTIVIRUS, scratch, &reason) ||
        !av_engine_canary(&reason))
        return complain(reason);
    return PASS;
}

static struct slice zipped_eicar(void)
{
    struct buf zip = buf_init(MESSAGE_MAX);
    append_zip(&zip, "a/program.com", slice_of(eicar));
    struct slice copy = arena_copy(arena, buf_slice(&zip));
    buf_release(&zip);
    return copy;
}

static int finds_eicar_in_a_zip_in_a_mail(void)
{
    if (load_in_jail() != PASS)
        return 1;
    if (expect(mail_with(arena, "Subject: x\r\n", SLICE("nothing here")), AV_CLEAN, NULL) != PASS)
        return 1;
    return expect(mail_with(arena, "Subject: x\r\n", zipped_eicar()), AV_INFECTED,
                  "Test.Eicar.UNOFFICIAL");
}

static int finds_it_in_what_libclamav_takes_for_text(void)
{
    if (load_in_jail() != PASS)
        return 1;
    return expect(mail_with(arena, "Foo: x\r\n", zipped_eicar()), AV_INFECTED,
                  "Test.Eicar.UNOFFICIAL");
}

static int finds_many(void)
{
    add_signature("other.ndb", "Test.Other", "0", SLICE("hello, you"));
    if (load_in_jail() != PASS)
        return 1;
    struct buf both = buf_init(MESSAGE_MAX);
    buf_append(&both, mail_with(arena, "Subject: x\r\n", slice_of(eicar)));
    struct av_findings found;
    enum av_verdict verdict = av_message_scan(arena, buf_slice(&both), &limits, &found);
    buf_release(&both);
    if (verdict == AV_INFECTED && found.name_count == 2)
        return PASS;
    return complain(found.name_count ? found.names[0].ptr : "nothing was found");
}

static int refuses_a_missing_or_empty_database(void)
{
    const char *reason = "";
    if (av_engine_load("/nowhere/at/all", scratch, TIMEOUT_MS, &reason))
        return complain("loaded what is not there");
    av_engine_free();
    return av_engine_load(scratch, scratch, TIMEOUT_MS, &reason) ? complain("loaded nothing")
                                                                 : PASS;
}

static int fails_without_its_temporary_folder(void)
{
    const char *reason = "";
    if (!load(&reason))
        return complain(reason);
    if (rmdir(scratch) != 0)
        return complain("the folder is not empty");
    if (av_engine_canary(&reason))
        return complain("the canary lives");
    return expect(mail_with(arena, "Subject: x\r\n", SLICE("nothing here")), AV_FAILED, NULL);
}

static int fails_when_its_folder_is_full(void)
{
    const char *reason = "";
    if (getuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("test", scratch, "tmpfs", 0, "size=400m") != 0)
        return SKIP;
    if (!load(&reason))
        return complain(reason);
    char fill[128];
    snprintf(fill, sizeof fill, "%s/fill", scratch);
    int fd = open(fill, O_WRONLY | O_CREAT, 0600);
    if (posix_fallocate(fd, 0, 20 << 20) != 0)
        return complain("cannot fill the folder");
    close(fd);
    if (av_engine_canary(&reason))
        return complain("the canary lives");
    struct slice clean = mail_with(arena, "Subject: x\r\n", SLICE("nothing here"));
    if (expect(clean, AV_FAILED, NULL) != PASS)
        return 1;
    unlink(fill);
    return expect(clean, AV_CLEAN, NULL);
}

static int fails_past_its_limits(void)
{
    const char *reason = "";
    if (!load(&reason))
        return complain(reason);
    size_t size = ((size_t)AV_FILE_MIB << 20) + 4096;
    char *large = calloc(1, size);
    const char *text = "";
    enum av_verdict verdict =
        large ? av_engine_scan((struct slice){large, size}, AV_PARSES_MAIL, &text) : AV_FAILED;
    free(large);
    return verdict == AV_FAILED_LIMIT ? PASS : complain("a limit was passed unseen");
}

static int fails_when_libclamav_reports_an_error(void)
{
    const char *reason = "";
    if (!load(&reason))
        return complain(reason);
    /* its files cannot be written, which only its log tells */
    struct rlimit none = {0, 0};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    return expect(mail_with(arena, "Subject: x\r\n", zipped_eicar()), AV_FAILED, NULL);
}

static void sign_member(void *ctx, const struct inspected_file *file, struct slice content)
{
    bool *done = ctx;
    if (file->depth == 0 || content.len < 64 || *done)
        return;
    add_signature("rar.ndb", "Test.InRar", "0", slice_sub(content, 0, 64));
    *done = true;
}

static struct slice read_sample(const char *name)
{
    const char *corpora = getenv("GATEPOST_CORPORA");
    char path[512];
    snprintf(path, sizeof path, "%s/archives/libarchive/%s",
             corpora ? corpora : "../shared/corpora", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return (struct slice){NULL, 0};
    char *bytes = arena_alloc(arena, MESSAGE_MAX);
    size_t len = fread(bytes, 1, MESSAGE_MAX, file);
    fclose(file);
    return (struct slice){bytes, len};
}

static int finds_what_is_in_a_rar(void)
{
    const char *reason = "";
    struct slice rar = read_sample("test_read_format_rar5_compressed.rar");
    if (!rar.ptr)
        return SKIP;
    bool done = false;
    struct inspection inspection = inspection_of(arena, archive_default_limits());
    inspection.content = sign_member;
    inspection.ctx = &done;
    if (!av_message_warm_up(&reason) || !inspect_file(&inspection, &SLICE("x.rar"), 1, rar) ||
        !done)
        return complain("no member to sign");
    if (load_in_jail() != PASS)
        return 1;
    return expect(mail_with(arena, "Subject: x\r\n", rar), AV_INFECTED, "Test.InRar.UNOFFICIAL");
}

/* libclamav does not take for mail what begins with a field that it does not know. */
static int finds_what_is_in_a_message_in_a_file(void)
{
    if (load_in_jail() != PASS)
        return 1;
    struct slice inner = mail_with(arena, "Foo: x\r\nTo: y\r\nDate: z\r\n", zipped_eicar());
    return expect(mail_with(arena, "Subject: x\r\n", inner), AV_INFECTED, "Test.Eicar.UNOFFICIAL");
}

static int gives_each_worker_an_empty_folder(void)
{
    struct family_options options = {.workers = 2, .user = "nobody", .database = database};
    const char *reason = "", *entered;
    char stray[256];
    if (!av_folder_make(&options, &reason) || !(entered = av_folder_enter(1, &reason)))
        return complain(reason);
    snprintf(stray, sizeof stray, "%s/left", entered);
    mkdir(stray, 0700);
    snprintf(stray, sizeof stray, "%s/left/behind", entered);
    close(open(stray, O_WRONLY | O_CREAT, 0600));
    if (access(stray, F_OK) != 0 || !av_folder_enter(1, &reason) || access(stray, F_OK) == 0)
        return complain("what a predecessor left is still there");
    av_folder_remove();
    return access(entered, F_OK) == 0 ? complain("the folder is still there") : PASS;
}

/* -- running them -- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

static void run(int (*body)(void))
{
    assert_int_equal(nftw(database, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    add_signature("eicar.ndb", "Test.Eicar", "0", slice_of(eicar));
    pid_t pid = fork();
    if (pid == 0) {
        arena = arena_new(ARENA_MAX);
        _exit(body());
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    mkdir(scratch, 0700);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP) {
        print_message("not possible here\n");
        skip();
    }
    assert_int_equal(status, PASS);
}

#define PROCESS_TEST(body)                                                                         \
    TEST(test_##body)                                                                              \
    {                                                                                              \
        run(body);                                                                                 \
    }
PROCESS_TEST(finds_eicar_in_a_zip_in_a_mail)
PROCESS_TEST(finds_it_in_what_libclamav_takes_for_text)
PROCESS_TEST(finds_many)
PROCESS_TEST(refuses_a_missing_or_empty_database)
PROCESS_TEST(fails_without_its_temporary_folder)
PROCESS_TEST(fails_when_its_folder_is_full)
PROCESS_TEST(fails_past_its_limits)
PROCESS_TEST(fails_when_libclamav_reports_an_error)
PROCESS_TEST(finds_what_is_in_a_rar)
PROCESS_TEST(finds_what_is_in_a_message_in_a_file)
PROCESS_TEST(gives_each_worker_an_empty_folder)

static void make_folders(void)
{
    assert_non_null(mkdtemp(folder));
    snprintf(database, sizeof database, "%s/database", folder);
    snprintf(scratch, sizeof scratch, "%s/scratch", folder);
    assert_int_equal(mkdir(database, 0700), 0);
    assert_int_equal(mkdir(scratch, 0700), 0);
}

static void remove_folders(void)
{
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(rmdir(folder), 0);
}

ALL_TESTS(make_folders, remove_folders);
