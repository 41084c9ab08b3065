/* SPDX-License-Identifier: ISC
 * Writing metrics in Prometheus' text format (0.0.4) into a buffer; overflow shows in buf.failed.
 * All names begin with "gatepost_", which is added here. The parent writes what it knows of the gateway,
 * the keeper what it knows of the disk. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "base/ipc.h"

enum { METRICS_MOST = IPC_PAYLOAD_MAX - 16384 /* the parent's; the keeper adds its own */ };

struct metric_label {
    const char *name;
    struct slice value; /* escaped here */
};

/* What stands before the samples of a name; `type` is "gauge" or "counter". */
void metric_head(struct buf *out, const char *name, const char *type, const char *help);
void metric_sample(struct buf *out, const char *name, const struct metric_label *labels,
                   size_t label_count, int64_t value);

/* Both, of one sample without labels. A counter's name gets "_total" behind it. */
void metric_gauge(struct buf *out, const char *name, const char *help, int64_t value);
void metric_counter(struct buf *out, const char *name, const char *help, uint64_t value);

#endif
