/* SPDX-License-Identifier: ISC
 * The command line of a scanner family. */
#ifndef FILTERS_SCANNER_FAMILY_OPTIONS_H
#define FILTERS_SCANNER_FAMILY_OPTIONS_H

#include "filters/scanner/family.h"

/* Texts point into argv.
 * False with *reason for an unknown word, a missing value or one out of bounds. */
bool family_options_parse(int argc, char *argv[], struct family_options *out, const char **reason);

#endif
