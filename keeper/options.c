/* SPDX-License-Identifier: ISC */
#include "keeper/options.h"

#include "common/learning.h"

#include <getopt.h>

static const struct option known[] = {
    {"user", required_argument, NULL, 'u'},       {"folder", required_argument, NULL, 'f'},
    {"log-to", required_argument, NULL, 't'},     {"log-format", required_argument, NULL, 'F'},
    {"log-level", required_argument, NULL, 'l'},  {"age", required_argument, NULL, 'a'},
    {"size", required_argument, NULL, 's'},       {"auditors", required_argument, NULL, 'A'},
    {"helpdesk", required_argument, NULL, 'H'},   {"admins", required_argument, NULL, 'R'},
    {"personal", required_argument, NULL, 'p'},   {"personal-age", required_argument, NULL, 'P'},
    {"history", no_argument, NULL, 'h'},          {"syslog", no_argument, NULL, 'y'},
    {"gateway", required_argument, NULL, 'g'},    {"hold", required_argument, NULL, 'o'},
    {"journal", required_argument, NULL, 'j'},    {"era", required_argument, NULL, 'e'},
    {"learn", required_argument, NULL, 'L'},      {"learn-age", required_argument, NULL, 'G'},
    {"learn-left", required_argument, NULL, 'I'}, {"learn-answered", required_argument, NULL, 'W'},
    {"share", required_argument, NULL, 'S'},      {NULL, 0, NULL, 0},
};

static bool take_group(const char *text, gid_t *out)
{
    uint64_t number;
    if (!slice_to_u64(slice_of(text), NO_GROUP - 1, &number))
        return false;
    *out = (gid_t)number;
    return true;
}

static bool take(struct options *out, int letter)
{
    switch (letter) {
    case 'u':
        out->user = optarg;
        return true;
    case 'f':
        out->folder = optarg;
        return true;
    case 't':
        out->log_to = optarg;
        return true;
    case 'F':
        out->log_format = optarg;
        return true;
    case 'l':
        out->log_level = optarg;
        return true;
    case 'a':
        return slice_to_u64(slice_of(optarg), INT32_MAX, &out->age);
    case 's':
        return slice_to_u64(slice_of(optarg), INT64_MAX, &out->size);
    case 'A':
        return take_group(optarg, &out->groups.of[ROLE_AUDITOR]);
    case 'H':
        return take_group(optarg, &out->groups.of[ROLE_HELPDESK]);
    case 'R':
        return take_group(optarg, &out->groups.of[ROLE_ADMIN]);
    case 'p':
        return personal_word(optarg, &out->personal.how);
    case 'P':
        return slice_to_u64(slice_of(optarg), INT32_MAX, &out->personal_age);
    case 'h':
        out->history = true;
        return true;
    case 'y':
        out->syslog = true;
        return true;
    case 'g':
        out->gateway = optarg;
        return true;
    case 'o':
        return slice_to_u64(slice_of(optarg), INT64_MAX, &out->hold);
    case 'j':
        return slice_to_u64(slice_of(optarg), INT64_MAX, &out->journal);
    case 'e':
        return slice_to_u64(slice_of(optarg), INT64_MAX, &out->era);
    case 'L':
        return slice_to_u64(slice_of(optarg), LEARN_LABELS_MOST, &out->learn);
    case 'S':
        out->share = optarg;
        return true;
    case 'G':
        return slice_to_u64(slice_of(optarg), INT32_MAX, &out->learn_age);
    case 'I':
        return slice_to_u64(slice_of(optarg), INT32_MAX, &out->learn_left);
    case 'W':
        return slice_to_u64(slice_of(optarg), INT32_MAX, &out->learn_answered);
    }
    return false;
}

bool options_parse(int argc, char *argv[], struct options *out)
{
    int letter;
    *out = (struct options){
        .log_to = "stderr", .log_format = "text", .log_level = "info", .gateway = ""};
    for (enum control_role role = ROLE_NONE; role < ROLES; role++)
        out->groups.of[role] = NO_GROUP;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (!take(out, letter))
            return false;
    return optind == argc && out->user && out->folder && out->age && out->size &&
           (!out->learn || out->learn_age);
}
