/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_LEARN_LEARN_MODEL_H
#define CONSOLE_LEARN_LEARN_MODEL_H

/* The model that a running gateway judges by, asked for on `sock`: a sealed memfd, the caller's. -1:
 * what is wrong was said. */
int learn_model(int sock);

/* The same, where that may have started just now: the first model is waited for. */
int learn_model_awaited(int sock);

#endif
