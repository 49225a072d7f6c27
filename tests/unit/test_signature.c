/* SPDX-License-Identifier: BSD-2-Clause */
/* Checked against what openssl makes of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/signature.h"

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

static void it_is_what_openssl_makes(void **state)
{
	char text[SIGNATURE_TEXT_MAX];
	char long_key[257];

	(void)state;
	/* printf '%s.%s' 1700000000 '{"schema":1}' | openssl dgst -sha256 -hmac KEY */
	signature_make(bytes_of("0123456789abcdef0123456789abcdef"), 1700000000,
		       bytes_of("{\"schema\":1}"), text);
	assert_string_equal(text, "t=1700000000,v1=cd47d8d343a0fb8240532990216e441ff5b8e99a5a14b48252472dd66495d77c");
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	signature_make(bytes_of(long_key), 1, bytes_of(""), text);
	assert_string_equal(text, "t=1,v1=aca90c5bb5b7cfc285d0cae04fd7e753c93574186b219f19d4995e02f12195a3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_openssl_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
