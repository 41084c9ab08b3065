/* SPDX-License-Identifier: ISC
 * The backends of one configuration, as one proxy sees them: pools of connections, which servers
 * are up, what they can do. */
#ifndef PROXY_BACKENDS_H
#define PROXY_BACKENDS_H

#include "proxy/backend_job.h"
#include "proxy/shared.h"

#include <event2/event.h>
#include <openssl/ssl.h>

struct backends;

/* `config` and `shared` must outlive it; `row` is this proxy's row in the shared table; `proxies`:
 * how many share the connections. `ca_pem`: tls.ca_file. NULL: no memory. */
struct backends *backends_new(struct event_base *base, const struct config *config,
                              struct slice ca_pem, struct shared *shared, unsigned row,
                              unsigned proxies);
void backends_free(struct backends **backends);

/* Starts a job; `done` comes from the loop, never from inside. */
void backends_submit(struct backends *backends, struct backend_job *job);

/* Gives a job up: `done` will not be called. True: a delivery whose final dot is out goes on alone,
 * and ends its doubt itself; otherwise its connection is closed. */
bool backends_cancel(struct backends *backends, struct backend_job *job);

/* What every server of every backend is known to offer (those never reached count as offering
 * nothing). */
struct capabilities {
    bool known, pipelining, eight_bit, utf8, dsn, starttls;
    uint64_t size;       /* smallest limit; 0: none told */
    unsigned recipients; /* most in a transaction; 0: not known */
};
struct capabilities backends_common(const struct backends *backends);
/* Of one backend: what its reachable servers all offer. */
struct capabilities backends_of(const struct backends *backends, const struct backend *backend);

/* The server that had this job takes no more than so many recipients in a transaction: known to all
 * proxies for an hour. */
void backends_learn_recipients(struct backends *backends, const struct backend_job *job,
                               unsigned most);

/* Connects to every server once to learn its capabilities, and asks it about a recipient that
 * cannot exist: when it says yes, a warning says that recipient tables are needed. `warn`: only one
 * proxy does that. */
void backends_probe(struct backends *backends, bool warn);

/* Closes idle connections: a draining proxy leaves its share to its successor. */
void backends_close_idle(struct backends *backends);

#endif
