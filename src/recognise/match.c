/* SPDX-License-Identifier: BSD-2-Clause */
/* match: regular expressions with PCRE2. */
#include "resetguard/match.h"

#include <stdint.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct match {
	pcre2_code *code;
	pcre2_match_context *context; /* the limits */
};

/* Memory for one call of pcre2_match, on the stack. Beyond it, which the limits
 * keep rare, the heap serves. PCRE2's interpreter begins with 20 KiB of frames;
 * compiled code needs less than 1 KiB. */
enum { ARENA_MAX = 24 << 10 };

struct arena {
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[ARENA_MAX];
};

static void *arena_allocate(size_t size, void *data)
{
	struct arena *arena = data;
	size_t rounded;
	void *memory;

	if (size > sizeof(arena->bytes) - arena->used)
		return malloc(size);
	memory = arena->bytes + arena->used;
	rounded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	arena->used = arena->used + rounded < sizeof(arena->bytes) ? arena->used + rounded
								   : sizeof(arena->bytes);
	return memory;
}

static void arena_release(void *memory, void *data)
{
	const struct arena *arena = data;
	uintptr_t from_start = (uintptr_t)memory - (uintptr_t)arena->bytes;

	if (from_start >= sizeof(arena->bytes))
		free(memory);
}

static enum err fault(int code, struct why *why)
{
	PCRE2_UCHAR text[256];

	if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	pcre2_get_error_message(code, text, sizeof(text));
	return err_why(ERR_CONFIG, why, "%s", (const char *)text);
}

static enum err compile(const char *pattern, size_t length, uint32_t options, struct match **match,
			size_t *fault_offset, struct why *why)
{
	struct match *made;
	PCRE2_SIZE offset = 0;
	int code = PCRE2_ERROR_NOMEMORY;

	if (length > MATCH_PATTERN_MAX) {
		*fault_offset = MATCH_PATTERN_MAX;
		return err_why(ERR_CONFIG, why, "a pattern may have %d bytes",
			       (int)MATCH_PATTERN_MAX);
	}
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return fault(code, why);
	made->code =
		pcre2_compile((PCRE2_SPTR)pattern, length,
			      options | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, NULL);
	if (made->code != NULL)
		made->context = pcre2_match_context_create(NULL);
	if (made->context == NULL) {
		if (made->code != NULL)
			code = PCRE2_ERROR_NOMEMORY;
		match_free(made);
		*fault_offset = offset;
		return fault(code, why);
	}
	pcre2_set_match_limit(made->context, MATCH_LIMIT);
	pcre2_set_depth_limit(made->context, MATCH_DEPTH_LIMIT);
	pcre2_set_heap_limit(made->context, MATCH_HEAP_LIMIT_KIB);
	/* Where memory may not be made executable, the interpreter does the work. */
	(void)pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE);
	*match = made;
	return ERR_OK;
}

enum err match_compile(const char *pattern, size_t length, bool ignore_case, struct match **match,
		       size_t *fault_offset, struct why *why)
{
	uint32_t options = PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;

	if (ignore_case)
		options |= PCRE2_CASELESS;
	return compile(pattern, length, options, match, fault_offset, why);
}

enum err match_compile_text(const char *text, size_t length, struct match **match,
			    size_t *fault_offset, struct why *why)
{
	return compile(text, length,
		       PCRE2_LITERAL | PCRE2_CASELESS | PCRE2_ANCHORED | PCRE2_ENDANCHORED, match,
		       fault_offset, why);
}

void match_free(struct match *match)
{
	if (match == NULL)
		return;
	pcre2_match_context_free(match->context);
	pcre2_code_free(match->code);
	free(match);
}

static enum match_result result_of(int code)
{
	if (code >= 0)
		return MATCH_YES;
	return code == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_UNDECIDED;
}

enum match_result match_text(const struct match *match, const char *text, size_t length)
{
	struct arena arena;
	pcre2_general_context *memory;
	pcre2_match_data *data = NULL;
	int code = PCRE2_ERROR_NOMEMORY;

	arena.used = 0;
	memory = pcre2_general_context_create(arena_allocate, arena_release, &arena);
	if (memory != NULL)
		data = pcre2_match_data_create(1, memory);
	if (data != NULL) {
		code = pcre2_match(match->code, (PCRE2_SPTR)text, length, 0, 0, data,
				   match->context);
		/* Compiled code has a small stack; the interpreter has the heap. */
		if (code == PCRE2_ERROR_JIT_STACKLIMIT)
			code = pcre2_match(match->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_JIT,
					   data, match->context);
	}
	pcre2_match_data_free(data);
	pcre2_general_context_free(memory);
	return result_of(code);
}
