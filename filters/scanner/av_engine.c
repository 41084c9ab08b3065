/* SPDX-License-Identifier: ISC */
#include "filters/scanner/av_engine.h"

#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    CANARY_BYTES = 24,
    TEXT_MAX = 200,
    MIB = 1024 * 1024,
    RECURSION_MAX = 17,
    FILES_MAX = 10000
};
static const char canary_name[] = "Gatepost.Canary";
static const char limit_prefix[] = "Heuristics.Limits.Exceeded";

static struct {
    struct cl_engine *engine;
    char canary[CANARY_BYTES * 2 + 1]; /* hexadecimal digits, drawn at each load */
    bool erred;                        /* libclamav reported an error during this scan */
    char error[TEXT_MAX];
    char name[AV_NAME_MAX];
    char scratch[PATH_MAX];
} av;

/* What it reports through its log is often all that tells a failed scan from a clean one. */
static void on_message(enum cl_msg severity, const char *whole, const char *text, void *context)
{
    (void)whole;
    (void)context;
    if (severity != CL_MSG_ERROR || av.erred)
        return;
    av.erred = true;
    snprintf(av.error, sizeof av.error, "libclamav: %s", text);
    av.error[strcspn(av.error, "\n")] = '\0';
}

static bool fail(const char **reason, const char *step, const char *why)
{
    static char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s: %s", step, why);
    *reason = text;
    return false;
}

