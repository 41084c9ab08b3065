/* SPDX-License-Identifier: ISC
 * The files of geo { ... }, and where they say what: in records as MaxMind and DB-IP make them. */
#ifndef POLICY_GEO_H
#define POLICY_GEO_H

#include "policy/config.h"

extern const char *const geo_country_path[]; /* a text: DE */
extern const char *const geo_asn_path[];     /* a number */
extern const char *const geo_as_name_path[]; /* a text */

/* The setting that a file should be given in for this fact to be known; NULL: it is, or is another. */
const char *geo_untold(const struct config *config, enum fact fact);

#endif
