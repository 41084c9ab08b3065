/* SPDX-License-Identifier: ISC
 * gatepostctl learn status: what was learnt, and how well it works. */
#include "console/learn/learn_status.h"

#include "console/command.h"
#include "console/gateway.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANSWER_MAX = 8 * 1024 * 1024, OUT_MAX = 1024 * 1024 };

static const char synopsis[] = "learn status [--json] [--config FILE | --control SOCKET]";

/* ---- asked ---- */

static void take(void *ctx, struct slice octets)
{
    buf_append(ctx, octets);
}

static bool use_predictions(struct learn_status *status)
{
    struct predictions predictions;
    bool ok = predictions_read(slice_of(gateway_text(status->said, "predictions")), &predictions);
    int64_t learnt = gateway_number(json_object_get(status->said, "learnt"), "good") +
                     gateway_number(json_object_get(status->said, "learnt"), "spam");
    size_t count = predictions.count;
    if (ok) {
        size_t before = learnt > (int64_t)count ? (size_t)learnt - count : 0;
        status->predicted = count;
        status->point_count = curve_make(&predictions, before, status->points);
        calibration_make(&predictions, status->bins);
    }
    predictions_free(&predictions);
    json_object_del(status->said, "predictions");
    return ok;
}

bool learn_status_ask(int sock, struct learn_status *out)
{
    struct buf answer = buf_init(ANSWER_MAX);
    *out = (struct learn_status){.said = NULL};
    bool ok = ask(sock, CONTROL_LEARN_STATUS, SLICE(""), take, &answer, &(uint64_t){0});
    struct slice text = buf_slice(&answer);
    if (ok)
        out->said = json_loadb(text.ptr, text.len, 0, NULL);
    buf_release(&answer);
    if (ok && !(json_is_object(out->said) && use_predictions(out)))
        return command_error("the gateway", "its answer is not understood"), false;
    return ok;
}

void learn_status_free(struct learn_status *status)
{
    json_decref(status->said);
    status->said = NULL;
}

/* ---- for programs ---- */

static json_t *curve_json(const struct learn_status *status)
{
    json_t *all = json_array();
    for (size_t i = 0; i < status->point_count; i++) {
        const struct curve_point *point = &status->points[i];
        if (point->recall >= 0)
            json_array_append_new(all, json_pack("{s:I,s:f}", "learnt", (json_int_t)point->learnt,
                                                 "recall", point->recall));
    }
    return all;
}

static json_t *calibration_json(const struct learn_status *status)
{
    json_t *all = json_array();
    for (size_t i = 0; i < CALIBRATION_BINS; i++) {
        const struct calibration_bin *bin = &status->bins[i];
        if (bin->count)
            json_array_append_new(
                all, json_pack("{s:f,s:f,s:f,s:f,s:I}", "from", (double)i / CALIBRATION_BINS, "to",
                               (double)(i + 1) / CALIBRATION_BINS, "said", bin->said, "was",
                               bin->was, "messages", (json_int_t)bin->count));
    }
    return all;
}

void learn_status_json(struct buf *out, const struct learn_status *status)
{
    json_object_set_new(status->said, "curve", curve_json(status));
    json_object_set_new(status->said, "calibration", calibration_json(status));
    char *text = json_dumps(status->said, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text)
        buf_cstr(out, text);
    buf_char(out, '\n');
    free(text);
}

/* ---- the command ---- */

static bool tell(int sock, bool json)
{
    struct learn_status status;
    struct buf out = buf_init(OUT_MAX);
    bool ok = learn_status_ask(sock, &status);
    if (ok) {
        (json ? learn_status_json : learn_status_page)(&out, &status);
        struct slice text = buf_slice(&out);
        fwrite(text.ptr, 1, text.len, stdout);
    }
    buf_release(&out);
    learn_status_free(&status);
    return ok;
}

int command_learn_status(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    if (optind != argc)
        return command_usage(synopsis);
    int sock = ask_connect(&asking);
    if (sock < 0)
        return STATUS_ERROR;
    bool ok = tell(sock, asking.json);
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
