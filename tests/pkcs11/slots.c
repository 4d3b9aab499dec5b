/* The module's life, its slots, and sessions. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 64
#define MOST_MECHANISMS 64

static CK_RV mutex_made(void **mutex)
{
	*mutex = NULL;
	return CKR_OK;
}

static CK_RV mutex_used(void *mutex)
{
	(void)mutex;
	return CKR_OK;
}

/* init [null] [no-flags] [mutexes] [no-threads] [reserved=TEXT]: with the system's locks, where nothing
 * else is said. */
static void init(const struct line *line)
{
	CK_C_INITIALIZE_ARGS arguments;
	const char *reserved = option(line, "reserved");

	memset(&arguments, 0, sizeof arguments);
	if (!has(line, "no-flags"))
		arguments.flags |= CKF_OS_LOCKING_OK;
	if (has(line, "no-threads"))
		arguments.flags |= CKF_LIBRARY_CANT_CREATE_OS_THREADS;
	if (has(line, "mutexes")) {
		arguments.CreateMutex = mutex_made;
		arguments.DestroyMutex = mutex_used;
		arguments.LockMutex = mutex_used;
		arguments.UnlockMutex = mutex_used;
	}
	arguments.pReserved = (void *)reserved;
	say_rv(module->C_Initialize(has(line, "null") ? NULL : &arguments), "C_Initialize");
}

static void finalize(const struct line *line)
{
	(void)line;
	say_rv(module->C_Finalize(NULL), "C_Finalize");
}

/* A padded text, with %20 for its blanks. */
static void say_text(const char *name, const unsigned char *text, size_t length)
{
	while (length > 0 && text[length - 1] == ' ')
		length--;
	say(" %s=", name);
	for (size_t i = 0; i < length; i++)
		say(text[i] == ' ' ? "%%20" : "%c", text[i]);
}

static void info(const struct line *line)
{
	CK_INFO info;

	(void)line;
	if (!say_rv(module->C_GetInfo(&info), "C_GetInfo"))
		return;
	say(" version=%d.%d", info.cryptokiVersion.major, info.cryptokiVersion.minor);
	say_text("manufacturer", info.manufacturerID, sizeof info.manufacturerID);
	say_text("library", info.libraryDescription, sizeof info.libraryDescription);
}

/* slots [present]: their numbers. */
static void slots(const struct line *line)
{
	CK_SLOT_ID list[MOST_SLOTS];
	CK_ULONG count = MOST_SLOTS;
	CK_BBOOL present = has(line, "present") ? CK_TRUE : CK_FALSE;

	if (!say_rv(module->C_GetSlotList(present, list, &count), "C_GetSlotList"))
		return;
	for (CK_ULONG i = 0; i < count; i++)
		say(" %lu", list[i]);
}

static void slot_info(const struct line *line)
{
	CK_SLOT_INFO info;

	if (!say_rv(module->C_GetSlotInfo(number(need(line, 1)), &info), "C_GetSlotInfo"))
		return;
	say(" present=%d", (info.flags & CKF_TOKEN_PRESENT) != 0);
	say(" removable=%d", (info.flags & CKF_REMOVABLE_DEVICE) != 0);
	say_text("description", info.slotDescription, sizeof info.slotDescription);
	say_text("manufacturer", info.manufacturerID, sizeof info.manufacturerID);
}

static void token_info(const struct line *line)
{
	CK_TOKEN_INFO info;

	if (!say_rv(module->C_GetTokenInfo(number(need(line, 1)), &info), "C_GetTokenInfo"))
		return;
	say_text("label", info.label, sizeof info.label);
	say_text("model", info.model, sizeof info.model);
	say_text("serial", info.serialNumber, sizeof info.serialNumber);
	say(" login=%d", (info.flags & CKF_LOGIN_REQUIRED) != 0);
	say(" path=%d", (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
	say(" initialized=%d", (info.flags & CKF_TOKEN_INITIALIZED) != 0);
	say(" sessions=%lu rw-sessions=%lu", info.ulSessionCount, info.ulRwSessionCount);
}

static void mechanisms(const struct line *line)
{
	CK_MECHANISM_TYPE list[MOST_MECHANISMS];
	CK_ULONG count = MOST_MECHANISMS;
	CK_SLOT_ID slot = number(need(line, 1));

	if (!say_rv(module->C_GetMechanismList(slot, list, &count), "C_GetMechanismList"))
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_MECHANISM_INFO info;
		if (module->C_GetMechanismInfo(slot, list[i], &info) != CKR_OK)
			die("mechanism %#lx is listed, but there is none", list[i]);
		say(" %#lx:%#lx", list[i], info.flags);
	}
}

/* open SLOT [rw]: a session, which is then in use. */
static void open_session(const struct line *line)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (has(line, "rw") ? CKF_RW_SESSION : 0);
	CK_SESSION_HANDLE opened;
	CK_RV rv = module->C_OpenSession(number(need(line, 1)), flags, NULL, NULL, &opened);

	if (say_rv(rv, "C_OpenSession")) {
		session = opened;
		say(" %lu", session);
	}
}

/* session HANDLE: uses another one. */
static void use_session(const struct line *line)
{
	session = number(need(line, 1));
	say("CKR_OK");
}

static void session_info(const struct line *line)
{
	CK_SESSION_INFO info;

	(void)line;
	if (say_rv(module->C_GetSessionInfo(session, &info), "C_GetSessionInfo"))
		say(" slot=%lu state=%lu", info.slotID, info.state);
}

static void close_session(const struct line *line)
{
	(void)line;
	say_rv(module->C_CloseSession(session), "C_CloseSession");
}

static void close_all(const struct line *line)
{
	say_rv(module->C_CloseAllSessions(number(need(line, 1))), "C_CloseAllSessions");
}

/* login [pin-file=PATH] [user=NUMBER]: without a PIN, where none is given. */
static void login(const struct line *line)
{
	const char *pin_file = option(line, "pin-file");
	const char *user = option(line, "user");
	CK_USER_TYPE type = user == NULL ? CKU_USER : number(user);
	unsigned char *pin = NULL;
	size_t length = 0;

	if (pin_file != NULL) {
		pin = contents(pin_file, &length);
		length = strcspn((char *)pin, "\n");
	}
	say_rv(module->C_Login(session, type, pin, length), "C_Login");
	free(pin);
}

static void logout(const struct line *line)
{
	(void)line;
	say_rv(module->C_Logout(session), "C_Logout");
}

/* wait-event [nonblock]: the slot. */
static void wait_event(const struct line *line)
{
	CK_FLAGS flags = has(line, "nonblock") ? CKF_DONT_BLOCK : 0;
	CK_SLOT_ID slot;

	if (say_rv(module->C_WaitForSlotEvent(flags, &slot, NULL), "C_WaitForSlotEvent"))
		say(" %lu", slot);
}

const struct command slot_commands[] = {
	{ "init", init },
	{ "finalize", finalize },
	{ "info", info },
	{ "slots", slots },
	{ "slot-info", slot_info },
	{ "token-info", token_info },
	{ "mechanisms", mechanisms },
	{ "open", open_session },
	{ "session", use_session },
	{ "session-info", session_info },
	{ "close", close_session },
	{ "close-all", close_all },
	{ "login", login },
	{ "logout", logout },
	{ "wait-event", wait_event },
	{ NULL, NULL },
};
