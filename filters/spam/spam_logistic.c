/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_logistic.h"

#include <math.h>

/* exp(x) for -40 <= x <= 0: halved until it is small, then as often squared. */
static double exponential(double x)
{
    enum { HALVINGS = 10, TERMS = 6 };
    double small = x / (1 << HALVINGS), sum = 1;
    for (int i = TERMS; i > 0; i--)
        sum = 1 + sum * small / i;
    for (int i = 0; i < HALVINGS; i++)
        sum *= sum;
    return sum;
}

double spam_logistic(double log_odds)
{
    const double most = 40;
    double size = log_odds < 0 ? -log_odds : log_odds;
    double rest = exponential(size < most ? -size : -most);
    return log_odds < 0 ? rest / (1 + rest) : 1 / (1 + rest);
}

double spam_unit(size_t cells)
{
    return cells ? 1 / sqrt(2 * (double)cells) : 0;
}
