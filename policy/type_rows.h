/* SPDX-License-Identifier: ISC
 * The type column of facts.def and types.def as initialisers of struct type. For the files that
 * expand those tables. */
#ifndef POLICY_TYPE_ROWS_H
#define POLICY_TYPE_ROWS_H

#include "policy/types.h"

#define BOOL                                                                                       \
    {                                                                                              \
        .kind = TYPE_BOOL                                                                          \
    }
#define NUMBER                                                                                     \
    {                                                                                              \
        .kind = TYPE_NUMBER                                                                        \
    }
#define TEXT                                                                                       \
    {                                                                                              \
        .kind = TYPE_TEXT                                                                          \
    }
#define ADDRESS                                                                                    \
    {                                                                                              \
        .kind = TYPE_ADDRESS                                                                       \
    }
#define DOMAIN                                                                                     \
    {                                                                                              \
        .kind = TYPE_DOMAIN                                                                        \
    }
#define IP                                                                                         \
    {                                                                                              \
        .kind = TYPE_IP                                                                            \
    }
#define SIZE                                                                                       \
    {                                                                                              \
        .kind = TYPE_SIZE                                                                          \
    }
#define DURATION                                                                                   \
    {                                                                                              \
        .kind = TYPE_DURATION                                                                      \
    }
#define TIME                                                                                       \
    {                                                                                              \
        .kind = TYPE_TIME                                                                          \
    }
#define ENUM(list)                                                                                 \
    {                                                                                              \
        .kind = TYPE_ENUM, .words = &enum_types[WORDS_##list]                                      \
    }
#define LIST_OF(member)                                                                            \
    {                                                                                              \
        .kind = TYPE_LIST, .element = &(const struct type)member                                   \
    }
#define RECORDS(name)                                                                              \
    {                                                                                              \
        .kind = TYPE_LIST, .element = &(const struct type)                                         \
        {                                                                                          \
            .kind = TYPE_RECORD, .record = &record_types[RECORD_##name]                            \
        }                                                                                          \
    }

#endif
