/* Children, and what this process has open. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void in_child(const char *script, const char *result)
{
	FILE *from = fopen(script, "r");
	FILE *to = fopen(result, "w");

	if (from == NULL || to == NULL)
		die("%s or %s: %s", script, result, strerror(errno));
	run_lines(from, to);
	fclose(from);
	fclose(to);
	/* Not _Exit: what a library left to be done at the end is done in the child, too. */
	exit(0);
}

/* fork SCRIPT RESULT: a child that goes on with the lines of a file and writes its answers into another;
 * answered at once. */
static void fork_child(const struct line *line)
{
	const char *script = need(line, 1);
	const char *result = need(line, 2);

	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child == 0)
		in_child(script, result);
	say("CKR_OK %d", (int)child);
}

/* exec SCRIPT RESULT: the same with a new program in the child, which is again this one. */
static void exec_child(const struct line *line)
{
	const char *script = need(line, 1);
	const char *result = need(line, 2);

	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child == 0) {
		if (freopen(script, "r", stdin) == NULL || freopen(result, "w", stdout) == NULL)
			_exit(3);
		execl("/proc/self/exe", "host", (char *)NULL);
		_exit(4);
	}
	say("CKR_OK %d", (int)child);
}

/* wait-child: waits for the end of the child; its status, or the signal that ended it. */
static void wait_child(const struct line *line)
{
	int status;

	(void)line;
	if (waitpid(child, &status, 0) != child)
		die("waitpid: %s", strerror(errno));
	if (WIFEXITED(status))
		say("CKR_OK status=%d", WEXITSTATUS(status));
	else
		say("CKR_OK signal=%d", WTERMSIG(status));
}

static unsigned int entries(const char *folder, const char *kind)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	unsigned int count = 0;

	if (directory == NULL)
		die("%s: %s", folder, strerror(errno));
	while ((entry = readdir(directory)) != NULL) {
		char target[PATH_MAX] = "";
		if (entry->d_name[0] == '.')
			continue;
		if (kind != NULL &&
		    readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) < 0)
			continue;
		if (kind == NULL || strncmp(target, kind, strlen(kind)) == 0)
			count++;
	}
	closedir(directory);
	return count;
}

/* threads-now: how many threads this process has. */
static void threads_now(const struct line *line)
{
	(void)line;
	say("CKR_OK %u", entries("/proc/self/task", NULL));
}

/* sockets-now: how many sockets it has. */
static void sockets_now(const struct line *line)
{
	(void)line;
	say("CKR_OK %u", entries("/proc/self/fd", "socket:"));
}

const struct command process_commands[] = {
	{ "fork", fork_child },
	{ "exec", exec_child },
	{ "wait-child", wait_child },
	{ "threads-now", threads_now },
	{ "sockets-now", sockets_now },
	{ NULL, NULL },
};
