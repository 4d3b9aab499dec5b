/* Many calls at a time, and many in a row with a look at the clock. */
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_THREADS 64

/* What the threads share. */
struct crowd {
	const struct line *line;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE key;
	char **codes;
	size_t code_count;
	size_t next;
	CK_RV *results;
	pthread_mutex_t lock;
	pthread_barrier_t together;
	int is_race;
};

struct runner {
	struct crowd *crowd;
	CK_SESSION_HANDLE session;
	pthread_t thread;
	CK_RV result;
};

static struct crowd crowd;
static struct runner runners[MOST_THREADS];
static size_t runner_count;
static struct line started;
static pthread_t waiter;
static CK_RV waited;

static CK_RV verify_in(CK_SESSION_HANDLE in, struct mechanism *mechanism, CK_OBJECT_HANDLE key,
		       const char *code)
{
	CK_RV rv = module->C_VerifyInit(in, &mechanism->call, key);

	if (rv == CKR_OK)
		rv = module->C_Verify(in, NULL, 0, (CK_BYTE_PTR)code, strlen(code));
	return rv;
}

static size_t take_turn(void)
{
	size_t turn;

	pthread_mutex_lock(&crowd.lock);
	turn = crowd.next++;
	pthread_mutex_unlock(&crowd.lock);
	return turn;
}

/* A line of the file: a code, or a key and a code where each line has its own. */
static CK_RV verify_line(CK_SESSION_HANDLE in, struct mechanism *mechanism, size_t turn)
{
	const char *code = crowd.codes[turn];
	CK_OBJECT_HANDLE key = crowd.key;
	char *rest;

	if (crowd.key == CK_INVALID_HANDLE) {
		key = strtoul(code, &rest, 10);
		code = rest + strspn(rest, " ");
	}
	return verify_in(in, mechanism, key, code);
}

static void *run(void *argument)
{
	struct runner *runner = argument;
	struct mechanism mechanism;

	read_mechanism(&mechanism, crowd.line, crowd.line->word[2]);
	pthread_barrier_wait(&crowd.together);
	if (crowd.is_race) {
		runner->result =
			verify_in(runner->session, &mechanism, crowd.key, crowd.line->word[4]);
	} else {
		for (size_t turn = take_turn(); turn < crowd.code_count; turn = take_turn())
			crowd.results[turn] = verify_line(runner->session, &mechanism, turn);
	}
	free_mechanism(&mechanism);
	return NULL;
}

static CK_SLOT_ID slot_in_use(void)
{
	CK_SESSION_INFO info;

	if (module->C_GetSessionInfo(session, &info) != CKR_OK)
		die("no session is in use");
	return info.slotID;
}

static void begin(const struct line *line)
{
	runner_count = number(need(line, 1));
	if (runner_count == 0 || runner_count > MOST_THREADS)
		die("1 to %d threads", MOST_THREADS);
	crowd.line = line;
	crowd.slot = slot_in_use();
	crowd.key = strcmp(need(line, 3), "each") == 0 ? CK_INVALID_HANDLE
						      : object_named(line->word[3]);
	crowd.next = 0;
	pthread_mutex_init(&crowd.lock, NULL);
	pthread_barrier_init(&crowd.together, NULL, (unsigned int)runner_count);
	for (size_t i = 0; i < runner_count; i++) {
		struct runner *one = &runners[i];
		one->crowd = &crowd;
		if (module->C_OpenSession(crowd.slot, CKF_SERIAL_SESSION, NULL, NULL,
					  &one->session) != CKR_OK)
			die("no session for a thread");
	}
	for (size_t i = 0; i < runner_count; i++) {
		if (pthread_create(&runners[i].thread, NULL, run, &runners[i]) != 0)
			die("no thread");
	}
}

static void end(void)
{
	for (size_t i = 0; i < runner_count; i++) {
		pthread_join(runners[i].thread, NULL);
		module->C_CloseSession(runners[i].session);
	}
	pthread_barrier_destroy(&crowd.together);
	pthread_mutex_destroy(&crowd.lock);
}

/* threads NUMBER MECHANISM KEY CODE [as verify]: one code by all of them at the same moment, each in a
 * session of its own; their return values. */
static void threads(const struct line *line)
{
	need(line, 4);
	crowd.is_race = 1;
	begin(line);
	end();
	say("CKR_OK");
	for (size_t i = 0; i < runner_count; i++)
		say(" %s", rv_name(runners[i].result));
}

/* start NUMBER MECHANISM KEY FILE: codes, one per line, each by one of the threads; answered at once.
 * With "each" in the place of the key, each line has a key in front of its code. */
static void start(const struct line *line)
{
	if (crowd.codes != NULL)
		die("threads are under way");
	started.count = line->count;
	for (size_t i = 0; i < line->count; i++)
		started.word[i] = strcpy(room(strlen(line->word[i])), line->word[i]);
	crowd.is_race = 0;
	crowd.codes = file_lines(need(line, 4), &crowd.code_count);
	crowd.results = room(crowd.code_count * sizeof *crowd.results);
	begin(&started);
	say("CKR_OK");
}

