/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How modules for tests read a parameter that begins with the name of an ifnet, which
 * refers to the netns of the task that writes it.
 */
#ifndef DLIL_KUNIT_WORDS_H
#define DLIL_KUNIT_WORDS_H

#include <linux/err.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/dlil.h>

#define WORDS_MAX 192

/* The next word of *@words, cut off there, or NULL. */
static inline char *next_word(char **words)
{
	char *word;

	do {
		word = strsep(words, " ");
	} while (word && !*word);
	return word ? strim(word) : NULL;
}

/*
 * Copy what was written to @buf.  Returns the ifnet that the first word names,
 * referenced, with the other words in *@words; or an error pointer.
 */
static inline struct dlil_ifnet *ifnet_of(const char *val, char *buf, char **words)
{
	struct dlil_ifnet *ifp = NULL;
	char *name;

	if (strscpy(buf, val, WORDS_MAX) < 0)
		return ERR_PTR(-EINVAL);
	*words = buf;
	name = next_word(words);
	if (name)
		ifp = dlil_ifnet_by_name(current->nsproxy->net_ns, name);
	return ifp ?: ERR_PTR(-ENODEV);
}

#endif
