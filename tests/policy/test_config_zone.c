/* SPDX-License-Identifier: ISC
 * time { zone ... }: what is a zone, and what is said of what is none. */
#include "filters/moment.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct buf report;

static void before(void)
{
    report = buf_init(65536);
}

static void after(void)
{
    buf_release(&report);
}

EACH_TEST(before, after);

#define FOLDER "/usr/share/zoneinfo/"
/* New York's rule and no moments. */
#define NONE "\0\0\0\0"
#define RESERVED NONE NONE NONE "\0\0\0"
#define NEW_YORK                                                                                   \
    "TZif2" RESERVED NONE NONE NONE NONE NONE NONE "TZif2" RESERVED NONE NONE NONE NONE "\0\0\0\1" \
    "\0\0\0\4"                                                                                     \
    "\xff\xff\xb9\xb0\0\0"                                                                         \
    "LMT\0"                                                                                        \
    "\nEST5EDT,M3.2.0,M11.1.0\n"

/* Files whose texts hold NUL. */
static bool read_octets(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    const char *text = ctx;
    *content = slice_eq(path, SLICE("t.conf")) ? slice_of(text)
               : slice_eq(path, SLICE(FOLDER "America/New_York"))
                   ? (struct slice){NEW_YORK, sizeof NEW_YORK - 1}
               : slice_eq(path, SLICE(FOLDER "Mars/Phobos"))
                   ? (struct slice){NEW_YORK, sizeof NEW_YORK - 4}
               : slice_eq(path, SLICE(FOLDER "zone1970.tab"))
                   ? SLICE("# codes\tplace\tTZ\nUS\t+404251-0740023\tAmerica/New_York\tmost\n"
                           "DE\t+5230+01322\tEurope/Berlin\n")
                   : (struct slice){NULL, 0};
    *reason = "no such file";
    return content->ptr;
}

static struct config *load(const char *text)
{
    struct loader loader = {.read = read_octets, .ctx = (void *)(uintptr_t)text};
    return config_load(SLICE("t.conf"), &loader, SLICE("mx.test"), &report);
}

static void assert_moment(const char *text, int64_t now, int hour, int weekday, const char *zone)
{
    struct config *config = load(text);
    struct facts facts = {0};
    assert_non_null(config);
    moment_facts(config, now, &facts);
    assert_int_equal(facts.fact[FACT_TIME_HOUR].number, hour);
    assert_int_equal(facts.fact[FACT_TIME_WEEKDAY].integer, weekday);
    assert_true(slice_eq(facts.fact[FACT_TIME_ZONE].text, slice_of(zone)));
    config_free(&config);
}

TEST(test_the_standard_is_utc_whatever_the_machine_is_set_to)
{
    setenv("TZ", "Asia/Tokyo", 1);
    assert_moment("", 1767225600, 0, 3, "UTC");
    assert_moment("time { zone \"UTC\" }\n", 1767225600, 0, 3, "UTC");
    assert_moment("time { zone \"\" }\n", 1767225600, 0, 3, "UTC");
    unsetenv("TZ");
}

TEST(test_hours_are_those_of_the_zone)
{
    static const char text[] = "time { zone \"America/New_York\" }\n";
    assert_moment(text, 1767225600, 19, 2, "America/New_York");
    assert_moment(text, 1782864000, 20, 1, "America/New_York"); /* 2026-07-01 00:00 UTC */
}

static void assert_refused(const char *text, const char *said)
{
    assert_null(load(text));
    assert_true(report_is(&report, said));
}

TEST(test_a_zone_that_is_none_is_told_with_the_nearest_one)
{
    assert_refused("time { zone \"Europe/Berln\" }\n",
                   "t.conf:1:13: error: unknown time zone 'Europe/Berln'; did you mean "
                   "'Europe/Berlin'?\n    time { zone \"Europe/Berln\" }\n                ^\n");
}

TEST(test_a_file_that_is_damaged_is_no_zone)
{
    assert_refused("time { zone \"Mars/Phobos\" }\n",
                   "t.conf:1:13: error: unknown time zone \"Mars/Phobos\"; expected a name such as "
                   "\"Europe/Berlin\", of a file below /usr/share/zoneinfo/\n"
                   "    time { zone \"Mars/Phobos\" }\n                ^\n");
}

TEST(test_no_name_leads_out_of_the_folder)
{
    static const char *const names[] = {"../../../t.conf", "/etc/localtime",  "Europe/",
                                        "Europe//Berlin",  "./Europe/Berlin", "Europe/Ber lin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[100];
        snprintf(text, sizeof text, "time { zone \"%s\" }\n", names[i]);
        assert_null(load(text));
    }
}

TEST(test_rules_can_name_hours_and_days)
{
    struct config *config =
        load("rule \"at night\" when (time.hour >= 22 or time.hour < 6) and time.weekday in "
             "(saturday, sunday) then reject 550 5.7.1 \"{time.hour} {time.weekday} {time.zone}\"\n"
             "test \"night\" {\n  given time.hour 23\n  given time.weekday sunday\n"
             "  expect reject\n}\ntest \"day\" { expect accept }\n");
    unsigned total;
    if (!config)
        fail_msg("%.*s", SLICE_ARGS(buf_slice(&report)));
    assert_int_equal(config_run_tests(config, &total, &report), 0);
    assert_int_equal(total, 2);
    config_free(&config);
}
