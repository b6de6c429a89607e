// SPDX-License-Identifier: GPL-2.0
/*
 * Files of commands, a command in each line.  Quotes, backslashes and comments are those
 * of a shell; a backslash at the end of a line continues it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

bool lines_open(struct lines *lines, const char *file)
{
	bool from_stdin = !strcmp(file, "-");

	*lines = (struct lines){ .file = from_stdin ? "stdin" : file };
	lines->f = from_stdin ? stdin : fopen(file, "re");
	if (!lines->f)
		complain("Error", "cannot open \"%s\": %s", file, strerror(errno));
	return lines->f;
}

void lines_close(struct lines *lines)
{
	size_t i;

	for (i = 0; i < lines->n_kept; i++)
		free(lines->kept[i]);
	free(lines->kept);
	free(lines->words);
	if (lines->f != stdin)
		fclose(lines->f);
	place = (struct place){};
}

/* The text of a command must stay as long as its words. */
static void keep(struct lines *lines, char *text)
{
	if (!lines->keep && lines->n_kept) {
		free(lines->kept[0]);
		lines->kept[0] = text;
		return;
	}
	lines->kept = reallocarray(lines->kept, lines->n_kept + 1,
				   sizeof(*lines->kept));
	if (!lines->kept)
		need(NULL);
	lines->kept[lines->n_kept++] = text;
}

/* Reads a line and those that continue it.  Returns NULL at the end. */
static char *read_text(struct lines *lines)
{
	char *text = NULL, *part = NULL, *longer;
	size_t len = 0, size = 0;
	ssize_t n;

	while ((n = getline(&part, &size, lines->f)) >= 0) {
		lines->line++;
		if (n && part[n - 1] == '\n')
			part[--n] = 0;
		if (memchr(part, 0, n))
			usage_error("a line contains a NUL byte");
		longer = realloc(text, len + n + 1);
		if (!longer)
			need(NULL);
		text = longer;
		memcpy(text + len, part, n + 1);
		len += n;
		if (!n || part[n - 1] != '\\' || (n > 1 && part[n - 2] == '\\'))
			break;
		text[--len] = 0;
	}
	free(part);
	return text;
}

/* Ends a word of which *@from is the rest, in place.  Returns what follows it. */
static char *end_word(char *from)
{
	char quote = 0, *to = from;

	for (; *from && (quote || !strchr(" \t\r", *from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'') {
			quote = quote ? 0 : *from;
			continue;
		}
		if (*from == '\\' && from[1] && quote != '\'')
			from++;
		*to++ = *from;
	}
	if (quote)
		usage_error("a quote is not closed");
	/* The byte behind the word may be that which ends it. */
	if (*from)
		from++;
	*to = 0;
	return from;
}

/* Splits a text into words.  Returns how many there are. */
static int split(struct lines *lines, char *text)
{
	size_t max = strlen(text) / 2 + 1;
	char *next;
	int n = 0;

	lines->words = reallocarray(lines->words, max, sizeof(*lines->words));
	if (!lines->words)
		need(NULL);
	for (;;) {
		text += strspn(text, " \t\r");
		if (!*text || *text == '#')
			return n;
		next = end_word(text);
		lines->words[n++] = text;
		text = next;
	}
}

/**
 * lines_next() - read the next command
 * @lines: the file
 * @args: set to its words, at least one
 *
 * Return: false at the end.
 */
bool lines_next(struct lines *lines, struct args *args)
{
	unsigned int first;
	char *text;
	int n;

	do {
		first = lines->line + 1;
		place = (struct place){ lines->file, first };
		text = read_text(lines);
		if (!text)
			return false;
		keep(lines, text);
		n = split(lines, text);
	} while (!n);
	*args = (struct args){ .n = n, .words = lines->words };
	return true;
}

/* Prints a word so that it is read as it is. */
void print_word(FILE *f, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:,+/%@=";

	if (*word && !word[strspn(word, plain)]) {
		fputs(word, f);
		return;
	}
	putc('\'', f);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", f);
		else
			putc(*word, f);
	}
	putc('\'', f);
}
