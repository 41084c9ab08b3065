/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_calibration.h"

#include "filters/spam/spam_logistic.h"

#include <math.h>

/* Of the likelihood at (a, b): where it rises, and how that changes. */
struct slope {
    double a, b, aa, ab, bb;
};

/* What each class counts as: a little less than certain, so that a clean split does not make a
 * probability of 1. */
struct targets {
    double ham, spam;
};

static struct targets targets_of(const struct spam_outcome *outcomes, size_t count)
{
    size_t spam = 0;
    for (size_t i = 0; i < count; i++)
        spam += outcomes[i].spam;
    return (struct targets){1.0 / (double)(count - spam + 2),
                            ((double)spam + 1) / ((double)spam + 2)};
}

static struct slope slope_at(const struct spam_outcome *outcomes, size_t count,
                             struct targets targets, double a, double b)
{
    /* Keeps the second derivatives away from 0, and a and b from running off. */
    const double prior = 1e-3;
    struct slope s = {-prior * a, -prior * b, prior, 0, prior};
    for (size_t i = 0; i < count; i++) {
        double x = (double)outcomes[i].log_odds, p = spam_logistic(a * x + b);
        double off = (outcomes[i].spam ? targets.spam : targets.ham) - p, steep = p * (1 - p);
        s.a += off * x;
        s.b += off;
        s.aa += steep * x * x;
        s.ab += steep * x;
        s.bb += steep;
    }
    return s;
}

bool spam_calibrate(const struct spam_outcome *outcomes, size_t count, double *a, double *b)
{
    enum { ROUNDS = 50 };
    const double largest = 0.5; /* step: the likelihood is no parabola */
    struct targets targets = targets_of(outcomes, count);
    *a = 1;
    *b = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct slope s = slope_at(outcomes, count, targets, *a, *b);
        double det = s.aa * s.bb - s.ab * s.ab;
        double da = (s.a * s.bb - s.b * s.ab) / det, db = (s.b * s.aa - s.a * s.ab) / det;
        double length = sqrt(da * da + db * db), shrink = length > largest ? largest / length : 1;
        *a += da * shrink;
        *b += db * shrink;
    }
    return isfinite(*a) && isfinite(*b) && *a > 0;
}
