/* SPDX-License-Identifier: ISC
 * What is known of learning, as JSON. */
#ifndef KEEPER_LEARN_STATUS_H
#define KEEPER_LEARN_STATUS_H

#include "keeper/learning.h"

/* Of the predictions of the model in use the last LEARN_STATUS_PREDICTIONS are told, as
 * learn_prediction_pack writes them, in base64. False with *reason. */
enum { LEARN_STATUS_PREDICTIONS = 9000 };
bool learn_status(struct learning *learning, struct buf *out, const char **reason);

#endif