/* join: waits for what start began; a return value for each code. */
static void join(const struct line *line)
{
	(void)line;
	if (crowd.codes == NULL)
		die("no threads are under way");
	end();
	say("CKR_OK");
	for (size_t i = 0; i < crowd.code_count; i++)
		say(" %s", rv_name(crowd.results[i]));
	free_lines(crowd.codes, crowd.code_count);
	crowd.codes = NULL;
	free(crowd.results);
	for (size_t i = 0; i < started.count; i++)
		free(started.word[i]);
}

static void *initialise(void *argument)
{
	struct runner *runner = argument;
	CK_C_INITIALIZE_ARGS arguments;

	memset(&arguments, 0, sizeof arguments);
	arguments.flags = CKF_OS_LOCKING_OK;
	pthread_barrier_wait(&crowd.together);
	runner->result = module->C_Initialize(&arguments);
	return NULL;
}

/* init-all NUMBER: so many threads initialise the module at the same moment; their return values. */
static void init_all(const struct line *line)
{
	size_t count = number(need(line, 1));

	if (count == 0 || count > MOST_THREADS)
		die("1 to %d threads", MOST_THREADS);
	pthread_barrier_init(&crowd.together, NULL, (unsigned int)count);
	for (size_t i = 0; i < count; i++) {
		if (pthread_create(&runners[i].thread, NULL, initialise, &runners[i]) != 0)
			die("no thread");
	}
	say("CKR_OK");
	for (size_t i = 0; i < count; i++) {
		pthread_join(runners[i].thread, NULL);
		say(" %s", rv_name(runners[i].result));
	}
	pthread_barrier_destroy(&crowd.together);
}

static void *wait_for_event(void *argument)
{
	CK_SLOT_ID slot;

	(void)argument;
	waited = module->C_WaitForSlotEvent(0, &slot, NULL);
	return NULL;
}

/* wait-begin, wait-end: C_WaitForSlotEvent on a thread of its own, and what came of it. */
static void wait_begin(const struct line *line)
{
	(void)line;
	if (pthread_create(&waiter, NULL, wait_for_event, NULL) != 0)
		die("no thread");
	say("CKR_OK");
}

static void wait_end(const struct line *line)
{
	(void)line;
	pthread_join(waiter, NULL);
	say_rv(waited, "C_WaitForSlotEvent");
}

static unsigned long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000000000UL + (unsigned long)now.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left;
	unsigned long b = *(const unsigned long *)right;

	return (a > b) - (a < b);
}

static void say_times(unsigned long *times, size_t count)
{
	unsigned long total = 0;

	for (size_t i = 0; i < count; i++)
		total += times[i];
	qsort(times, count, sizeof *times, by_size);
	say("CKR_OK calls=%zu total-ns=%lu median-ns=%lu p99-ns=%lu", count, total,
	    times[count / 2], times[count * 99 / 100]);
}

static CK_RV find_serial(const char *serial)
{
	CK_ATTRIBUTE wanted = { CKA_ID, (void *)serial, strlen(serial) };
	CK_OBJECT_HANDLE found;
	CK_ULONG count = 0;
	CK_RV rv = module->C_FindObjectsInit(session, &wanted, 1);
	if (rv == CKR_OK)
		rv = module->C_FindObjects(session, &found, 1, &count);
	if (rv == CKR_OK)
		rv = module->C_FindObjectsFinal(session);
	if (rv == CKR_OK && count != 1)
		die("%s is not found", serial);
	return rv;
}

/* bench MECHANISM KEY FILE: verifies codes, one per line, all of which must be right.
 * bench-find FILE: finds serials, one per line, all of which must be there. */
static void bench(const struct line *line)
{
	int finds = strcmp(line->word[0], "bench-find") == 0;
	size_t count;
	char **lines = file_lines(need(line, finds ? 1 : 3), &count);
	unsigned long *times = room(count * sizeof *times);
	struct mechanism mechanism;
	CK_OBJECT_HANDLE key = finds ? CK_INVALID_HANDLE : object_named(need(line, 2));

	if (count == 0)
		die("nothing to measure");
	if (!finds)
		read_mechanism(&mechanism, line, need(line, 1));
	for (size_t i = 0; i < count; i++) {
		unsigned long begun = nanoseconds();
		CK_RV rv = finds ? find_serial(lines[i])
				 : verify_in(session, &mechanism, key, lines[i]);
		times[i] = nanoseconds() - begun;
		if (rv != CKR_OK)
			die("line %zu: %s", i + 1, rv_name(rv));
	}
	say_times(times, count);
	if (!finds)
		free_mechanism(&mechanism);
	free(times);
	free_lines(lines, count);
}

const struct command crowd_commands[] = {
	{ "threads", threads },
	{ "init-all", init_all },
	{ "start", start },
	{ "join", join },
	{ "wait-begin", wait_begin },
	{ "wait-end", wait_end },
	{ "bench", bench },
	{ "bench-find", bench },
	{ NULL, NULL },
};
