/* SPDX-License-Identifier: ISC
 * SMTP to the backends of one configuration, as one proxy sees them: for each backend a pool of
 * connections to its servers, and the jobs that wait for one. */
#ifndef PROXY_SMTP_SMTP_POOL_H
#define PROXY_SMTP_SMTP_POOL_H

#include "common/bundle.h"
#include "common/shared.h"
#include "proxy/smtp/smtp_capabilities.h"
#include "proxy/smtp/smtp_hide.h"
#include "proxy/smtp/smtp_job.h"

#include <event2/event.h>

struct smtp_pools;

/* `config` and `shared` must outlive it; `row` is this proxy's row in the shared table; `proxies`:
 * how many share the connections. `ca_pem`: tls.ca_file. NULL: no memory. */
struct smtp_pools *smtp_pools_new(struct event_base *base, const struct config *config,
                                  struct slice ca_pem, struct shared *shared, unsigned row,
                                  unsigned proxies);
/* What servers that we log in to are told from now on: of the password files in the bundle. False with
 * *reason. */
bool smtp_pools_log_in(struct smtp_pools *backends, struct bundle *bundle, const char **reason);
void smtp_pools_free(struct smtp_pools **backends);

/* Starts a job; `done` comes from the loop, never from inside. */
void smtp_pools_submit(struct smtp_pools *backends, struct smtp_job *job);

/* Gives a job up: `done` will not be called. True: a delivery whose final dot is out goes on alone,
 * and ends its doubt itself; otherwise its connection is closed. */
bool smtp_pools_cancel(struct smtp_pools *backends, struct smtp_job *job);

/* Answers a job that no server is left for: JOB_UNREACHABLE, from the loop. */
void smtp_pools_refuse(struct smtp_pools *backends, struct smtp_job *job);

/* What the servers offer that mail of this listener may go to, as far as they are known: all of them;
 * 8BITMIME and DSN only when one of each backend is (`known`).
 * SMTPUTF8 also while none is, since clients return mail for the lack of it (RFC 6531 3.5): each
 * recipient's server is judged when it is known. */
struct smtp_capabilities smtp_pools_common(const struct smtp_pools *backends,
                                           const struct listener *listener);
/* Of one backend: what its reachable servers all offer. */
struct smtp_capabilities smtp_pools_of(const struct smtp_pools *backends,
                                       const struct backend *backend);

/* How the servers of one backend are called: as configured, and as they have greeted this proxy. The
 * arena's; what memory does not suffice for is left out. */
struct smtp_inside smtp_pools_inside(const struct smtp_pools *backends,
                                     const struct backend *backend, struct arena *arena);

/* The server that had this job takes no more than so many recipients in a transaction: known to all
 * proxies for an hour. */
void smtp_pools_learn_recipients(struct smtp_pools *backends, const struct smtp_job *job,
                                 unsigned most);

/* Connects to every server once to learn its capabilities, and asks it about a recipient that
 * cannot exist: when it says yes, a warning says that recipient tables are needed. `warn`: only one
 * proxy does that. */
void smtp_pools_probe(struct smtp_pools *backends, bool warn);

/* Closes idle connections: a draining proxy leaves its share to its successor. */
void smtp_pools_close_idle(struct smtp_pools *backends);

#endif
