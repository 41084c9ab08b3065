/* SPDX-License-Identifier: ISC */
#include "filters/banner/banner.h"

const char *banner_state_word(enum banner_state state)
{
    static const char *const words[BANNER_STATES] = {
        [BANNER_UNEXAMINED] = "left out: not examined",
        [BANNER_PLACED] = "",
        [BANNER_NO_TEXT] = "left out: no text",
        [BANNER_SEALED] = "left out: signed or encrypted",
        [BANNER_IN_DOUBT] = "left out: malformed",
        [BANNER_LARGE] = "left out: too large",
        [BANNER_ENCODING] = "left out: its encoding",
        [BANNER_CHARSET] = "left out: its charset",
        [BANNER_STRIPPED] = "left out: taken out",
        [BANNER_DIFFERS] = "left out: recipients differ",
        [BANNER_TOO_MANY] = "left out: too many",
    };
    return words[state];
}
