/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory runs out for once while a document is read, at each allocation in turn. Not under
 * sanitizers, which allocate themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "resetguard/json.h"
#include "sanitized.h"

/* How many are still given before the one that is not; that of the test's one thread. */
static unsigned given_before;
static bool armed;

#if !SANITIZED

void *__libc_malloc(size_t size);

/* In the way of jansson's. */
void *malloc(size_t size)
{
	if (armed && given_before-- == 0) {
		armed = false;
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

#endif

/* It is never the document's fault, nor is one read that has lost a piece. */
static void memory_that_runs_out_is_said_to_be_the_cause(void **state)
{
	static const char text[] = "{\"objectClassName\":\"domain\",\"events\":[{\"eventAction\":"
				   "\"expiration\",\"at\":\"\\u00e4 long enough to grow\"}],"
				   "\"n\":[1,2.5,-3,null,true]}";
	struct json *document = NULL;

	(void)state;
#if SANITIZED
	skip();
#endif
	assert_int_equal(json_parse(text, sizeof text - 1, &document, NULL), ERR_OK);
	json_free(document);
	for (unsigned given = 0;; given++) {
		struct why why = {""};
		enum err err;

		given_before = given;
		armed = true;
		err = json_parse(text, sizeof text - 1, &document, &why);
		if (armed) {
			armed = false;
			assert_int_equal(err, ERR_OK);
			assert_true(given > 20);
			break;
		}
		assert_int_equal(err, ERR_NO_MEMORY);
		assert_string_equal(why.text, "out of memory");
	}
	assert_string_equal(json_as_string(json_member(document, "objectClassName")), "domain");
	json_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_runs_out_is_said_to_be_the_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
