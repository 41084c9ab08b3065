/* SPDX-License-Identifier: ISC
 * The tables in gatepost.conf(5) are those of the .def files. With GATEPOST_UPDATE_MANUAL=1 in the
 * environment the page is brought up to date instead. */
#include "filters/mime/malformation.h"
#include "policy/manual.h"
#include "policy/manual_text.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const char path[] = "man/gatepost.conf.5";

/* The policy knows nothing of mail, so its manual gets this table from here. */
static void malformations(struct buf *out)
{
    buf_cstr(out, ".Bl -column \"container-type-malformed\" \"harmless\"\n");
    buf_cstr(out, ".It Em name Ta Em grade Ta Em what it is\n");
    for (unsigned m = 0; m < MALFORMATION_COUNT; m++) {
        const char *grade = malformation_grade_name(malformation_grade((enum malformation)m));
        buf_printf(out, ".It Li %s Ta %s Ta\n", malformation_name((enum malformation)m), grade);
        manual_line(out, malformation_meaning((enum malformation)m));
    }
    buf_cstr(out, ".El\n");
}

static const struct {
    const char *name;
    void (*print)(struct buf *out);
} tables[] = {{"settings", manual_settings},
              {"actions", manual_actions},
              {"facts", manual_facts},
              {"records", manual_records},
              {"malformations", malformations}};

static void read_page(struct buf *page)
{
    char block[4096];
    size_t got;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        buf_append(page, (struct slice){block, got});
    fclose(file);
}

/* The page with fresh text between each pair of marks. */
static void renew(struct slice page, struct buf *out)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char begin[64], end[64];
        snprintf(begin, sizeof begin, ".\\\" begin %s\n", tables[i].name);
        snprintf(end, sizeof end, ".\\\" end %s\n", tables[i].name);
        size_t from = slice_search(page, slice_of(begin)), to = slice_search(page, slice_of(end));
        assert_true(from < to && to < page.len);
        buf_append(out, slice_sub(page, 0, from));
        buf_cstr(out, begin);
        tables[i].print(out);
        page = slice_from(page, to);
    }
    buf_append(out, page);
}

TEST(test_the_page_has_the_tables_of_today)
{
    struct buf page = buf_init(1 << 20), fresh = buf_init(1 << 20);
    read_page(&page);
    renew(buf_slice(&page), &fresh);
    bool same = slice_eq(buf_slice(&page), buf_slice(&fresh));
    if (!same && getenv("GATEPOST_UPDATE_MANUAL")) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fwrite(buf_slice(&fresh).ptr, 1, buf_len(&fresh), file);
        fclose(file);
    } else if (!same) {
        fail_msg("%s is out of date: run this test with GATEPOST_UPDATE_MANUAL=1", path);
    }
    buf_release(&page);
    buf_release(&fresh);
}
