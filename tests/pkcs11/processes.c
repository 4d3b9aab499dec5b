/* Children, and what this process has open. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void in_child(const char *script, const char *result)
{
	size_t length;
	unsigned char *lines = contents(script, &length);
	/* From memory: the end of a child of this one would move a file's place for this one, too. */
	FILE *from = fmemopen(lines, length, "r");
	FILE *to = fopen(result, "w");

	if (from == NULL || to == NULL)
		die("%s or %s: %s", script, result, strerror(errno));
	run_lines(from, to);
	fclose(from);
	fclose(to);
	free(lines);
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

static DIR *opened(const char *folder)
{
	DIR *directory = opendir(folder);

	if (directory == NULL)
		die("%s: %s", folder, strerror(errno));
	return directory;
}

/* threads-now: how many threads this process has. */
static void threads_now(const struct line *line)
{
	DIR *tasks = opened("/proc/self/task");
	struct dirent *entry;
	unsigned int count = 0;

	(void)line;
	while ((entry = readdir(tasks)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(tasks);
	say("CKR_OK %u", count);
}

/* Whether it is one end of a connection to another machine, or to this one by the same way. */
static int is_internet(int file)
{
	int domain = 0;
	socklen_t length = sizeof domain;

	return getsockopt(file, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
	       (domain == AF_INET || domain == AF_INET6);
}

/* sockets-now, connections-now: the sockets that it has, or those to the internet, as the system names
 * them. */
static void sockets_now(const struct line *line)
{
	int only_internet = strcmp(line->word[0], "connections-now") == 0;
	DIR *files = opened("/proc/self/fd");
	struct dirent *entry;

	say("CKR_OK");
	while ((entry = readdir(files)) != NULL) {
		char target[PATH_MAX] = "";
		if (readlinkat(dirfd(files), entry->d_name, target, sizeof target - 1) < 0 ||
		    strncmp(target, "socket:", 7) != 0)
			continue;
		if (!only_internet || is_internet(atoi(entry->d_name)))
			say(" %s", target);
	}
	closedir(files);
}

const struct command process_commands[] = {
	{ "fork", fork_child },
	{ "exec", exec_child },
	{ "wait-child", wait_child },
	{ "threads-now", threads_now },
	{ "sockets-now", sockets_now },
	{ "connections-now", sockets_now },
	{ NULL, NULL },
};
