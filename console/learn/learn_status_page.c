/* SPDX-License-Identifier: ISC */
#include "console/gateway.h"
#include "console/learn/learn_status.h"
#include "console/learn/plot.h"
#include "console/page.h"

#include <inttypes.h>

enum { DIGEST_SHOWN = 12 };

/* ---- labels ---- */

static void say_classes(struct buf *out, const json_t *classes)
{
    buf_printf(out, "%" PRId64 " good, %" PRId64 " spam", gateway_number(classes, "good"),
               gateway_number(classes, "spam"));
}

static void say_labels(struct page *page, json_t *labels)
{
    const char *how;
    json_t *classes;
    json_object_foreach(labels, how, classes) {
        if (gateway_number(classes, "good") + gateway_number(classes, "spam") == 0)
            continue;
        page_label(page, how);
        say_classes(page->out, classes);
        page_end(page);
    }
}

static void say_pending(struct page *page, int64_t pending)
{
    if (pending == 0)
        return;
    page_label(page, "pending");
    buf_printf(page->out, "%" PRId64 " read, and good if they are left", pending);
    page_end(page);
}

static void say_answerable(struct page *page, int64_t answerable)
{
    if (answerable == 0)
        return;
    page_label(page, "answerable");
    buf_printf(page->out, "%" PRId64 " delivered, and good if they are answered", answerable);
    page_end(page);
}

/* ---- models ---- */

static void say_model(struct page *page, const char *label, const json_t *model)
{
    struct slice digest = slice_sub(slice_of(gateway_text(model, "digest")), 0, DIGEST_SHOWN);
    page_label(page, label);
    terminal_text(page->out, digest, 0);
    buf_cstr(page->out, " of ");
    terminal_time(page->out, gateway_number(model, "made"), TO_THE_MINUTE);
    buf_cstr(page->out, ": ");
    say_classes(page->out, model);
    if (gateway_number(model, "good") + gateway_number(model, "spam") > 0)
        buf_printf(page->out, ", log-loss %.3f",
                   json_number_value(json_object_get(model, "log_loss")));
    page_end(page);
}

static void say_models(struct page *page, const json_t *said)
{
    const json_t *used = json_object_get(said, "model");
    size_t i;
    json_t *model;
    bool first = true;
    if (json_is_object(used))
        say_model(page, "model", used);
    else
        page_row(page, "model", SLICE("none yet"));
    json_array_foreach(json_object_get(said, "models"), i, model) {
        if (json_is_true(json_object_get(model, "in_use")))
            continue;
        say_model(page, first ? "others" : "", model);
        first = false;
    }
}

static void say_last_build(struct page *page, const json_t *build)
{
    if (!json_is_object(build))
        return;
    const char *reason = gateway_text(build, "reason");
    page_label(page, "last build");
    terminal_time(page->out, gateway_number(build, "time"), TO_THE_MINUTE);
    buf_cstr(page->out, ": ");
    terminal_text(page->out, slice_of(gateway_text(build, "outcome")), 0);
    if (*reason)
        buf_cstr(page->out, ", ");
    terminal_text(page->out, slice_of(reason), 0);
    page_end(page);
}

/* ---- other gateways ---- */

static void say_when_read(struct page *page, const json_t *shared)
{
    int64_t away = gateway_number(shared, "away"), read = gateway_number(shared, "read");
    page_label(page, "shared");
    buf_cstr(page->out, away ? "not since " : read ? "in Redis, read " : "not yet");
    if (away || read)
        terminal_time(page->out, away ? away : read, TO_THE_MINUTE);
    if (gateway_number(shared, "untold"))
        buf_printf(page->out, ", %" PRId64 " labels to be told", gateway_number(shared, "untold"));
    if (gateway_number(shared, "refused"))
        buf_printf(page->out, ", %" PRId64 " refused", gateway_number(shared, "refused"));
    page_end(page);
}

static void say_shared(struct page *page, const json_t *shared)
{
    if (!json_is_object(shared))
        return;
    say_when_read(page, shared);
    if (*gateway_text(shared, "by"))
        page_row(page, "its model by", slice_of(gateway_text(shared, "by")));
    if (*gateway_text(shared, "builds"))
        page_row(page, "now builds", slice_of(gateway_text(shared, "builds")));
}

/* ---- drawn ---- */

static bool says_anything(const struct learn_status *status)
{
    for (size_t i = 0; i < status->point_count; i++)
        if (status->points[i].recall >= 0)
            return true;
    return false;
}

static void draw(struct page *page, const struct learn_status *status)
{
    bool blocks = terminal_has_utf8(&page->terminal);
    const struct curve_point *last = &status->points[status->point_count - 1];
    buf_printf(page->out,
               "\n  Spam found while at most 1 %% of good mail is taken for spam, over the last %d "
               "messages,\n  by messages learnt",
               CURVE_WINDOW);
    if (last->recall >= 0)
        buf_printf(page->out, "; now %.1f %%", last->recall * 100);
    buf_cstr(page->out, ":\n\n");
    plot_curve(page->out, status->points, status->point_count, blocks);
    buf_printf(
        page->out,
        "\n  What was said of the last %zu messages before they were learnt, and how many of "
        "these were spam\n  (a bar that ends at | is right):\n\n",
        status->predicted);
    plot_calibration(page->out, status->bins, blocks);
}

void learn_status_page(struct buf *out, const struct learn_status *status)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    page_label(&page, "learnt");
    say_classes(out, json_object_get(status->said, "learnt"));
    page_end(&page);
    say_labels(&page, json_object_get(status->said, "labels"));
    say_pending(&page, gateway_number(status->said, "pending"));
    say_answerable(&page, gateway_number(status->said, "answerable"));
    say_models(&page, status->said);
    say_last_build(&page, json_object_get(status->said, "last_build"));
    if (gateway_number(status->said, "left_out")) {
        page_label(&page, "left out");
        buf_printf(out, "the oldest %" PRId64 " of them, for want of room",
                   gateway_number(status->said, "left_out"));
        page_end(&page);
    }
    say_shared(&page, json_object_get(status->said, "shared"));
    if (says_anything(status))
        draw(&page, status);
}
