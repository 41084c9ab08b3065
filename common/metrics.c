/* SPDX-License-Identifier: ISC */
#include "common/metrics.h"

#include <inttypes.h>
#include <stdio.h>

void metric_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP gatepost_%s %s\n# TYPE gatepost_%s %s\n", name, help, name, type);
}

static void append_label(struct buf *out, const struct metric_label *label)
{
    buf_printf(out, "%s=\"", label->name);
    for (size_t i = 0; i < label->value.len; i++) {
        char c = label->value.ptr[i];
        if (c == '\\' || c == '"')
            buf_char(out, '\\');
        if (c == '\n')
            buf_cstr(out, "\\n");
        else
            buf_char(out, c);
    }
    buf_char(out, '"');
}

void metric_sample(struct buf *out, const char *name, const struct metric_label *labels,
                   size_t label_count, int64_t value)
{
    buf_printf(out, "gatepost_%s", name);
    for (size_t i = 0; i < label_count; i++) {
        buf_char(out, i ? ',' : '{');
        append_label(out, &labels[i]);
    }
    buf_printf(out, "%s %" PRId64 "\n", label_count ? "}" : "", value);
}

void metric_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    metric_head(out, name, "gauge", help);
    metric_sample(out, name, NULL, 0, value);
}

void metric_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    char total[80];
    snprintf(total, sizeof total, "%s_total", name);
    metric_head(out, total, "counter", help);
    metric_sample(out, total, NULL, 0, (int64_t)value);
}
