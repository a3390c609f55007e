/*
 * Signals: turned into notices that the event loop polls for, except those that end a broken program: they first
 * give the terminal back. One user at a time (a program has one terminal).
 */
#ifndef TUI_SIGNALS_H
#define TUI_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

typedef struct tui_notices {
    bool resized;   /* SIGWINCH */
    bool suspend;   /* SIGTSTP */
    bool continued; /* SIGCONT */
    int ended;      /* SIGINT, SIGTERM, SIGHUP, SIGQUIT: the number, else 0 */
} tui_notices;

/* Installs the handlers. Call before curses starts, so that it leaves them alone. False when there is no pipe to be had. */
bool tui_signals_start(void);

/* What a crash must undo: `bytes` are written to the terminal `fd` and `modes` set. Async-signal-safe when it happens. */
void tui_signals_guard(int fd, const struct termios *modes, const char *bytes, size_t size);

/* Undoes it now, once: whoever calls ends the program. Any thread, also in a signal handler. */
void tui_signals_leave(void);

/* Puts the default actions back. */
void tui_signals_stop(void);

/* Readable when there are notices. */
int tui_signals_fd(void);

/* The notices since the last call. */
tui_notices tui_signals_take(void);

/* Starts a thread, and all that it starts, on which none of the signals that make notices is handled: they are the event
   loop's, and interrupt nobody else. False when the system has no room for one. */
bool tui_signals_thread(pthread_t *out, void *(*run)(void *), void *argument);

/* Stops this process as SIGTSTP would, until it is continued. The terminal must have been left before. */
void tui_signals_suspend(void);

#endif