static bool configure(const char *scratch, unsigned scan_ms, const char **reason)
{
    const struct {
        enum cl_engine_field field;
        long long value;
    } numbers[] = {
        {CL_ENGINE_MAX_SCANSIZE, (long long)AV_SCAN_MIB * MIB},
        {CL_ENGINE_MAX_FILESIZE, (long long)AV_FILE_MIB * MIB},
        {CL_ENGINE_MAX_RECURSION, RECURSION_MAX},
        {CL_ENGINE_MAX_FILES, FILES_MAX},
        {CL_ENGINE_MAX_SCANTIME, scan_ms},
        {CL_ENGINE_DISABLE_CACHE, 1},
        {CL_ENGINE_AC_ONLY, 1}, /* one pass instead of two: docs/performance.md */
        {CL_ENGINE_BYTECODE_SECURITY, CL_BYTECODE_TRUST_SIGNED},
        {CL_ENGINE_BYTECODE_MODE, CL_BYTECODE_MODE_INTERPRETER}, /* a jail maps no code */
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (cl_engine_set_num(av.engine, numbers[i].field, numbers[i].value) != CL_SUCCESS)
            return fail(reason, "engine", "a setting was refused");
    cl_error_t result = cl_engine_set_str(av.engine, CL_ENGINE_TMPDIR, scratch);
    return result == CL_SUCCESS || fail(reason, "temporary folder", cl_strerror(result));
}

/* The pattern is random text, so that nobody can send a mail that holds it. */
static bool write_canary(const char *path)
{
    char random[CANARY_BYTES], signature[(sizeof av.canary - 1) * 2 + 1];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    hex_text((struct slice){random, sizeof random}, av.canary);
    hex_text((struct slice){av.canary, sizeof av.canary - 1}, signature);
    FILE *file = fopen(path, "wxe");
    if (!file)
        return false;
    bool ok = fprintf(file, "%s:0:*:%s\n", canary_name, signature) > 0;
    return (fclose(file) == 0) && ok;
}

static bool load_canary(const char *scratch, const char **reason)
{
    char path[512];
    if (snprintf(path, sizeof path, "%s/gatepost-canary.ndb", scratch) >= (int)sizeof path)
        return fail(reason, "canary", strerror(ENAMETOOLONG));
    if (!write_canary(path)) {
        unlink(path);
        return fail(reason, "canary", strerror(errno));
    }
    unsigned count = 0;
    cl_error_t result = cl_load(path, av.engine, &count, CL_DB_STDOPT);
    unlink(path);
    return result == CL_SUCCESS || fail(reason, "canary", cl_strerror(result));
}

static bool load_database(const char *database, const char **reason)
{
    unsigned count = 0;
    cl_error_t result = cl_load(database, av.engine, &count, CL_DB_STDOPT);
    if (result != CL_SUCCESS)
        return fail(reason, "none", cl_strerror(result));
    return count > 0 || fail(reason, "none", "the folder holds none");
}

bool av_engine_load(const char *database, const char *scratch, unsigned scan_ms,
                    const char **reason)
{
    cl_set_clcb_msg(on_message);
    cl_error_t result = cl_init(CL_INIT_DEFAULT);
    if (result != CL_SUCCESS)
        return fail(reason, "libclamav", cl_strerror(result));
    av.engine = cl_engine_new();
    if (!av.engine)
        return fail(reason, "libclamav", "out of memory");
    if (!configure(scratch, scan_ms, reason) || !load_database(database, reason) ||
        !load_canary(scratch, reason))
        return false;
    result = cl_engine_compile(av.engine);
    return result == CL_SUCCESS || fail(reason, "signatures", cl_strerror(result));
}

void av_engine_free(void)
{
    if (av.engine)
        cl_engine_free(av.engine);
    av.engine = NULL;
}

bool av_engine_enter(const char *scratch, const char **reason)
{
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return fail(reason, "random numbers", strerror(errno));
    srand(seed); /* libclamav names its temporary files by it */
    snprintf(av.scratch, sizeof av.scratch, "%s", scratch);
    cl_error_t result = cl_engine_set_str(av.engine, CL_ENGINE_TMPDIR, scratch);
    return result == CL_SUCCESS || fail(reason, "temporary folder", cl_strerror(result));
}

static enum av_verdict failed(const char **text, const char *why)
{
    snprintf(av.error, sizeof av.error, "%s", why);
    *text = av.error;
    return AV_FAILED;
}

/* What it says of temporary files may be the disk's doing, and of time the machine's. */
static enum av_verdict failed_by(cl_error_t result, const char **text)
{
    failed(text, cl_strerror(result));
    switch (result) {
    case CL_EMAXREC:
    case CL_EMAXSIZE:
    case CL_EMAXFILES:
        return AV_FAILED_LIMIT;
    case CL_EOPEN:
    case CL_ECREAT:
    case CL_EUNLINK:
    case CL_ESTAT:
    case CL_EREAD:
    case CL_ESEEK:
    case CL_EWRITE:
    case CL_EDUP:
    case CL_EACCES:
    case CL_ETMPFILE:
    case CL_ETMPDIR:
    case CL_ETIMEOUT:
        return AV_FAILED;
    default:
        return AV_FAILED_BY_IT;
    }
}

static enum av_verdict judge(cl_error_t result, const char *name, const char **text)
{
    if (result == CL_VIRUS && name && strncmp(name, limit_prefix, sizeof limit_prefix - 1) != 0) {
        snprintf(av.name, sizeof av.name, "%s", name);
        *text = av.name;
        return AV_INFECTED;
    }
    if (result == CL_VIRUS) {
        failed(text, name ? name : "a limit was hit");
        return name && strstr(name, "ScanTime") ? AV_FAILED : AV_FAILED_LIMIT;
    }
    if (result != CL_CLEAN)
        return failed_by(result, text);
    *text = av.erred ? av.error : "";
    return av.erred ? AV_FAILED_BY_IT : AV_CLEAN;
}

/* libclamav decodes mail to files through stdio and does not ask whether the disk took them. */
static bool has_room(void)
{
    struct statfs info;
    return statfs(av.scratch, &info) == 0 &&
           (uint64_t)info.f_bavail * (uint64_t)info.f_bsize >= (uint64_t)AV_SCAN_MIB * MIB;
}

enum av_verdict av_engine_scan(struct slice bytes, enum av_reading reading, const char **text)
{
    *text = "";
    if (bytes.len == 0)
        return AV_CLEAN;
    if (!has_room())
        return failed(text, "no room in the temporary folder");
    struct cl_scan_options options = {
        .general = CL_SCAN_GENERAL_HEURISTICS,
        .parse = reading == AV_LEAVES_MAIL ? ~(uint32_t)CL_SCAN_PARSE_MAIL : ~0U,
        .heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX,
    };
    av.erred = false;
    cl_fmap_t *map = cl_fmap_open_memory(bytes.ptr, bytes.len);
    if (!map)
        return failed(text, "out of memory");
    const char *name = NULL;
    unsigned long scanned = 0;
    cl_error_t result = cl_scanmap_callback(map, NULL, &name, &scanned, av.engine, &options, NULL);
    cl_fmap_close(map);
    enum av_verdict verdict = judge(result, name, text);
    return verdict == AV_INFECTED || has_room() ? verdict
                                                : failed(text, "the temporary folder filled up");
}

static void base64(const char *in, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i + 2 < len; i += 3) {
        unsigned group = (unsigned)in[i] << 16 | (unsigned)in[i + 1] << 8 | (unsigned)in[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *out++ = digits[group >> shift & 63];
    }
    *out = '\0';
}

bool av_engine_canary(const char **reason)
{
    char mail[512], encoded[CANARY_BYTES * 4];
    base64(av.canary, sizeof av.canary - 1, encoded);
    int len = snprintf(mail, sizeof mail,
                       "Received: by gatepost\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: application/octet-stream; name=canary\r\n"
                       "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n",
                       encoded);
    const char *text = "";
    enum av_verdict verdict =
        av_engine_scan((struct slice){mail, (size_t)len}, AV_PARSES_MAIL, &text);
    if (verdict == AV_INFECTED && strncmp(text, canary_name, sizeof canary_name - 1) == 0)
        return true;
    return fail(reason, "the canary was not found", *text ? text : "clean");
}
