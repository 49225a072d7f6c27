/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nullmilter - the milter that does nothing, the measure of all others.
 *
 *	nullmilter [-a] SOCKET
 *
 * It registers the callbacks of resetguard-milter and asks the MTA for the same
 * flags, and answers "continue" to everything: what a message costs here is the
 * price of libmilter and of the protocol. With -a it accepts at the end of the
 * headers, which saves the body and the end of the message, as resetguard-milter
 * does with what it lets through. SOCKET is a libmilter connection string, and a stale
 * UNIX socket is replaced. SIGTERM ends it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

/* These three say what resetguard-milter's xxfi_negotiate says: keep them so. */
#define ACTIONS (SMFIF_DELRCPT | SMFIF_QUARANTINE | SMFIF_ADDHDRS)
#define UNWANTED (SMFIP_NOHELO | SMFIP_NOUNKNOWN)
#define UNANSWERED (SMFIP_NR_CONN | SMFIP_NR_MAIL | SMFIP_NR_HDR)

/* Set before any thread. */
static bool accepts_early;

/* The SMFIP_NR_* flags that the MTA granted are this connection's private pointer. */
static sfsistat proceed(SMFICTX *ctx, unsigned long unanswered)
{
	uintptr_t granted = (uintptr_t)smfi_getpriv(ctx);

	return (granted & unanswered) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long reserved2, unsigned long reserved3,
			     unsigned long *want_actions, unsigned long *want_steps,
			     unsigned long *want_reserved2, unsigned long *want_reserved3)
{
	(void)reserved2;
	(void)reserved3;
	*want_actions = actions & ACTIONS;
	*want_steps = steps & (UNWANTED | UNANSWERED);
	*want_reserved2 = 0;
	*want_reserved3 = 0;
	if (smfi_setpriv(ctx, (void *)(uintptr_t)(steps & UNANSWERED)) != MI_SUCCESS)
		return SMFIS_REJECT;
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	(void)hostname;
	(void)address;
	return proceed(ctx, SMFIP_NR_CONN);
}

static sfsistat on_envfrom(SMFICTX *ctx, char **argv)
{
	(void)argv;
	return proceed(ctx, SMFIP_NR_MAIL);
}

static sfsistat on_envrcpt(SMFICTX *ctx, char **argv)
{
	(void)argv;
	return proceed(ctx, SMFIP_NR_RCPT);
}

static sfsistat on_data(SMFICTX *ctx)
{
	return proceed(ctx, SMFIP_NR_DATA);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)name;
	(void)value;
	return proceed(ctx, SMFIP_NR_HDR);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	return accepts_early ? SMFIS_ACCEPT : proceed(ctx, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	(void)bytes;
	(void)length;
	return proceed(ctx, SMFIP_NR_BODY);
}

static sfsistat on_eom(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	(void)smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static char filter_name[] = "nullmilter";

int main(int argc, char **argv)
{
	struct smfiDesc filter = {
		.xxfi_name = filter_name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_envfrom,
		.xxfi_envrcpt = on_envrcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};

	accepts_early = argc == 3 && strcmp(argv[1], "-a") == 0;
	if (argc != 2 && !accepts_early) {
		fprintf(stderr, "usage: nullmilter [-a] SOCKET\n");
		return EX_USAGE;
	}
	if (smfi_register(filter) != MI_SUCCESS || smfi_setconn(argv[argc - 1]) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS) {
		fprintf(stderr, "nullmilter: cannot listen on %s\n", argv[argc - 1]);
		return EX_UNAVAILABLE;
	}
	return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EX_SOFTWARE;
}
