/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_PROBE_PROBE_NTLM_H
#define CONSOLE_PROBE_PROBE_NTLM_H

#include "console/probe/probe.h"

/* Whether NTLM passes with a password that is right, or the server demands Extended Protection. */
void probe_ntlm(struct probe *probe);

#endif
