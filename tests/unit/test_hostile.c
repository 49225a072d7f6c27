/* SPDX-License-Identifier: BSD-2-Clause */
/* No message takes more than three times the body limit and 1 MiB of memory: what is
 * taken is counted here, and the stack is looked at. Not under sanitizers, which
 * take of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/hostile.h"
#include "sanitized.h"

enum {
	BODY_LIMIT = 256 << 10,
	MEMORY_MAX = 3 * BODY_LIMIT + (1 << 20),
	STACK_SIZE = 4 << 20,
	UNTOUCHED = 0xa5,
};

/* ---- what is counted: in place of the C library's ---- */

static atomic_size_t taken;
static atomic_size_t most;

#if !SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static void *count_in(void *block)
{
	size_t now =
		atomic_fetch_add(&taken, malloc_usable_size(block)) + malloc_usable_size(block);

	if (now > atomic_load(&most))
		atomic_store(&most, now);
	return block;
}

static void count_out(void *block)
{
	atomic_fetch_sub(&taken, malloc_usable_size(block));
}

void *malloc(size_t size)
{
	return count_in(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return count_in(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
	size_t before = malloc_usable_size(block);
	void *moved = __libc_realloc(block, size);

	if (moved == NULL && size != 0)
		return NULL;
	atomic_fetch_sub(&taken, before);
	return count_in(moved);
}

void free(void *block)
{
	count_out(block);
	__libc_free(block);
}

#endif

/* ---- a message ---- */

struct run {
	const struct rules *rules;
	size_t index;
	size_t heap;
	size_t stack;
};

static void *classify(void *argument)
{
	struct run *run = argument;
	struct classifier classifier;
	size_t length;
	char *text = hostile_make(run->index, &length);
	size_t before;

	if (text == NULL)
		return NULL;
	before = atomic_load(&taken);
	atomic_store(&most, before);
	if (classifier_open(&classifier, run->rules, BODY_LIMIT, true) == ERR_OK) {
		hostile_classify(&classifier, text, length);
		run->heap = atomic_load(&most) - before;
		classifier_close(&classifier);
	}
	free(text);
	return run;
}

/* On a stack of its own, of which it is seen how much was used. */
static void classify_on(unsigned char *stack, struct run *run)
{
	pthread_attr_t attributes;
	pthread_t thread;
	void *result;
	size_t unused = 0;

	memset(stack, UNTOUCHED, STACK_SIZE);
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
	assert_int_equal(pthread_create(&thread, &attributes, classify, run), 0);
	pthread_join(thread, &result);
	pthread_attr_destroy(&attributes);
	assert_ptr_equal(result, run);
	while (unused < STACK_SIZE && stack[unused] == UNTOUCHED)
		unused++;
	run->stack = STACK_SIZE - unused;
}

static struct rules *read_rules(void)
{
	static char *guarded[] = {"password-reset", "magic-link"};
	static const struct conf_list guard = {2, guarded};
	const char *source = getenv("SRC");
	struct rules *rules;
	struct why why = {""};
	char directory[] = "/tmp/test_hostile.XXXXXX";
	char packs[64];
	char installed[1024];
	char path[64];
	FILE *file;
	enum err err;

	assert_non_null(source);
	assert_non_null(mkdtemp(directory));
	snprintf(packs, sizeof(packs), "%s/packs", directory);
	snprintf(installed, sizeof(installed), "%s/conf/packs", source);
	assert_int_equal(symlink(installed, packs), 0);
	snprintf(path, sizeof(path), "%s/messages", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(hostile_rules, file) >= 0);
	assert_int_equal(fclose(file), 0);
	err = rules_read(path, &guard, &rules, &why);
	unlink(path);
	unlink(packs);
	rmdir(directory);
	if (err != ERR_OK)
		fail_msg("%s", why.text);
	return rules;
}

static void no_message_takes_much_memory(void **state)
{
	struct run run = {.rules = *state};
	unsigned char *stack;
	size_t worst = 0;

#if SANITIZED
	skip();
#endif
	stack = aligned_alloc(4096, STACK_SIZE);
	assert_non_null(stack);
	for (run.index = 0; run.index < hostile_count(); run.index++) {
		classify_on(stack, &run);
		if (run.heap + run.stack > MEMORY_MAX)
			fail_msg("%s: %zu bytes and %zu of stack", hostile_name(run.index),
				 run.heap, run.stack);
		worst = run.heap + run.stack > worst ? run.heap + run.stack : worst;
	}
	print_message("the most was %zu of %d bytes\n", worst, (int)MEMORY_MAX);
	free(stack);
}

/* With the fields and buffers of one message alone it is more than this. */
static void the_counters_count(void **state)
{
	struct run run = {.rules = *state};
	unsigned char *stack;

#if SANITIZED
	skip();
#endif
	stack = aligned_alloc(4096, STACK_SIZE);
	assert_non_null(stack);
	classify_on(stack, &run);
	assert_true(run.heap > 2UL * CLASSIFIER_FIELD_MAX);
	assert_true(run.stack > 1024);
	free(stack);
}

static int set_up(void **state)
{
	mime_init();
	*state = read_rules();
	return 0;
}

static int tear_down(void **state)
{
	rules_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_counters_count),
		cmocka_unit_test(no_message_takes_much_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
