/* SPDX-License-Identifier: ISC
 * gatepost --first-run: a first configuration from options and, on a terminal, questions; the server behind is asked
 * before it is written (first_run_wire.h). */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_H
#define PARENT_FIRST_RUN_FIRST_RUN_H

/* `argv` is the whole command line; `hostname` that of this machine. The exit status: 0 when the configuration was
 * written, 2 for options that are wrong or missing, 1 for anything else. */
int first_run(int argc, char *const argv[], const char *hostname);

#endif
