/* SPDX-License-Identifier: ISC */
#include "common/doubt.h"

#include "base/log.h"
#include "tests/harness/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is logged of it. */
static const char *line_of(const struct doubt *doubt)
{
    static char text[8192];
    int err = dup(STDERR_FILENO), log = memfd_create("log", 0);
    log_open("test", SINK_STDERR, LEVEL_INFO);
    dup2(log, STDERR_FILENO);
    doubt_log(doubt, "its proxy died", SLICE(""));
    dup2(err, STDERR_FILENO);
    ssize_t n = pread(log, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    close(err);
    close(log);
    return text;
}

TEST(test_a_doubt_is_one_line)
{
    struct doubt doubt = {.id = "abc-1", .sender = "s@x", .backend = "mail"};
    assert_true(doubt_add_recipient(&doubt, SLICE("a@b"), 1));
    const char *line = line_of(&doubt);
    assert_non_null(strstr(line, "abc-1 in-doubt reason=\"its proxy died\" from=s@x to=a@b"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

TEST(test_whatever_a_process_has_left_it_is_one_line)
{
    static const unsigned char octets[] = {0xff, '\n', '\r', 0x1b, ' ', '=', '"', 0x7f, 1};
    for (size_t i = 0; i < sizeof octets; i++) {
        struct doubt doubt;
        memset(&doubt, octets[i], sizeof doubt);
        const char *line = line_of(&doubt);
        assert_non_null(strstr(line, octets[i] == '=' || octets[i] == '"' ? " in-doubt reason="
                                                                          : "?? in-doubt reason="));
        for (const char *c = line; *c; c++)
            assert_true((*c >= ' ' && *c < 0x7f) || (*c == '\n' && !c[1]));
    }
}
