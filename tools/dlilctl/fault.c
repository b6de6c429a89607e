// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the place of an error in an expression.
 *
 * libpcap says what is wrong, but not where.  So prefixes of the expression are compiled:
 *
 * - The place of a syntax error is behind the longest prefix that can be continued.  That
 *   a prefix can be continued is certain if a continuation compiles.  That it cannot is
 *   only as certain as the list of continuations is complete.
 * - Any other error is at the end of the shortest prefix that has the same error.
 */
#include <stdarg.h>
#include <string.h>

#include "dlilctl.h"

/* A name that a server does not resolve may take long; then the place is not worth it. */
#define PATIENCE_MS 1000

#define TOKENS_MAX 512

/* Continuations, in front of closing brackets. */
static const char *const continuations[] = {
	"", " icmp", " 1", " = 1", " host 1.2.3.4", " port 1", " 1.2.3.4", " ::1",
	" 2:0:0:0:0:1", " 1-2", " proto 1", " [0]",
};

/**
 * struct search - the search for an error
 * @expr: the expression
 * @message: what libpcap says
 * @compile: compiles an expression; returns the message, or NULL if it is right
 * @ends: where the tokens end, in bytes; the first is 0
 * @n: number of tokens
 * @until: when to give up, in milliseconds
 */
struct search {
	const char *expr;
	char message[PCAP_ERRBUF_SIZE];
	const char *(*compile)(const char *expr);
	size_t ends[TOKENS_MAX + 1];
	size_t n;
	long long until;
};

static bool is_late(const struct search *s)
{
	return now_ms() > s->until;
}

/* Length of the token at @at, which is not a blank.  Addresses have colons, too. */
static size_t token_len(const char *at, bool in_brackets)
{
	static const char operators[] = "&|<>=!";

	if (strchr("()[]+*%^", *at) || (*at == ':' && in_brackets))
		return 1;
	if (strchr(operators, *at))
		return strspn(at, operators);
	return strcspn(at, in_brackets ? " \t\r\n()[]+*%^&|<>=!:" :
					 " \t\r\n()[]+*%^&|<>=!");
}

static size_t skip_blanks(const char *expr, size_t at)
{
	return at + strspn(expr + at, " \t\r\n");
}

/* Returns false if there are too many tokens. */
static bool split(struct search *s)
{
	size_t at = skip_blanks(s->expr, 0);
	bool in_brackets = false;

	while (s->expr[at]) {
		if (s->n == TOKENS_MAX)
			return false;
		if (strchr("[]", s->expr[at]))
			in_brackets = s->expr[at] == '[';
		at += token_len(s->expr + at, in_brackets);
		s->ends[++s->n] = at;
		at = skip_blanks(s->expr, at);
	}
	return true;
}

static bool is_syntax_error(const char *message)
{
	return strstr(message, "syntax error");
}

/* Writes the closing brackets for those open after the first @n tokens, innermost first. */
static void close_all(const struct search *s, size_t n, char *to)
{
	char open[EXPR_MAX_LEN + 1];
	size_t i, depth = 0;

	for (i = 0; i < s->ends[n]; i++)
		if (strchr("([", s->expr[i]))
			open[depth++] = s->expr[i];
		else if (strchr(")]", s->expr[i]) && depth)
			depth--;
	while (depth)
		*to++ = open[--depth] == '(' ? ')' : ']';
	*to = 0;
}

static bool is_right(const struct search *s, size_t n, const char *format, ...)
{
	char text[2 * (EXPR_MAX_LEN + 1) + 64];
	const char *message;
	va_list ap;

	memcpy(text, s->expr, s->ends[n]);
	va_start(ap, format);
	vsnprintf(text + s->ends[n], sizeof(text) - s->ends[n], format, ap);
	va_end(ap);
	message = s->compile(text);
	return !message || !is_syntax_error(message);
}

/* Is there a continuation of the first @n tokens?  One may have to compare bytes first. */
static bool can_continue(const struct search *s, size_t n)
{
	char closing[EXPR_MAX_LEN + 1];
	size_t i, first;

	close_all(s, n, closing);
	first = strcspn(closing, "]");
	first += closing[first] == ']';
	for (i = 0; i < ARRAY_SIZE(continuations); i++)
		if (is_right(s, n, "%s%s", continuations[i], closing) ||
		    is_right(s, n, "%s%.*s = 1%s", continuations[i], (int)first,
			     closing, closing + first))
			return true;
	return false;
}

/* Number of the token at fault, from 0 on; @n if it is the end, and -1 if unknown. */
static int find_syntax_error(const struct search *s)
{
	size_t n;

	for (n = s->n; n && !is_late(s); n--)
		if (can_continue(s, n))
			return n;
	return n ? -1 : 0;
}

static int find_other_error(const struct search *s)
{
	char text[EXPR_MAX_LEN + 1];
	const char *message;
	size_t n;

	for (n = 1; n <= s->n && !is_late(s); n++) {
		memcpy(text, s->expr, s->ends[n]);
		text[s->ends[n]] = 0;
		message = s->compile(text);
		if (message && !strcmp(message, s->message))
			return n - 1;
	}
	return -1;
}

/* Prints the expression on a line, and a mark below the byte @at. */
static void print_marked(const char *expr, size_t at, bool known)
{
	const char *c;

	fputs("  ", stderr);
	for (c = expr; *c; c++)
		fputc((unsigned char)*c < ' ' ? ' ' : *c, stderr);
	fputc('\n', stderr);
	if (!known)
		return;
	fprintf(stderr, "  %*s^\n", (int)at, "");
}

/**
 * show_fault() - print an expression that is wrong, and mark the place if it can be found
 * @expr: the expression
 * @message: what libpcap says
 * @compile: compiles an expression; returns the message, or NULL if it is right
 */
void show_fault(const char *expr, const char *message,
		const char *(*compile)(const char *expr))
{
	struct search s = {
		.expr = expr, .compile = compile, .until = now_ms() + PATIENCE_MS,
	};
	int n = -1;

	snprintf(s.message, sizeof(s.message), "%s", message);
	if (split(&s))
		n = is_syntax_error(s.message) ? find_syntax_error(&s) :
						 find_other_error(&s);
	if (n < 0)
		print_marked(expr, 0, false);
	else if ((size_t)n == s.n)
		print_marked(expr, s.ends[n] + 1, true);
	else
		print_marked(expr, skip_blanks(expr, s.ends[n]), true);
}
