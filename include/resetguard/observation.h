/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observation: what one source said of one domain at one time, in our words.
 * A plain value: sources make it, facts_apply takes it.
 */
#ifndef RESETGUARD_OBSERVATION_H
#define RESETGUARD_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/facts.h"
#include "resetguard/history.h"

enum observation_answer {
	OBSERVATION_FAILED,    /* it could not tell: an error, throttled, contradictory */
	OBSERVATION_OBJECT,    /* registry: an object; DNS: the name exists */
	OBSERVATION_NOT_THERE, /* registry: 404 or available; DNS: NXDOMAIN */
	OBSERVATION_NODATA,    /* DNS only: neither */
};

enum { OBSERVATION_ERROR_MAX = 199 };

struct observation {
	enum source source;
	enum observation_answer answer;
	int64_t at;

	/* of a registry's object */
	enum state state;      /* registered, grace, held, redemption, pending-delete by its statuses */
	int64_t registered_at; /* 0: not shown */
	int64_t expires_at;
	uint32_t registrar_id; /* 0: not shown */
	uint64_t handle_hash;
	uint64_t ns_hash; /* of the sorted set; 0: none shown */
	bool ns_parked;	  /* a name server of a parking or auction house is in the set */

	char host[DOMAIN_MAX + 1];		   /* the server that said it */
	char evidence[HISTORY_EVIDENCE_MAX + 1]; /* for the history: statuses and dates in its words */
	char error[OBSERVATION_ERROR_MAX + 1];	   /* of OBSERVATION_FAILED: cause, one line */
	int64_t retry_after;			   /* seconds the host asked to wait; 0: nothing said */
	bool throttled;				   /* it failed because the host limits us */
};

#endif
