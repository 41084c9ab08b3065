/* SPDX-License-Identifier: ISC */
#include "filters/links/shorteners.h"

static const struct slice hosts[] = {
#define SHORTENER(host) SLICE(host),
#include "filters/links/shorteners.def"
#undef SHORTENER
};

static bool is_listed(struct slice host)
{
    size_t from = 0, to = sizeof hosts / sizeof *hosts;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = slice_cmp(host, hosts[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

bool link_is_shortened(struct slice host)
{
    for (;;) {
        size_t dot = slice_find(host, '.');
        if (dot == host.len)
            return false;
        if (is_listed(host))
            return true;
        host = slice_from(host, dot + 1);
    }
}
