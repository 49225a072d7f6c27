/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile - messages of about a megabyte, made to keep whoever reads them busy. */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <stddef.h>

#include "../../src/cli/classifier.h"

enum { HOSTILE_SIZE = 1 << 20 };

/* Rules of an operator's own whose expressions take as long as they may. */
extern const char hostile_rules[];

size_t hostile_count(void);
/* One word. */
const char *hostile_name(size_t index);
/* Lines end in LF. The caller frees; NULL: no memory. */
char *hostile_make(size_t index, size_t *length);

/* The whole message, in lines, as mailfiles gives them. */
void hostile_classify(struct classifier *classifier, const char *text, size_t length);

#endif
