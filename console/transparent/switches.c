/* SPDX-License-Identifier: ISC */
#include "console/transparent/switches.h"

/* When it is wanted: for one of the two families, and on a router, or on a bridge. */
static const struct row {
    uint8_t family;
    bool routed, bridged;
    struct kernel_switch wanted;
} rows[] = {
    {4, true, false, {"net/ipv4/ip_forward", 1, false, "what is not taken has to be passed on"}},
    {6,
     true,
     false,
     {"net/ipv6/conf/all/forwarding", 1, false, "what is not taken has to be passed on"}},
    {4, true, true, {"net/ipv4/conf/all/src_valid_mark", 0, true, SWITCH_VALID_MARK}},
    {4,
     false,
     true,
     {"net/bridge/bridge-nf-call-iptables", 0, true, "with 1, frames are never lifted"}},
    {6,
     false,
     true,
     {"net/bridge/bridge-nf-call-ip6tables", 0, true, "with 1, frames are never lifted"}},
};

size_t kernel_switches(const struct capture_plan *plan, const struct capture_options *options,
                       struct kernel_switch out[static SWITCHES_MAX])
{
    size_t count = 0;
    /* What is lifted off a bridge, and then not taken, is routed. */
    bool routes = !options->bridge || options->pass;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        bool place = (row->routed && routes) || (row->bridged && options->bridge) ||
                     (row->routed && row->bridged);
        if (place && capture_plan_has(plan, row->family))
            out[count++] = row->wanted;
    }
    return count;
}
